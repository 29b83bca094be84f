// SPDX-License-Identifier: GPL-2.0-only
/* Options that are no int: structures, names; and options that act. */
#include <linux/tcp.h>
#include <net/if.h>
#include <stdio.h>

#include "cases.h"

/* ---- SO_LINGER ---- */

static void show_linger(int s)
{
	struct linger l = { -7, -7 };
	socklen_t len = sizeof(l);

	CALL(getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &len));
	record("%d %d, %u bytes", l.l_onoff, l.l_linger, len);
}

CASE(opt_linger, IPS)
{
	static const struct linger some[] = { { 1, 5 },	 { 1, 0 },     { 0, 9 },
					      { 2, 10 }, { -1, 100 }, { 1, 1 << 20 } };
	int s = sut(SOCK_STREAM), d = sut(SOCK_DGRAM);
	struct linger l;
	socklen_t len = 3;

	show_linger(s);
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		CALL(setsockopt(s, SOL_SOCKET, SO_LINGER, &some[i], sizeof(some[i])));
		show_linger(s);
	}
	CALL(setsockopt(s, SOL_SOCKET, SO_LINGER, &some[0], 4));
	CALL(setsockopt(s, SOL_SOCKET, SO_LINGER, &some[0], 7));
	CALL(setsockopt(s, SOL_SOCKET, SO_LINGER, bad, 8));
	CALL(getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &len));
	record("%u bytes", len);
	show_linger(d);
	CALL(setsockopt(d, SOL_SOCKET, SO_LINGER, &some[0], sizeof(some[0])));
	show_linger(d);
}

/* ---- time limits ---- */

static void show_limit(int s, int option)
{
	struct timeval tv = { -7, -7 };
	socklen_t len = sizeof(tv);

	CALL(getsockopt(s, SOL_SOCKET, option, &tv, &len));
	record("%ld.%06ld, %u bytes", tv.tv_sec, tv.tv_usec, len);
}

static void limits(int s, int option)
{
	static const struct timeval some[] = { { 1, 0 },  { 0, 500000 }, { 3, 999999 },
					       { 0, 0 },  { 0, 1000000 }, { 0, -1 },
					       { -1, 0 }, { 1L << 50, 0 } };

	show_limit(s, option);
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		record("%ld.%06ld", some[i].tv_sec, some[i].tv_usec);
		CALL(setsockopt(s, SOL_SOCKET, option, &some[i], sizeof(some[i])));
		show_limit(s, option);
	}
	CALL(setsockopt(s, SOL_SOCKET, option, &some[0], 4));
	CALL(setsockopt(s, SOL_SOCKET, option, bad, sizeof(some[0])));
}

CASE(opt_rcvtimeo, IPS)
{
	limits(sut(SOCK_STREAM), SO_RCVTIMEO);
	limits(sut(SOCK_DGRAM), SO_RCVTIMEO);
}

CASE(opt_sndtimeo, IPS)
{
	limits(sut(SOCK_STREAM), SO_SNDTIMEO);
	limits(sut(SOCK_DGRAM), SO_SNDTIMEO);
}

/* ---- SO_BINDTODEVICE ---- */

static void show_device(int s)
{
	char name[IFNAMSIZ + 4] = {};
	socklen_t len = IFNAMSIZ;

	CALL(getsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	record("\"%s\", %u bytes", name, len);
}

static void devices(int type)
{
	static const char longer[64] = "lo";
	int s = sut(type), index = 1;
	char name[4];
	socklen_t len = 2;

	show_device(s);
	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	show_device(s);
	CALL(getsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	OPT(s, SOL_SOCKET, SO_BINDTOIFINDEX);
	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "nobody", 7));
	show_device(s);
	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, longer, sizeof(longer)));
	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
	show_device(s);
	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo", -1));
	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, bad, 3));
	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof(index)));
	show_device(s);
	index = 0;
	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof(index)));
	show_device(s);
	become_nobody();
	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
}

CASE(opt_bindtodevice_tcp, IPS)
{
	devices(SOCK_STREAM);
}

CASE(opt_bindtodevice_udp, IPS)
{
	devices(SOCK_DGRAM);
}

/* ---- what takes privileges ---- */

CASE(opt_unprivileged, IPS)
{
	int s, p, d;

	become_nobody();
	s = sut(SOCK_STREAM);
	d = sut(SOCK_DGRAM);
	CALL(set_int(s, SOL_SOCKET, SO_MARK, 1));
	CALL(set_int(s, SOL_SOCKET, SO_PRIORITY, 6));
	CALL(set_int(s, SOL_SOCKET, SO_PRIORITY, 7));
	CALL(set_int(s, SOL_SOCKET, SO_RCVBUFFORCE, 100000));
	CALL(set_int(s, SOL_SOCKET, SO_SNDBUFFORCE, 100000));
	CALL(set_int(s, SOL_SOCKET, SO_BUSY_POLL, 50));
	CALL(set_int(s, SOL_SOCKET, SO_BUSY_POLL, 0));
	CALL(set_int(d, SOL_SOCKET, SO_MARK, 1));
	CALL(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	CALL(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5));
	pair(&s, &p);
	CALL(set_int(s, IPPROTO_TCP, TCP_NODELAY, 1));
}

