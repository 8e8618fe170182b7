package adsync

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestALineAnswersWhoKnowsItsToken(t *testing.T) {
	m, _ := in(t, "umlauts")
	l, err := listen(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, test := range []struct{ name, token, call, want string }{
		{"a question", l.token, "Get-Service", `{"value":"Running","error":null}`},
		{"in ASCII", l.token, "Get-ADSyncConnector", `"name":"m\u00fcnchen.example"`},
		{"a call that does not exist", l.token, "Format-Volume", `"id":"CommandNotFoundException"`},
		{"another token", "guessed", "Get-Service", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", l.address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := fmt.Fprintf(conn, `{"token":%q,"call":%q,"arguments":{}}`+"\n", test.token, test.call); err != nil {
				t.Fatal(err)
			}
			answer, err := bufio.NewReader(conn).ReadString('\n')
			if test.want == "" {
				if err == nil {
					t.Errorf("it was answered: %s", answer)
				}
			} else if !strings.Contains(answer, test.want) {
				t.Errorf("got %q, %v; want %s", answer, err, test.want)
			}
		})
	}
}
