package commands

import (
	"slices"
	"testing"
)

func TestWhatTheConfigurationAsks(t *testing.T) {
	s := Snapshot{Grants: []Grant{{UserGroups: []string{"S1", "S2"}}, {}, {UserGroups: []string{"S2", "S3"}}}}
	if got, want := s.Groups(), []string{"S1", "S2", "S3"}; !slices.Equal(got, want) {
		t.Errorf("groups %q, want %q", got, want)
	}
	if got, want := Grantable(), []string{"delta", "full", "status", "history", "errors", "pending", "stop", "pause", "resume", "force"}; !slices.Equal(got, want) {
		t.Errorf("grantable %q, want %q", got, want)
	}
	if near, ok := Nearest("Detla", Grantable()); !ok || near != "delta" {
		t.Errorf("near Detla: %q, %v", near, ok)
	}
	if near, ok := Nearest("zzz", Grantable()); ok {
		t.Errorf("near zzz: %q", near)
	}
}
