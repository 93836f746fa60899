package main

import "fmt"

// size is a machine to measure on.
type size struct {
	Name string
	// Processes have Files open files each, and the listeners are spread over
	// them. A few processes more have the connections.
	Processes, Files int
	Listeners        int
	// Connections are established ones, both ends on this machine. TimeWait are
	// closed ones that wait out their last packets.
	Connections, TimeWait int
}

func sizeNamed(name string) (size, error) {
	switch name {
	case "small":
		return size{name, 10, 5, 10, 0, 0}, nil
	case "medium":
		return size{name, 200, 10, 500, 10_000, 1_000}, nil
	case "large":
		return size{name, 2_000, 50, 5_000, 50_000, 5_000}, nil
	}
	return size{}, fmt.Errorf("there is no size %q: small, medium, large", name)
}

// growths are the machines that differ in one thing only.
func growths() []growth {
	var connections, files, processes []size
	for _, n := range []int{1_000, 4_000, 16_000, 64_000} {
		connections = append(connections, size{fmt.Sprint(n), 100, 10, 100, n, 0})
	}
	for _, n := range []int{25, 100, 400, 1_600} {
		files = append(files, size{fmt.Sprint(n * 100), 100, n, 100, 0, 0})
	}
	for _, n := range []int{50, 200, 800, 3_200} {
		processes = append(processes, size{fmt.Sprint(n), n, 10, 100, 0, 0})
	}
	return []growth{
		{Of: "established connections", Sizes: connections},
		{Of: "open files", Sizes: files},
		{Of: "processes", Sizes: processes},
	}
}

// growth is what happens to each tool when one number grows.
type growth struct {
	Of    string
	Sizes []size
	// Medians are milliseconds, by tool, in the order of Sizes.
	Medians map[string][]float64
}
