package project

import (
	"bytes"
	"encoding/xml"
	"strings"
)

// ParsePom reads the pom.xml of Maven.
func ParsePom(text []byte) (name, frame string) {
	var p struct {
		XMLName    xml.Name `xml:"project"`
		ArtifactID string   `xml:"artifactId"`
		Parent     struct {
			GroupID string `xml:"groupId"`
		} `xml:"parent"`
		Dependencies []struct {
			GroupID string `xml:"groupId"`
		} `xml:"dependencies>dependency"`
	}
	if xml.NewDecoder(bytes.NewReader(text)).Decode(&p) != nil {
		return "", ""
	}
	groups := map[string]bool{strings.TrimSpace(p.Parent.GroupID): true}
	for _, d := range p.Dependencies {
		groups[strings.TrimSpace(d.GroupID)] = true
	}
	list := []framework{
		{"org.springframework.boot", "spring-boot"}, {"io.quarkus", "quarkus"}, {"io.micronaut", "micronaut"},
		{"io.javalin", "javalin"}, {"io.vertx", "vertx"},
	}
	return strings.TrimSpace(p.ArtifactID), chosen(list, func(d string) bool { return groups[d] })
}
