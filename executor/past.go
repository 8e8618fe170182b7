package executor

import "time"

// Past is what is known of earlier cycles of one policy on one server.
type Past struct {
	Usual time.Duration // the median of those that went through; 0 while there are fewer than three
	Last  *Cycle        // the last one that has ended; nil when none was seen
}
