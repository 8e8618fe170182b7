// Package load measures the real program under load: it runs adsyncbot as a process of its own between a simulated
// workspace and many simulated servers, so that what the simulators cost is not the bot's. It holds benchmarks, and small
// tests of the same stage that count and never time.
package load
