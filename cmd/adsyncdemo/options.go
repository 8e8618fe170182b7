package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

// The exit codes: those of adsyncbot sync for the verdict, and one of the demo's own.
const (
	exitGood        = 0 // the cycle succeeded, or had warnings only
	exitBad         = 1 // errors, failed, cancelled
	exitUsage       = 2
	exitRefused     = 3   // refused before the start
	exitUnknown     = 4   // unknown, or the server was out of reach
	exitUntrue      = 5   // the channel does not show what happened on the server, or the demo itself broke
	exitInterrupted = 130 // Ctrl-C during the scene
)

type options struct {
	scene scene
	once  bool
}

// parse reads the command line; what is wrong with it has been told on errOut.
func parse(args []string, errOut io.Writer) (options, error) {
	var o options
	name := ""
	f := flag.NewFlagSet("adsyncdemo", flag.ContinueOnError)
	f.SetOutput(errOut)
	f.Usage = func() { usage(f) }
	f.BoolVar(&o.once, "once", false, "play the scene and exit")
	f.StringVar(&name, "scene", "ok", "which `story` to play")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	var known bool
	if o.scene, known = find(name); f.NArg() > 0 || !known {
		err := fmt.Errorf("no scene %q; there are: %s", name, strings.Join(names(), ", "))
		if f.NArg() > 0 {
			err = fmt.Errorf("unexpected %q: options begin with a dash, commands are typed once the demo runs", f.Arg(0))
		}
		_, _ = fmt.Fprintf(errOut, "adsyncdemo: %v\nSee adsyncdemo -help.\n", err)
		return o, err
	}
	return o, nil
}

func usage(f *flag.FlagSet) {
	w := f.Output()
	_, _ = fmt.Fprint(w, `adsyncdemo runs the bot between a simulated Slack workspace and simulated servers: no accounts, no Windows.
It plays a scene, then takes /adsync commands until Ctrl-C or the end of its input.

Usage: adsyncdemo [-once] [-scene name]

`)
	f.PrintDefaults()
	_, _ = fmt.Fprint(w, "\nScenes, and the exit code with -once:\n")
	for _, s := range scenes() {
		_, _ = fmt.Fprintf(w, "  %-8s %d  %s\n", s.name, s.exit, s.about)
	}
	_, _ = fmt.Fprint(w, `
Exit codes: 0 succeeded or warnings, 1 errors, failed or cancelled, 2 usage, 3 refused before the start, 4 unknown or
unreachable, 5 the channel does not show what happened on the server (or the demo broke), 130 interrupted. Without -once
the scene's own code is not used: the demo ends with 0 if what the scene showed was true.
`)
}