/* ---- TCP_CONGESTION ---- */

static void show_congestion(int s)
{
	char name[17] = {};
	socklen_t len = 16;

	CALL(getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &len));
	record("\"%s\", %u bytes", name, len);
}

static void congestion(int s)
{
	char name[17];
	socklen_t len;

	show_congestion(s);
	CALL(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	show_congestion(s);
	CALL(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "cubic", 6));
	show_congestion(s);
	CALL(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "no_such_one", 11));
	CALL(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "", 0));
	CALL(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "", 1));
	CALL(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "reno", -1));
	CALL(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "renorenorenorenoreno", 20));
	CALL(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, bad, 4));
	show_congestion(s);
	for (int i = -1; i < 8; i += 3) {
		memset(name, 0, sizeof(name));
		len = i;
		CALL(getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &len));
		record("\"%s\" %d", name, (int)len);
	}
}

CASE(opt_congestion, ENDS)
{
	int s, p;

	congestion(sut(SOCK_STREAM));
	pair(&s, &p);
	congestion(s);
	PUT(s, "works");
	RECV(p, 8, 0);
}

/* ---- SO_ERROR ---- */

CASE(opt_error_is_read_once, ENDS)
{
	int s, p;

	pair(&s, &p);
	ERROR(s);
	reset(p);
	await(s, POLLHUP);
	ERROR(s);
	ERROR(s);
}

/* ---- TCP_MAXSEG ---- */

CASE(opt_maxseg_negotiated, ENDS)
{
	struct addr a = {};
	int l = listening(peer(SOCK_STREAM), 4, &a), s = sut(SOCK_STREAM), p;

	CALL(set_int(s, IPPROTO_TCP, TCP_MAXSEG, 1000));
	connected(s, l, &p);
	OPT(s, IPPROTO_TCP, TCP_MAXSEG);
	OPT(p, IPPROTO_TCP, TCP_MAXSEG);
	PUT(s, "works");
	RECV(p, 8, 0);
}

CASE(opt_maxseg_of_listener, ENDS)
{
	struct addr a = {};
	int l = sut(SOCK_STREAM), p = peer(SOCK_STREAM), s;

	CALL(set_int(l, IPPROTO_TCP, TCP_MAXSEG, 1000));
	listening(l, 4, &a);
	connected(p, l, &s);
	OPT(l, IPPROTO_TCP, TCP_MAXSEG);
	OPT(s, IPPROTO_TCP, TCP_MAXSEG);
	OPT(p, IPPROTO_TCP, TCP_MAXSEG);
}

CASE(opt_maxseg_default, ENDS)
{
	int s, p;

	pair(&s, &p);
	/* Half of a window of about 64 KiB: not more than the peer could take. */
	record("%d %d", get_int(s, IPPROTO_TCP, TCP_MAXSEG) >> 9,
	       (get_int(p, IPPROTO_TCP, TCP_MAXSEG) - 1) >> 9);
}

/* ---- TCP_INFO ---- */

static void show_info(int fd)
{
	struct tcp_info i = {};
	socklen_t len = sizeof(i);

	CALL(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &len));
	record("state %u ca_state %u retransmits %u probes %u backoff %u options %#x",
	       i.tcpi_state, i.tcpi_ca_state, i.tcpi_retransmits, i.tcpi_probes, i.tcpi_backoff,
	       i.tcpi_options);
	record("pmtu %u advmss %u unacked %u sacked %u lost %u retrans %u total_retrans %u",
	       i.tcpi_pmtu, i.tcpi_advmss, i.tcpi_unacked, i.tcpi_sacked, i.tcpi_lost,
	       i.tcpi_retrans, i.tcpi_total_retrans);
	record("bytes_acked %llu bytes_received %llu bytes_sent %llu notsent %u retransmitted %llu",
	       i.tcpi_bytes_acked, i.tcpi_bytes_received, i.tcpi_bytes_sent, i.tcpi_notsent_bytes,
	       i.tcpi_bytes_retrans);
}

CASE(info_states, ENDS)
{
	struct addr a = blackhole();
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK), p;

	show_info(s);
	CALL(connect(s, SA(a)));
	STATE(s);
	pair(&s, &p);
	await_sent(s);
	show_info(s);
	shutdown(s, SHUT_WR);
	await_state(s, ST_FIN_WAIT2);
	STATE(s);
	await_state(p, ST_CLOSE_WAIT);
	STATE(p);
	close(p);
	await_state(s, ST_CLOSE);
	STATE(s);
}

CASE(info_of_accepted, ENDS)
{
	int s, p;

	pair_accepted(&s, &p);
	show_info(s);
}

