//go:build !failpoint || !unix

package failpoint

// Strike does nothing in this build.
func Strike(Point) {}
