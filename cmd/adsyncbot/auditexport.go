package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/adsyncbot/adsyncbot/executor/store"
)

// entryWriter writes the entries of an export.
type entryWriter struct {
	write func(store.Recorded) error
	flush func() error
}

func newEntryWriter(format string, out io.Writer) (entryWriter, error) {
	switch format {
	case "jsonl":
		return jsonLines(out), nil
	case "csv":
		return commaSeparated(out), nil
	}
	return entryWriter{}, fmt.Errorf("--format %s: must be jsonl or csv", format)
}

// exported is the form of an entry outside the program. A key is never renamed.
type exported struct {
	Seq      int64  `json:"seq"`
	ID       string `json:"id"`
	At       string `json:"at"`
	Team     string `json:"team"`
	Who      string `json:"who"`
	What     string `json:"what"`
	Where    string `json:"where"`
	Server   string `json:"server"`
	Decision string `json:"decision"`
	Rule     string `json:"rule"`
	Result   string `json:"result"`
	Ref      string `json:"ref"`
	Hash     string `json:"hash"`
}

func export(e store.Recorded) exported {
	return exported{
		Seq: e.Seq, ID: e.ID.String(), At: e.At.UTC().Format("2006-01-02T15:04:05.000Z"), Team: e.Team, Who: e.Who, What: e.What,
		Where: e.Where, Server: e.Server, Decision: e.Decision, Rule: e.Rule, Result: e.Result, Ref: e.Ref, Hash: e.Hash,
	}
}

func jsonLines(out io.Writer) entryWriter {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return entryWriter{
		write: func(e store.Recorded) error { return enc.Encode(export(e)) },
		flush: func() error { return nil },
	}
}

func commaSeparated(out io.Writer) entryWriter {
	w := csv.NewWriter(out)
	header := []string{"seq", "id", "at", "team", "who", "what", "where", "server", "decision", "rule", "result", "ref", "hash"}
	_ = w.Write(header) // flush returns the error
	return entryWriter{
		write: func(r store.Recorded) error {
			e := export(r)
			cells := []string{strconv.FormatInt(e.Seq, 10), e.ID, e.At, e.Team, e.Who, e.What, e.Where, e.Server, e.Decision, e.Rule, e.Result, e.Ref, e.Hash}
			for i := range cells {
				cells[i] = cell(cells[i])
			}
			return w.Write(cells)
		},
		flush: func() error {
			w.Flush()
			return w.Error()
		},
	}
}

// cell returns text as a spreadsheet takes it for text: what begins like a formula gets an apostrophe in front, because
// people in a channel, and strangers, have typed it.
func cell(s string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " "))
	if strings.ContainsRune("=+-@\t\r\n|＝＋－＠", first) {
		return "'" + s
	}
	return s
}
