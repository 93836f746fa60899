package report_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/portwho/portwho/pkg/report"
)

// TestFindingIDs holds the list to the JSON Schema.
func TestFindingIDs(t *testing.T) {
	data, err := os.ReadFile("../../docs/portwho.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs struct {
			ID struct {
				Enum []report.FindingID `json:"enum"`
			} `json:"finding_id"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	if want := schema.Defs.ID.Enum; len(want) == 0 || !slices.Equal(report.FindingIDs(), want) {
		t.Errorf("FindingIDs is %q, and the schema has %q", report.FindingIDs(), want)
	}
}
