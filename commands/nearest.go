package commands

import "strings"

// nearest returns the candidate that typed most likely means, or "" when none is near: one that begins with it, or the
// one with the fewest slips of the hand, two at most and fewer in short words.
func nearest(typed string, candidates []string) string {
	best, fewest := "", 3
	t := []rune(typed)
	if len(t) > 64 {
		return ""
	}
	for _, c := range candidates {
		f := fold(c)
		if len(t) >= 2 && strings.HasPrefix(f, typed) {
			if fewest > 0 {
				best, fewest = c, 0
			}
			continue
		}
		n := []rune(f)
		if d := distance(t, n); d < fewest && d <= min(2, (len(n)-1)/2) {
			best, fewest = c, d
		}
	}
	return best
}

// Nearest returns the candidate that a mistyped word most likely means; false when none is near.
func Nearest(word string, candidates []string) (string, bool) {
	n := nearest(fold(word), candidates)
	return n, n != ""
}

// distance is the Damerau-Levenshtein distance (optimal string alignment): how many characters were left out, added,
// mistaken, or swapped with their neighbour.
func distance(a, b []rune) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
