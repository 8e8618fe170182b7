package executor

// Road is the way by which a server's run history is read. Half of ADSync's PowerShell does not work in a network logon,
// so which one leads there is found out per server, never assumed.
type Road string

// The roads.
const (
	RoadProbe  Road = "probe"  // find out: directly, else by the bridge
	RoadDirect Road = "direct" // ADSync's own cmdlets
	RoadBridge Road = "bridge" // the scheduled task that an administrator has set up on the server
	RoadNone   Road = "none"   // do not ask: the event log is all there is
)

// order is the road as scripts are told; an order that does not say has to find out.
func (r Road) order() Road {
	if r == "" {
		return RoadProbe
	}
	return r
}

// source is what a result that was read by this road is said to be from.
func (r Road) source() Source {
	if r == RoadBridge {
		return FromBridge
	}
	return FromHistory
}

// reading is what a history line says of the road that was asked for, after these problems.
func (l historyLine) reading(asked Road, problems []Problem) *Reading {
	r := &Reading{Asked: asked, Found: l.Source, Message: l.Message, Bridge: bridgeTrouble(problems)}
	if !l.Readable {
		r.Found = ""
	}
	return r
}
