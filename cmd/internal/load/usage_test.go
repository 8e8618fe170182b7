//go:build linux

package load

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the times in /proc: USER_HZ is 100 on every Linux that Go runs on.
const tick = time.Second / 100

// usage is what a process has used.
type usage struct {
	cpu      time.Duration // user and system
	rss, top int           // resident memory now and at most, in KiB
}

// used reads the usage of a process; proc(5) describes the files.
func used(pid int) (u usage, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, err
	}
	// The name in parentheses may hold anything; fields are counted from behind it.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return u, fmt.Errorf("read the processor time: %w", err)
		}
		u.cpu += time.Duration(n) * tick
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB")) // other lines are not numbers
		switch name {
		case "VmRSS":
			u.rss = n
		case "VmHWM":
			u.top = n
		}
	}
	return u, nil
}
