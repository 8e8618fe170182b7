package jobs

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adsyncbot/adsyncbot/executor"
)

// A server that does not answer is given up soon; one whose bridge is asked is not given up while that works.
func TestALookMayTakeLongerOnceTheBridgeIsAsked(t *testing.T) {
	ended := func(ctx context.Context, after time.Duration) bool {
		t.Helper()
		time.Sleep(after)
		synctest.Wait()
		return ctx.Err() != nil
	}
	synctest.Test(t, func(t *testing.T) {
		s := &slice{cycle: executor.Cycle{}}
		ctx, more, cancel := s.limited(t.Context())
		defer cancel()
		if ended(ctx, followSlice-time.Second) {
			t.Fatal("it was given up too soon")
		}
		more()
		if ended(ctx, bridgeSlice-time.Second) {
			t.Fatal("the bridge got no time")
		}
		more() // it is asked once
		if !ended(ctx, 2*time.Second) || !strings.Contains(context.Cause(ctx).Error(), "no end in time") {
			t.Errorf("it goes on: %v", context.Cause(ctx))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &slice{cycle: executor.Cycle{}}
		ctx, more, cancel := s.limited(t.Context())
		defer cancel()
		go func() { // meanwhile the slice stores what it sees
			time.Sleep(followSlice)
			s.cycle = executor.Cycle{Server: "aadc01"}
		}()
		if !ended(ctx, followSlice) {
			t.Error("it was not given up")
		}
		more() // too late
		if ctx.Err() == nil {
			t.Error("it lives again")
		}
	})
}