CASE(info_bytes, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(s, "ten bytes.");
	await_bytes(p, 10);
	await_sent(s);
	PUT(p, "and 5");
	await_bytes(s, 5);
	show_info(s);
}

CASE(info_lengths, ENDS)
{
	static const int lens[] = { 0, 1, 2, 7, 8, 100, 104, 1000, -1 };
	unsigned char bytes[1000];
	int s, p;

	pair(&s, &p);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		socklen_t len = lens[i];

		memset(bytes, 0x55, sizeof(bytes));
		CALL(getsockopt(s, IPPROTO_TCP, TCP_INFO, bytes, &len));
		record("%d: %d bytes, state %#x, behind %#x", lens[i], (int)len, bytes[0],
		       (int)len >= 0 && len < sizeof(bytes) ? bytes[len] : 0);
	}
	CALL(setsockopt(s, IPPROTO_TCP, TCP_INFO, bytes, 4));
}

CASE(info_window_scale, ENDS)
{
	struct addr a = {};
	int l, s = sut(SOCK_STREAM), p;
	struct tcp_info i = {};
	socklen_t len = sizeof(i);

	/* A small buffer fixed before the connection: no scale is needed. */
	l = peer(SOCK_STREAM);
	set_int(l, SOL_SOCKET, SO_RCVBUF, 20000);
	set_int(s, SOL_SOCKET, SO_RCVBUF, 20000);
	listening(l, 4, &a);
	connected(s, l, &p);
	CALL(getsockopt(s, IPPROTO_TCP, TCP_INFO, &i, &len));
	record("scales %u %u options %#x", i.tcpi_snd_wscale, i.tcpi_rcv_wscale, i.tcpi_options);
}

/* ---- options that act ---- */

CASE(opt_keepalive_alive, ENDS)
{
	int s, p;

	/* The peer answers: nothing to see but that it lives. */
	pair(&s, &p);
	CALL(set_int(s, IPPROTO_TCP, TCP_KEEPIDLE, 1));
	CALL(set_int(s, IPPROTO_TCP, TCP_KEEPINTVL, 1));
	CALL(set_int(s, IPPROTO_TCP, TCP_KEEPCNT, 1));
	CALL(set_int(s, SOL_SOCKET, SO_KEEPALIVE, 1));
	for (int i = 0; i < 16; i++)
		poll(&(struct pollfd){ s, POLLIN, 0 }, 1, MS_QUIET);
	EVENTS(s);
	PUT(p, "alive");
	RECV(s, 8, 0);
}

CASE(opt_notsent_lowat_acts, ENDS)
{
	size_t sent;
	int s, p;

	pair(&s, &p);
	sent = fill(s);
	EVENTS(s);
	CALL(set_int(s, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 1));
	record("all arrives: %d", drain(p, sent) == sent);
	WAIT(s, POLLOUT);
}

CASE(opt_quickack_and_delay, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(set_int(s, IPPROTO_TCP, TCP_QUICKACK, 0));
	PUT(p, "first");
	await_bytes(s, 5);
	CALL(set_int(s, IPPROTO_TCP, TCP_QUICKACK, 1));
	await_sent(p);
	RECV(s, 8, 0);
}

CASE(opt_fastopen_values, IPS)
{
	struct addr a = {};
	int s = sut(SOCK_STREAM);

	OPT(s, IPPROTO_TCP, TCP_FASTOPEN);
	CALL(set_int(s, IPPROTO_TCP, TCP_FASTOPEN, -1));
	bound(s, &a);
	CALL(set_int(s, IPPROTO_TCP, TCP_FASTOPEN, 5));
	OPT(s, IPPROTO_TCP, TCP_FASTOPEN);
	CALL(listen(s, 3));
	CALL(set_int(s, IPPROTO_TCP, TCP_FASTOPEN, 0));
	OPT(s, IPPROTO_TCP, TCP_FASTOPEN);
}

CASE(opt_v6only_in_states, V6 | PEER)
{
	struct addr a = {};
	int s = sut(SOCK_STREAM), p;

	CALL(set_int(s, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	CALL(set_int(s, IPPROTO_IPV6, IPV6_V6ONLY, 0));
	bound(s, &a);
	CALL(set_int(s, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	pair(&s, &p);
	CALL(set_int(s, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	OPT(s, IPPROTO_IPV6, IPV6_V6ONLY);
}

CASE(opt_type_of_service_of_connection, V4 | PEER)
{
	struct addr a = {};
	int l = listening(sut(SOCK_STREAM), 4, &a), p = peer(SOCK_STREAM), s;

	/* What the other side has set is not taken over. */
	CALL(set_int(p, IPPROTO_IP, IP_TOS, 0x10));
	connected(p, l, &s);
	OPT(s, IPPROTO_IP, IP_TOS);
	OPT(s, SOL_SOCKET, SO_PRIORITY);
}
