package app

import (
	"net"
	"slices"
	"testing"
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
