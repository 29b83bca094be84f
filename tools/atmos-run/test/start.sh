# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For check: the command line, what is looked at before a program is started, and
# the environment that it is given.

: "${launcher:?}" "${library:?}" "${standin:?}" "${work:?}" "${here:?}" "${probe:?}"

# ---- the command line ----

usage() {
	local text=$1
	shift
	status 125 "$launcher" "$@" && outputs "" && says "$text"
}

helps() {
	status 0 "$launcher" --help && silent && grep -q -- --ports "$work/out" &&
		status 0 "$launcher" --version && silent &&
		grep -qE '^atmos-run [0-9.]+$' "$work/out"
}

full_output() {
	status 125 sh -c "'$launcher' --help >/dev/full" && says "cannot write"
}

not_found() {
	status 127 "$launcher" "$1" && says "$1: No such file" && outputs ""
}

not_executable() {
	touch "$work/file"
	status 126 "$launcher" "$work/file" && says "Permission denied" &&
		status 126 "$launcher" "$work" && says "Permission denied" &&
		status 126 env PATH="$work" "$launcher" file
}

# As execvp(): a file that cannot be executed is passed over.
searches() {
	mkdir -p "$work/a" "$work/b" "$work/c"
	touch "$work/a/tool"
	cat >"$work/b/tool" <<-'END'
		#!/bin/sh
		echo "$0" "$@"
	END
	cp "$work/b/tool" "$work/c/here"
	chmod +x "$work/b/tool" "$work/c/here"
	status 0 env PATH="$work/none:$work/a:$work/b" "$launcher" tool 1 &&
		outputs "$work/b/tool 1" &&
		(cd "$work/c" && status 0 env PATH=":/bin" "$launcher" here 2) &&
		outputs "./here 2" &&
		status 0 env -u PATH "$launcher" true &&
		status 127 env PATH="$work/a/tool" "$launcher" true
}

# Arguments as they are, and the program's name too.
arguments() {
	status 0 run printf '<%s>' 'a  b' '' --strict -- '*' &&
		outputs '<a  b><><--strict><--><*>' && silent &&
		status 0 run --strict -- printf '%s' -- && outputs -- &&
		status 0 run sh -c "tr '\\0' ' ' <\"/proc/\$\$/cmdline\" | cut -c1-6" &&
		outputs "sh -c "
}

statuses() {
	local option
	for option in --strict --stats; do
		status 0 run $option true && status 7 run $option sh -c 'exit 7' &&
			status 143 run $option sh -c 'kill -TERM $$' &&
			status 137 run $option sh -c 'kill -KILL $$' || return
	done
}

# ---- before the program: obstacles ----

# obstacle TEXT PROGRAM: a warning, and the program runs natively; with --strict
# not at all. (The program is to print LD_PRELOAD.)
obstacle() {
	local text=$1
	shift
	status 0 run "$@" && says "warning: " && says "$text: starting it on the native stack" &&
		outputs "$library:$standin" &&
		status 125 run --strict "$@" && says "$text" && outputs ""
}

# the same for what this machine cannot run at all
hopeless() {
	status 126 run "$2" && says "warning: $2 $1: starting" &&
		status 125 run --strict "$2" && says "$1" && outputs ""
}

no_module() {
	status 0 "$launcher" echo it runs && outputs "it runs" &&
		says "warning: the kernel module is not loaded: starting it on the native stack" &&
		status 125 "$launcher" --strict echo && outputs "" && says "not loaded"
}

no_family() {
	status 0 native echo it runs && outputs "it runs" &&
		says "warning: address family 18 is not there" &&
		status 125 native --strict echo && outputs "" &&
		status 0 "$launcher" --family 1 true && says "family 1 is not that of Atmos" &&
		status 0 env STANDIN_SOCKET=1 LD_PRELOAD="$library:$standin" \
			"$launcher" --family 18 true &&
		says "no Atmos socket to be had: Operation not permitted"
}

# Nothing is left in the environment of a program that is started natively.
native_environment() {
	status 0 env ATMOS_RUN_FAMILY=18 ATMOS_RUN_STRICT=1 ATMOS_RUN_PORTS=1 \
		"$launcher" --family 18 env && ! grep -E 'ATMOS_RUN|LD_PRELOAD' "$work/out"
}

programs() {
	cat >"$work/show.c" <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		int main(void)
		{
			puts(getenv("LD_PRELOAD") ? getenv("LD_PRELOAD") : "none");
			return 0;
		}
	END
	gcc -o "$work/show" "$work/show.c"
	gcc -static -o "$work/static" "$work/show.c"
	gcc -static-pie -o "$work/static-pie" "$work/show.c"
	gcc -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1 -o "$work/musl" "$work/show.c"
	objcopy --add-section .go.buildinfo="$work/show.c" "$work/show" "$work/go"
	objcopy --add-section .note.go.buildid="$work/show.c" "$work/static" "$work/go-static"
	# An ELF file's class and machine.
	cp "$work/show" "$work/narrow"
	printf '\1' | dd of="$work/narrow" bs=1 seek=4 conv=notrunc status=none
	cp "$work/show" "$work/arm"
	printf '\267' | dd of="$work/arm" bs=1 seek=18 conv=notrunc status=none
	head -c 80 "$work/show" >"$work/damaged"
	head -c 8 "$work/show" >"$work/stub"
	chmod +x "$work/damaged" "$work/stub"

	script "$work/by-static" "$work/static"
	script "$work/by-script" "$work/by-static"
	script "$work/by-env" "/usr/bin/env -S LC_ALL=C static"
	script "$work/by-env-show" "/usr/bin/env show"
	script "$work/by-show" "$work/show"
	script "$work/by-none" ""
	script "$work/by-itself" "$work/by-itself"
	echo "exec '$work/show'" >"$work/plain"
	chmod +x "$work/plain"
}

