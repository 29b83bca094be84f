# SPDX-License-Identifier: GPL-2.0-only
#
# Counts the results in a KTAP document and prints it on: a test with subtests
# counts through them, one without counts itself.  A program that failed though
# none of its subtests did, or that has fewer results than it planned, is one
# failure more.  The last line is the sum; the exit status says if all is well.

function depth_of(line) {
	match(line, /^ */)
	return RLENGTH
}

# A plan at this depth or deeper ends when its parent's result comes.
function close_below(d,    k, short) {
	for (k in planned)
		if (k + 0 > d) {
			short = planned[k] - seen[k]
			if (short > 0) {
				failed += short
				inner_failed[d] += short
				print "# " short " planned and not run"
			}
			delete planned[k]
		}
	for (k in seen)
		if (k + 0 > d)
			delete seen[k]
}

{ print; fflush() }

/^ *1\.\.[0-9]+/ {
	d = depth_of($0)
	split($1, range, /\.\./)
	planned[d] = range[2] + 0
	next
}

/^ *(not )?ok [0-9]+/ {
	d = depth_of($0)
	close_below(d)
	seen[d]++
	bad = $1 == "not"
	children = inner[d] + 0
	if (!children) {
		if (toupper($0) ~ /# *SKIP/)
			skipped++
		else if (!bad)
			passed++
		else if (!inner_failed[d])
			failed++
	} else if (bad && !inner_failed[d]) {
		failed++
	}
	# For every shallower level this is one of its subtests.
	for (k = 0; k < d; k++) {
		inner[k]++
		inner_failed[k] += bad
	}
	inner[d] = inner_failed[d] = 0
	ended = d == 0
}

END {
	close_below(-1)
	# A document that stops short, as when its guest died.
	if (!ended && NR && inner[0]) {
		failed++
		print "# the last program did not end"
	}
	if (!(passed + failed + skipped) ) {
		failed++
		print "# no test was run"
	}
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit failed > 0
}
