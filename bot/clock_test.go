package bot

import (
	"testing"
	"time"
)

func TestABackoffDoublesToAMinuteAndIsSpread(t *testing.T) {
	for n, longest := range seconds(1, 2, 4, 8, 16, 32, 60, 60) {
		seen := map[time.Duration]bool{}
		for range 1000 {
			wait := backoff(n)
			if wait > longest || wait <= longest*3/4 {
				t.Fatalf("attempt %d waits %s, want up to a quarter less than %s", n, wait, longest)
			}
			seen[wait] = true
		}
		if len(seen) < 100 {
			t.Errorf("attempt %d waits in %d different ways of 1000: many would come back at once", n, len(seen))
		}
	}
	for _, n := range []int{-1, 1 << 30} {
		if wait := backoff(n); wait <= 0 || wait > time.Minute {
			t.Errorf("attempt %d waits %s", n, wait)
		}
	}
	for _, none := range []time.Duration{0, 1, 3} {
		if got := jitter(none); got != none {
			t.Errorf("%s became %s", none, got)
		}
	}
}