script() {
	printf '#! %s\n' "$2" >"$1"
	chmod +x "$1"
}

preloads() {
	status 0 run --strict "$@" && silent && outputs "$library:$standin"
}

scripts() {
	local PATH=$work:$PATH
	preloads "$work/by-show" && preloads by-env-show && preloads plain &&
		status 0 run --strict by-none && silent &&
		obstacle "$work/static, which runs $work/by-script, is statically linked" by-script &&
		obstacle "$work/static, which runs $work/by-env, is statically linked" by-env &&
		status 126 run by-itself && says "has too many interpreters" &&
		script "$work/by-lost" "$work/lost" &&
		status 127 run by-lost && says "$work/lost, which runs $work/by-lost, cannot be looked at"
}

# Rights: programs that the kernel calls secure. Run by root, who can give them
# to nobody.
secure() {
	local PATH=$work:$PATH
	for name in setuid setgid capable; do
		cp "$work/show" "$work/$name"
	done
	chown nobody "$work/setuid" && chmod u+s "$work/setuid"
	chgrp nogroup "$work/setgid" && chmod g+s "$work/setgid"
	obstacle_secure "is setuid" setuid && obstacle_secure "is setgid" setgid &&
		status 0 run setpriv --no-new-privs "$launcher" --family 18 --strict "$work/setuid" &&
		chown root "$work/setuid" && chmod u+s "$work/setuid" && preloads setuid || return
	setcap cap_net_raw+ep "$work/capable" || return
	preloads capable &&
		status 0 as_nobody "$work/capable" && says "capable has file capabilities"
}

# The loader takes LD_PRELOAD out of a secure program's environment.
obstacle_secure() {
	status 0 run "$2" && says "warning: $work/$2 $1: starting it on the native stack" &&
		! grep -q "$library" "$work/out" &&
		status 125 run --strict "$2" && outputs ""
}

# As a user without rights, who may not be able to reach the checkout.
as_nobody() {
	mkdir -p "$work/bin"
	cp "$launcher" "$library" "$standin" "$work/bin"
	setpriv --reuid nobody --regid nogroup --clear-groups -- \
		env LD_PRELOAD="$work/bin/atmos-run.so:$work/bin/standin.so" \
		"$work/bin/atmos-run" --family 18 "$@"
}

never_setuid() {
	as_nobody true && chmod u+s "$work/bin/atmos-run" &&
		status 125 setpriv --reuid nobody --regid nogroup --clear-groups -- \
			"$work/bin/atmos-run" true && says "refuses to run setuid"
}

# ---- the environment ----

appended() {
	status 0 env LD_PRELOAD="$standin" "$launcher" --family 18 \
		"$work/show" && outputs "$standin:$library" && silent &&
		status 0 run "$launcher" --family 18 "$work/show" &&
		outputs "$library:$standin"
}

told() {
	status 0 env ATMOS_RUN_STRICT=1 ATMOS_RUN_STATS=1:2:3:4 LD_PRELOAD="$library:$standin" \
		"$launcher" --family 18 --only udp --ports 1,5-7 env &&
		[ "$(grep ^ATMOS_RUN "$work/out" | sort | tr '\n' ' ')" = \
			"ATMOS_RUN_FAMILY=18 ATMOS_RUN_ONLY=udp ATMOS_RUN_PORTS=1,5-7 " ]
}

# The library by itself, or told nonsense, does nothing.
at_rest() {
	status 0 env LD_PRELOAD="$library:$standin" "$probe" native && silent &&
		status 0 env LD_PRELOAD="$library:$standin" ATMOS_RUN_FAMILY=x ATMOS_RUN_PORTS=, \
			ATMOS_RUN_STATS=x "$probe" native && silent
}

installed() {
	local root=$work/root
	make -s -C "$here" install DESTDIR="$root" PREFIX=/usr &&
		status 0 env LD_PRELOAD="$standin" "$root/usr/bin/atmos-run" --family 18 \
			"$work/show" && outputs "$standin:$root/usr/lib/atmos/atmos-run.so" &&
		mv "$root/usr/lib/atmos/atmos-run.so" "$work/gone" &&
		status 125 env LD_PRELOAD="$standin" "$root/usr/bin/atmos-run" --family 18 true &&
		says "atmos-run.so is neither in" &&
		make -s -C "$here" uninstall DESTDIR="$root" PREFIX=/usr &&
		[ -z "$(find "$root" ! -type d)" ] && [ ! -e "$root/usr/lib/atmos" ]
}

blanks() {
	mkdir -p "$work/a b"
	cp "$launcher" "$library" "$work/a b"
	status 125 env LD_PRELOAD="$standin" "$work/a b/atmos-run" --family 18 true &&
		says "cannot take a path with blanks"
}
