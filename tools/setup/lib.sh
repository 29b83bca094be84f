# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the set-up scripts share: where the cache is, how an entry of it comes
# into being at once or not at all, and an apt that leaves the system's own
# package configuration alone.  Sourced, never run.

# A failing "x=$(function)" is to end the function too.
shopt -s inherit_errexit

# A bounded wait keeps a dead mirror from hanging a build for hours.
ATMOS_APT_TIMEOUT=${ATMOS_APT_TIMEOUT:-60}

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	say "$@"
	exit 1
}

# as_root COMMAND...: the command, through sudo where we are not root.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "root is needed for: $*"
	fi
}

# kernel_release DIRECTORY: what "uname -r" says where a kernel built there runs.
# ("make kernelrelease" leaves out what Debian's packaging adds.)
kernel_release() {
	sed -n 's/^#define UTS_RELEASE "\(.*\)"$/\1/p' \
		"$1/include/generated/utsrelease.h"
}

cache_dir() {
	if [ -n "${ATMOS_CACHE:-}" ]; then
		printf '%s\n' "$ATMOS_CACHE"
	elif [ "$(id -u)" -eq 0 ]; then
		printf '/var/cache/atmos\n'
	else
		printf '%s/atmos\n' "${XDG_CACHE_HOME:-$HOME/.cache}"
	fi
}

# cache_entry KEY FUNCTION [ARG...]: prints the directory of the entry.  Where
# there is none, FUNCTION fills an empty directory (its first argument), which
# gets its name by one rename when FUNCTION has succeeded: an interrupted fill
# is never seen.  Callers that want the same entry wait for the first one.
# Not for use in a condition: FUNCTION would run without errexit there.
cache_entry() {
	local key=$1 fill=$2
	local cache dir work
	shift 2

	cache=$(cache_dir)
	dir=$cache/$key
	if [ ! -d "$dir" ]; then
		mkdir -p "$(dirname "$dir")"
		(
			exec 9>"$dir.lock"
			flock 9
			[ ! -d "$dir" ] || exit 0
			work=$dir.part
			rm -rf --one-file-system "$work"
			mkdir -p "$work"
			trap 'rm -rf --one-file-system "$work"' EXIT
			trap 'exit 130' INT
			trap 'exit 143' TERM
			# The lock is not for children that outlive us.
			"$fill" "$work" "$@" >&2 9>&-
			mv -T "$work" "$dir"
		)
	fi
	printf '%s\n' "$dir"
}

# mirror KIND: the archive's address as the system has it.  KIND is "main" or
# "security".
mirror() {
	local uri release

	while IFS='|' read -r uri release; do
		case $1:$release in
		main:*-security | security:*-updates) ;;
		main:bookworm | main:bookworm-updates | security:*-security)
			printf '%s\n' "$uri"
			return
			;;
		esac
	done < <(apt-get indextargets \
		--format "\$(REPO_URI)|\$(RELEASE)" 'Created-By: Packages')
	return 1
}

# apt_sources CODENAME SUITE...: an apt sources list in the system's way.
apt_sources() {
	local codename=$1 main security signed=
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	shift

	main=$(mirror main) ||
		die "no Debian 12 archive in the system's apt configuration"
	[ ! -e "$keyring" ] || signed="[signed-by=$keyring] "
	for suite; do
		case $suite in
		*-security)
			# Not every mirror has it; the rest is enough then.
			security=$(mirror security) || continue
			printf 'deb %s%s %s main\n' "$signed" "$security" "$suite"
			;;
		"$codename"*)
			printf 'deb %s%s %s main\n' "$signed" "$main" "$suite"
			;;
		esac
	done
}

# apt_private DIR COMMAND...: apt-get or apt-cache with sources, state and
# cache below DIR and nothing of the system but its proxy and its keys.
apt_private() {
	local dir=$1 program=$2
	shift 2

	mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
	[ -e "$dir/state/status" ] || : >"$dir/state/status"
	"$program" \
		-o Dir::Etc::SourceList="$dir/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null \
		-o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State="$dir/state" \
		-o Dir::State::status="$dir/state/status" \
		-o Dir::Cache="$dir/cache" \
		-o Acquire::Languages=none \
		-o Acquire::Retries=3 \
		-o Acquire::http::Timeout="$ATMOS_APT_TIMEOUT" \
		-o Acquire::https::Timeout="$ATMOS_APT_TIMEOUT" \
		-o APT::Sandbox::User="$(id -un)" \
		-o APT::Architecture=amd64 \
		-o APT::Architectures::=amd64 \
		"$@"
}
