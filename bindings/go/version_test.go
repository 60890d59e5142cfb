package streamcache

import (
	"errors"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	if mismatch != nil || Version() != HeaderVersion {
		t.Fatal(mismatch, Version(), HeaderVersion)
	}
	for _, library := range []uint32{1_000, 1_001, 1_999} {
		if err := compatible(1_002, library, "one"); err != nil {
			t.Error(library, err)
		}
	}
	for _, library := range []uint32{0, 999, 2_000, 1_001_000} {
		err := compatible(1_000, library, "9.8.7")
		if !errors.Is(err, ErrNotSupported) || !strings.Contains(err.Error(), "0.1") || !strings.Contains(err.Error(), "9.8.7") {
			t.Error(library, err)
		}
	}
}

// Every status has a sentence of its own, and an error that is made but once.
func TestStatuses(t *testing.T) {
	seen := map[string]bool{}
	for status := lowest; status <= highest; status++ {
		err := failure(code(status))
		if (status == ok) != (err == nil) {
			t.Fatal(status, err)
		}
		if err == nil {
			continue
		}
		if !errors.Is(err, status) || err != failure(code(status)) {
			t.Error(status, err)
		}
		if seen[err.Error()] || len(err.Error()) < len(statusText)+10 {
			t.Error(err)
		}
		seen[err.Error()] = true
	}
	if err := failure(code(-1000)); !errors.Is(err, Status(-1000)) {
		t.Error(err)
	}
}
