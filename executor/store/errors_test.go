package store

import (
	"strings"
	"testing"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

func testKnownErrors(t *testing.T, s *Store) {
	ctx := t.Context()
	ann := executor.ObjectError{Connector: "contoso.com", DN: "CN=Ann,DC=contoso,DC=com", Type: "InvalidSoftMatch"}
	other := ann
	other.Type = "LargeObject"
	known := func(objects ...executor.ObjectError) []time.Time {
		t.Helper()
		seen, err := s.KnownErrors(ctx, "aadc01", objects)
		check(t, err)
		return seen
	}
	if seen := known(ann, other); len(seen) != 2 || !seen[0].IsZero() || !seen[1].IsZero() {
		t.Fatalf("known before anything was seen: %v", seen)
	}
	check(t, s.SeeErrors(ctx, "aadc01", []executor.ObjectError{ann}, false))
	check(t, s.SeeErrors(ctx, "aadc01", []executor.ObjectError{ann}, false))
	if seen := known(ann, other); seen[0].IsZero() || !seen[1].IsZero() {
		t.Errorf("known %v, want the first alone: another type is another error", seen)
	}
	if seen, err := s.KnownErrors(ctx, "aadc02", []executor.ObjectError{ann}); err != nil || !seen[0].IsZero() {
		t.Errorf("known on another server: %v, %v", seen, err)
	}
	keys, err := all(ctx, s, scanOne[string], `SELECT key FROM known_errors`)
	check(t, err)
	if len(keys) != 1 || strings.Contains(strings.ToLower(keys[0]), "ann") || len(keys[0]) != 64 {
		t.Errorf("keys %q", keys)
	}
	s.now = func() time.Time { return clock().Add(time.Minute) }
	check(t, s.SeeErrors(ctx, "aadc01", []executor.ObjectError{other}, true))
	if seen := known(ann, other); !seen[0].IsZero() || seen[1].IsZero() {
		t.Errorf("known %v: what is over would be new again", seen)
	}
}

func testCapability(t *testing.T, s *Store) {
	ctx := t.Context()
	if c, err := s.Capability(ctx, "aadc01"); err != nil || c != (executor.Capability{}) {
		t.Errorf("known before anything was found out: %+v, %v", c, err)
	}
	want := executor.Capability{Road: executor.RoadNone, Since: morning, Checked: morning.Add(time.Hour), Version: "2.6.92.0", Message: "net.pipe"}
	check(t, s.SetCapability(ctx, "aadc01", want))
	if got, err := s.Capability(ctx, "aadc01"); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}
