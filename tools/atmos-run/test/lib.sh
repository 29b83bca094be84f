# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For check: how a test is told, and what it says about a command. The sourcing
# script sets launcher, library, standin and work.

: "${launcher:?}" "${library:?}" "${standin:?}" "${work:?}"
number=0 failed=0 skipped=0

# t TEXT COMMAND...: a test that passes when the command succeeds.
t() {
	local text=$1 not=
	shift
	number=$((number + 1))
	if ! "$@" >"$work/log" 2>&1; then
		not="not "
		failed=$((failed + 1))
		sed 's/^/# /' "$work/log"
	fi
	echo "${not}ok $number $text"
}

skip() {
	number=$((number + 1)) skipped=$((skipped + 1))
	echo "ok $number $1 # SKIP $2"
}

# status N COMMAND...: the command ends with this status; what it writes is in
# $work/out and $work/err.
status() {
	local want=$1 is=0
	shift
	"$@" >"$work/out" 2>"$work/err" || is=$?
	[ "$is" = "$want" ] || {
		echo "$*: status $is, not $want"
		cat "$work/out" "$work/err"
		return 1
	}
}

# says TEXT: and standard error has this.
says() {
	grep -qF -- "$1" "$work/err" || {
		echo "not said: $1; but:"
		cat "$work/err"
		return 1
	}
}

silent() {
	[ ! -s "$work/err" ] || {
		echo "not silent:"
		cat "$work/err"
		return 1
	}
}

outputs() {
	[ "$(cat "$work/out")" = "$1" ] || {
		echo "printed, and not $1:"
		cat "$work/out"
		return 1
	}
}

# run ARG...: atmos-run where there are Atmos sockets. The library goes above the
# stand-in, and is not appended once more.
run() {
	LD_PRELOAD=$library:$standin "$launcher" --family 18 "$@"
}

# native ARG...: atmos-run where there are none.
native() {
	"$launcher" --family 18 "$@"
}
