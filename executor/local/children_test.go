package local_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// children counts the processes that this one has started and that still are there, as Linux tells.
func children(t *testing.T) int {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue // the thread has ended
		}
		if err != nil {
			t.Fatal(err)
		}
		count += len(strings.Fields(string(text)))
	}
	return count
}
