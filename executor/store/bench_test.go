package store

import (
	"testing"

	"github.com/adsyncbot/adsyncbot/executor"
)

// BenchmarkInbox stores one envelope: what must be done before Slack is answered.
func BenchmarkInbox(b *testing.B) {
	for _, db := range databases() {
		b.Run(db.name, func(b *testing.B) {
			s := open(b, db.create(b), Options{})
			for b.Loop() {
				id := newID(b)
				_, err := s.Inbox(b.Context(), Envelope{ID: id, Key: id.String(), Kind: "slash_command", Payload: make([]byte, 1500), ReceivedAt: morning})
				check(b, err)
			}
		})
	}
}

// BenchmarkAsk joins a live cycle: more statements than starting one.
func BenchmarkAsk(b *testing.B) {
	for _, db := range databases() {
		b.Run(db.name, func(b *testing.B) {
			s := open(b, db.create(b), Options{})
			for b.Loop() {
				ask(b, s, request(b, "aadc01", executor.Delta))
			}
		})
	}
}

// BenchmarkSaveCycle stores the progress of a cycle with ten runs.
func BenchmarkSaveCycle(b *testing.B) {
	for _, db := range databases() {
		b.Run(db.name, func(b *testing.B) {
			s := open(b, db.create(b), Options{})
			out, _ := ask(b, s, request(b, "aadc01", executor.Delta))
			c, stamp, err := s.Stamp(b.Context(), out.Cycle.ID)
			check(b, err)
			c.Runs = make([]executor.Run, 10)
			for b.Loop() {
				c, err = s.SaveCycle(b.Context(), c, stamp)
				check(b, err)
			}
		})
	}
}
