package winrm

import (
	"bytes"
	"errors"

	"github.com/adsyncbot/adsyncbot/executor"
)

// stderrLimit is how much of standard error is kept for the detail of an error, in bytes.
const stderrLimit = 64 << 10

// errLineTooLong says that a line is longer than executor.MaxLine.
var errLineTooLong = errors.New("a line of output is too long")

// lines cuts a stream into lines, wherever its chunks begin and end. The first error ends it: what comes later is
// dropped.
type lines struct {
	emit func([]byte) error
	part []byte // a line whose end has not come yet
	err  error
}

// Write implements io.Writer. It never fails: the error stands in l.err, because the parser that writes here would
// ignore it.
func (l *lines) Write(p []byte) (int, error) {
	n := len(p)
	for l.err == nil {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			break
		}
		line := p[:i]
		if len(l.part) > 0 {
			line = append(l.part, line...)
			l.part = line[:0]
		}
		l.hand(line)
		p = p[i+1:]
	}
	if l.err == nil {
		l.part = append(l.part, p...)
		if len(l.part) > executor.MaxLine+1 { // one more for a carriage return
			l.err = errLineTooLong
		}
	}
	return n, nil
}

// end hands on a last line that has no line end.
func (l *lines) end() {
	if l.err == nil && len(l.part) > 0 {
		l.hand(l.part)
		l.part = nil
	}
}

func (l *lines) hand(line []byte) {
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) > executor.MaxLine {
		l.err = errLineTooLong
		return
	}
	l.err = l.emit(line)
}

// excerpt keeps the first stderrLimit bytes written to it.
type excerpt struct{ kept bytes.Buffer }

// Write implements io.Writer. It never fails.
func (e *excerpt) Write(p []byte) (int, error) {
	e.kept.Write(p[:min(len(p), stderrLimit-e.kept.Len())])
	return len(p), nil
}

// text returns what was kept as clean text.
func (e *excerpt) text() string {
	return string(bytes.ToValidUTF8(bytes.TrimSpace(e.kept.Bytes()), []byte("\uFFFD")))
}
