// Package runnertest holds what every executor.Runner must do, as one suite of tests, and the small program that the
// suite's scripts are written for. Only tests use it. It knows no Runner and no wire.
package runnertest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
)

// Program stands in for PowerShell: it reads a script from standard input to its end and runs it. A script is one
// statement a line:
//
//	print TEXT      writes TEXT and a line end
//	write QUOTED    writes a Go string as it is
//	error TEXT      writes TEXT and a line end to standard error
//	repeat N TEXT   writes TEXT and a line end N times
//	await ADDRESS   connects, tells its process id, and waits until the other side closes
//	exit N          ends with exit code N
//
// It returns the exit code, or -1 when ctx ended first.
func Program(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) int {
	script, err := io.ReadAll(stdin)
	if err != nil {
		return -1
	}
	out := bufio.NewWriter(stdout)
	for statement := range strings.Lines(string(script)) {
		verb, rest, _ := strings.Cut(strings.TrimSuffix(statement, "\n"), " ")
		if verb == "exit" {
			code, err := strconv.Atoi(rest)
			if err != nil {
				code = 98
			}
			if out.Flush() != nil {
				return -1
			}
			return code
		}
		if err := run(ctx, verb, rest, out, stderr); err != nil {
			if ctx.Err() != nil {
				return -1
			}
			_, _ = fmt.Fprintln(stderr, err)
			return 99
		}
		if out.Flush() != nil {
			return -1
		}
	}
	return 0
}

func run(ctx context.Context, verb, rest string, out, stderr io.Writer) error {
	switch verb {
	case "":
		return nil
	case "print":
		_, err := fmt.Fprintln(out, rest)
		return err
	case "write":
		text, err := strconv.Unquote(rest)
		if err != nil {
			return fmt.Errorf("write %s: %w", rest, err)
		}
		_, err = io.WriteString(out, text)
		return err
	case "error":
		_, err := fmt.Fprintln(stderr, rest)
		return err
	case "repeat":
		count, text, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(count)
		if err != nil {
			return fmt.Errorf("repeat: %w", err)
		}
		for range n {
			if _, err := fmt.Fprintln(out, text); err != nil {
				return err
			}
		}
		return nil
	case "await":
		return await(ctx, rest)
	default:
		return fmt.Errorf("unknown statement %q", verb)
	}
}

func await(ctx context.Context, address string) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintln(conn, os.Getpid()); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, conn)
	return err
}
