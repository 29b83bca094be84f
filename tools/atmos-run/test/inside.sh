# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For check: the library inside programs, test/probe.py and real ones, and --ports.

: "${launcher:?}" "${library:?}" "${standin:?}" "${work:?}" "${probe:?}"

# ---- inside the program ----

# p "TEST ARGUMENT..." OPTION...: a test of test/probe.py
p() {
	local words
	read -ra words <<<"$1"
	status 0 run "${@:2}" "$probe" "${words[@]}" && silent
}

# Not there any more when the program asks for it: one warning, and on.
falls_back() {
	status 0 run env "$1" "$probe" native &&
		says "]: warning: falls back to the native stack: $2" &&
		[ "$(wc -l <"$work/err")" = 1 ] && outputs ""
}

refused() {
	local err=$1 name=$2
	status 0 run --strict env STANDIN_SOCKET="$err" "$probe" refused "$err" &&
		says "]: warning: a socket is refused: $name"
}

shortage() {
	status 0 run env STANDIN_SOCKET="$1" "$probe" refused "$1" && silent &&
		status 0 run env STANDIN_FAMILY="$1" "$probe" refused "$1" && silent
}

counted() {
	status 0 run --stats "$probe" "${@:2}" && says "atmos-run: $1"
}

counted_native() {
	status 0 run --stats env STANDIN_SOCKET=1 "$probe" make 3 &&
		says "0 sockets on Atmos (tcp 0, tcp6 0, udp 0, udp6 0), 3 fell back"
}

# Counters reach also who cannot inherit them, and who cannot look into /proc.
counted_elsewhere() {
	counted "4 sockets on Atmos (tcp 4, tcp6 0, udp 0, udp6 0), 0 fell back" make 4 &&
		status 0 run --stats setpriv --reuid nobody --regid nogroup --clear-groups \
			/usr/bin/python3 - make 3 <"$probe" && says "3 sockets on Atmos" &&
		status 0 run --stats bash -c "exec 200>&-; '$probe' make 2" && says "2 sockets on Atmos" &&
		status 0 run --stats bash -c "exec 200</dev/null; '$probe' make 2" &&
		says "2 sockets on Atmos"
}

verbose() {
	status 0 run --verbose "$probe" make 2 && says "atmos-run: address family 18, LD_PRELOAD=" &&
		[ "$(grep -c '^atmos-run: python3\[[0-9]*\]: socket [0-9]* is on Atmos (TCP over IPv4)$' \
			"$work/err")" = 2 ] &&
		status 0 run --verbose env STANDIN_SOCKET=1 "$probe" make 2 &&
		[ "$(grep -c 'falls back to the native stack: EPERM' "$work/err")" = 2 ]
}

in_signal_handlers() {
	timeout 300 env LD_PRELOAD="$library:$standin" \
		"$launcher" --family 18 "$@" "$work/signals"
}

# ---- real programs ----

# serve COMMAND...: a web server of python's on a free port; ends with the shell.
# (The command must be a program, or the server is not what is ended.)
serve() {
	port=$("$probe" port)
	mkdir -p "$work/web"
	seq 100000 >"$work/web/numbers"
	"$@" python3 -m http.server --bind "$address" --directory "$work/web" "$port" \
		>/dev/null 2>"$work/served" &
	server=$!
	trap 'kill $server' EXIT
	for _ in $(seq 200); do
		! (: <"/dev/tcp/$address/$port") 2>/dev/null || return 0
		sleep 0.1
	done
	cat "$work/served"
	return 1
}

client_of() (
	address=$1
	serve env &&
		status 0 run --stats curl -gsS "http://${2:-$1}:$port/numbers" &&
		says "1 sockets on Atmos" &&
		cmp "$work/out" "$work/web/numbers"
)

server_of() (
	address=$1
	serve env LD_PRELOAD="$library:$standin" "$launcher" --family 18 --verbose &&
		grep -q 'is on Atmos (TCP' "$work/served" &&
		status 0 curl -gsS "http://${2:-$1}:$port/numbers" &&
		cmp "$work/out" "$work/web/numbers"
)

netcat() (
	local where options=()
	where=$("$probe" port)
	[ "$1" != udp ] || options=(-u)
	run --verbose timeout 20 nc "${options[@]}" -W 1 -l 127.0.0.1 "$where" \
		>"$work/heard" 2>"$work/nc" &
	for _ in $(seq 100); do
		! ss -Hln "--$1" "sport = :$where" | grep -q . || break
		sleep 0.1
	done
	echo hello | status 0 run --stats nc "${options[@]}" -w 2 -N 127.0.0.1 "$where" &&
		says "1 sockets on Atmos" && wait &&
		grep -qi "is on Atmos ($1 over IPv4)" "$work/nc" && grep -q '^hello$' "$work/heard"
)

bashes() (
	address=127.0.0.1
	serve env &&
		status 0 run --stats bash -c "
			exec 5<>/dev/tcp/127.0.0.1/$port
			printf 'GET /numbers HTTP/1.0\r\n\r\n' >&5
			head -n 1 <&5
			: 6<>/dev/udp/127.0.0.1/$port" &&
		grep -q '200 OK' "$work/out" && says "(tcp 1, tcp6 0, udp 1, udp6 0)"
)

# ---- ports ----

ports() {
	local port
	port=$("$probe" port)
	p "bind $port turned" --strict --ports "1,$port" &&
		p "bind $port turned" --ports "$((port - 1))-$((port + 1)),1" &&
		p "bind $port native" --strict --ports "1-$((port - 1)),$((port + 1))-65535" &&
		p "connect $port turned" --ports "$port" &&
		p "connect $port native" --ports 0 &&
		p "bind 0 turned" --ports 0 &&
		p "bind 0 native" --ports 1-65535 &&
		p "late_only $port" --ports "$port" --only udp
}

with_port() {
	local port
	port=$("$probe" port)
	p "$1 $port" --ports "$port"
}

spoilt() {
	local how=$1 port warning=$2 number=$3 environment=STANDIN_REFUSE=${4:-0}
	port=$("$probe" port)
	status 0 run --stats --ports "$port" env "$environment" "$probe" spoilt "$how" "$port" &&
		says "warning: falls back to the native stack: $warning" &&
		says "1 sockets on Atmos (tcp 0, tcp6 0, udp 1, udp6 0), 1 fell back" &&
		status 0 run --strict --ports "$port" env "$environment" \
			"$probe" spoilt "$how" "$port" "$number" &&
		says "warning: a socket is refused: $warning"
}

# Sockets that stay native for want of a record.
unrecorded() {
	local port
	port=$("$probe" port)
	status 0 run --stats --ports "$port" "$probe" "$1" "$port" &&
		says "warning: falls back to the native stack: its options are not known" &&
		says "0 sockets on Atmos"
}

late_shortage() {
	local port
	port=$("$probe" port)
	status 0 run --ports "$port" env STANDIN_SOCKET=97 "$probe" bind "$port" native &&
		says "falls back to the native stack: EAFNOSUPPORT"
}
