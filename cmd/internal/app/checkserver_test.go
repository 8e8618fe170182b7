package app

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/adsyncbot/adsyncbot/executor"
)

func TestCheckOfAPlainAddressLooksForNoCertificate(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var found []string
	c := &checker{cfg: &Config{}, report: func(f Finding) { found = append(found, string(f.Level)+" "+f.What) }}
	for address, want := range map[string][]string{
		"http://" + listener.Addr().String(): {"ok aadc01 name", "ok aadc01 port", "ok aadc01 sealing"},
		"http://127.0.0.1:1":                 {"ok aadc01 name", "FAIL aadc01 port"},
	} {
		found = nil
		if good := c.wire(t.Context(), "aadc01", ServerConfig{Address: address, Auth: "ntlm"}); good != (len(want) == 3) || !slices.Equal(found, want) {
			t.Errorf("%s: %v, %q, want %q", address, good, found, want)
		}
	}
}

func TestCheckOfAnAccountsGroups(t *testing.T) {
	for _, tt := range []struct {
		name   string
		groups string
		want   string
	}{
		{"as it should be", "ADSyncOperators ADSyncBrowse", "ok"},
		{"it may start and not read all", "ADSyncOperators", "note Add-LocalGroupMember -Group 'ADSyncBrowse'"},
		{"it may read and not start", "ADSyncBrowse", "FAIL Add-LocalGroupMember -Group 'ADSyncOperators'"},
		{"it may do more than it needs", "ADSyncAdmins ADSyncBrowse", "note ADSyncOperators and ADSyncBrowse suffice"},
		{"no rights at all", "Users", "FAIL Add-LocalGroupMember -Group 'ADSyncOperators'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			c := &checker{report: func(f Finding) {
				if f.What == "aadc01 groups" {
					got = strings.TrimSpace(string(f.Level) + " " + strings.TrimPrefix(f.Mend, "on the server: "))
				}
			}}
			f := executor.Checkup{}
			for name := range strings.FieldsSeq(tt.groups) {
				f.Groups = append(f.Groups, executor.Group{Name: `AADC01\` + name})
			}
			c.rights("aadc01", ServerConfig{Username: `CORP\svc-adsync`}, f)
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
