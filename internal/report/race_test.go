//go:build race

package report

// slowdown is how much longer the race detector lets a test take. What many
// random reports find is no race: a part of them is enough there.
const slowdown = 4
