// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options: each one's default, what it takes, what it gives back, and lengths;
 * on sockets that are new, and that are connected. Then all the numbers there
 * are: what Atmos does not know it must say so.
 */
#include <linux/tcp.h>
#include <stdio.h>

#include "cases.h"

/**
 * struct opt - one to look at
 * @level, @option: it
 * @value: what to set it to
 * @nr: of @value
 */
struct opt {
	int level;
	int option;
	const int *value;
	int nr;
};

static void show(int fd, const struct opt *o, const char *when)
{
	record_opt(when, fd, o->level, o->option);
}

static void values(int fd, const struct opt *o, bool first)
{
	if (first)
		show(fd, o, "at first");
	for (int i = 0; i < o->nr; i++) {
		int ret = set_int(fd, o->level, o->option, o->value[i]);

		record("set to %d: %s", o->value[i], ret ? errno_name(errno) : "done");
		show(fd, o, "then");
	}
}

static void set_lengths(int fd, const struct opt *o)
{
	static const int lens[] = { 0, 1, 2, 3, 5, 8, 100, -1 };
	int value[25] = { 1 };

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		int ret = setsockopt(fd, o->level, o->option, value, lens[i]);

		record("set %d bytes: %s", lens[i], ret ? errno_name(errno) : "done");
		show(fd, o, "then");
	}
	record("set from nowhere: %s",
	       setsockopt(fd, o->level, o->option, bad, 4) ? errno_name(errno) : "done");
	record("set from NULL: %s",
	       setsockopt(fd, o->level, o->option, NULL, 4) ? errno_name(errno) : "done");
}

static void get_lengths(int fd, const struct opt *o)
{
	static const int lens[] = { 0, 1, 2, 3, 5, 100, -1 };
	socklen_t len;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		int value[25], ret;

		memset(value, 0x55, sizeof(value));
		len = lens[i];
		ret = getsockopt(fd, o->level, o->option, value, &len);
		record("get %d bytes: %s, %d, %08x %08x", lens[i], ret ? errno_name(errno) : "done",
		       (int)len, value[0], value[1]);
	}
	len = 4;
	record("get to nowhere: %s",
	       getsockopt(fd, o->level, o->option, bad, &len) ? errno_name(errno) : "done");
	record("get without length: %s",
	       getsockopt(fd, o->level, o->option, &len, NULL) ? errno_name(errno) : "done");
}

static void look_at(int type, const struct opt *o)
{
	int s, p;

	record("new");
	values(sut(type), o, true);
	record("lengths");
	set_lengths(sut(type), o);
	get_lengths(sut(type), o);
	record("connected");
	if (type == SOCK_STREAM)
		pair(&s, &p);
	else
		udp_pair(&s, &p);
	/* A connection's send buffer grows by itself: by how much is its own matter. */
	values(s, o, o->level != SOL_SOCKET || o->option != SO_SNDBUF);
	PUT(p, "works");
	RECV(s, 5, MSG_WAITALL);
}

#define OPTION_CASE(ways, name, type, level, option, ...)                       \
	CASE(opt_##name, ways)                                                  \
	{                                                                       \
		static const int value[] = { __VA_ARGS__ };                     \
		struct opt o = { level, option, value, sizeof(value) / sizeof(value[0]) }; \
										\
		look_at(type, &o);                                              \
	}

#define BOOL 1, 0, 2, -1, 256
#define BOTH_CASE(name, level, option, ...)                                     \
	OPTION_CASE(IPS, name##_tcp, SOCK_STREAM, level, option, __VA_ARGS__)   \
	OPTION_CASE(IPS, name##_udp, SOCK_DGRAM, level, option, __VA_ARGS__)
#define TCP_CASE(name, option, ...) \
	OPTION_CASE(IPS, name, SOCK_STREAM, IPPROTO_TCP, option, __VA_ARGS__)
#define IP_CASE(name, option, ...)                                                   \
	OPTION_CASE(V4, name##_tcp, SOCK_STREAM, IPPROTO_IP, option, __VA_ARGS__)    \
	OPTION_CASE(V4, name##_udp, SOCK_DGRAM, IPPROTO_IP, option, __VA_ARGS__)
#define IPV6_CASE(name, option, ...)                                                 \
	OPTION_CASE(V6, name##_tcp, SOCK_STREAM, IPPROTO_IPV6, option, __VA_ARGS__)  \
	OPTION_CASE(V6, name##_udp, SOCK_DGRAM, IPPROTO_IPV6, option, __VA_ARGS__)

/* ---- level of sockets ---- */

BOTH_CASE(reuseaddr, SOL_SOCKET, SO_REUSEADDR, BOOL)
BOTH_CASE(reuseport, SOL_SOCKET, SO_REUSEPORT, BOOL)
BOTH_CASE(keepalive, SOL_SOCKET, SO_KEEPALIVE, BOOL)
BOTH_CASE(broadcast, SOL_SOCKET, SO_BROADCAST, BOOL)
BOTH_CASE(oobinline, SOL_SOCKET, SO_OOBINLINE, BOOL)
BOTH_CASE(dontroute, SOL_SOCKET, SO_DONTROUTE, BOOL)
BOTH_CASE(timestamp, SOL_SOCKET, SO_TIMESTAMP, BOOL)
BOTH_CASE(timestampns, SOL_SOCKET, SO_TIMESTAMPNS, BOOL)
BOTH_CASE(zerocopy, SOL_SOCKET, SO_ZEROCOPY, BOOL)
BOTH_CASE(priority, SOL_SOCKET, SO_PRIORITY, 1, 6, 0, 7, 15, -1, 1000)
BOTH_CASE(mark, SOL_SOCKET, SO_MARK, 1, 0, -1, 0x7fffffff)
BOTH_CASE(rcvbuf, SOL_SOCKET, SO_RCVBUF, 0, 1, 2000, 50000, 1 << 20, 1 << 30, -1, 0x7fffffff)
BOTH_CASE(sndbuf, SOL_SOCKET, SO_SNDBUF, 0, 1, 2000, 50000, 1 << 20, 1 << 30, -1, 0x7fffffff)
BOTH_CASE(rcvbufforce, SOL_SOCKET, SO_RCVBUFFORCE, 0, 100000, 1 << 25, -1)
BOTH_CASE(sndbufforce, SOL_SOCKET, SO_SNDBUFFORCE, 0, 100000, 1 << 25, -1)
BOTH_CASE(rcvlowat, SOL_SOCKET, SO_RCVLOWAT, 2, 0, 1, 100000, 1 << 30, -1, 1)
BOTH_CASE(sndlowat, SOL_SOCKET, SO_SNDLOWAT, 1, 2, 0)
BOTH_CASE(type, SOL_SOCKET, SO_TYPE, 1, 2)
BOTH_CASE(protocol, SOL_SOCKET, SO_PROTOCOL, 6, 17)
BOTH_CASE(error, SOL_SOCKET, SO_ERROR, 1, 0)
BOTH_CASE(acceptconn, SOL_SOCKET, SO_ACCEPTCONN, 1, 0)
BOTH_CASE(busy_poll, SOL_SOCKET, SO_BUSY_POLL, 0, 50, 0, -1)

/* ---- level of TCP ---- */

TCP_CASE(nodelay, TCP_NODELAY, BOOL)
TCP_CASE(cork, TCP_CORK, BOOL)
TCP_CASE(quickack, TCP_QUICKACK, 0, 1, 2, 0)
TCP_CASE(maxseg, TCP_MAXSEG, 1, 87, 88, 536, 1460, 32767, 32768, 65535, 0, -1)
TCP_CASE(keepidle, TCP_KEEPIDLE, 1, 32767, 0, 32768, -1, 7200)
TCP_CASE(keepintvl, TCP_KEEPINTVL, 1, 32767, 0, 32768, -1, 75)
TCP_CASE(keepcnt, TCP_KEEPCNT, 1, 127, 0, 128, -1, 9)
TCP_CASE(user_timeout, TCP_USER_TIMEOUT, 1000, 0, 0x7fffffff, -1)
TCP_CASE(notsent_lowat, TCP_NOTSENT_LOWAT, 1, 100000, 0, -1)
TCP_CASE(defer_accept, TCP_DEFER_ACCEPT, 1, 2, 5, 30, 1000, 0, -1)

/* ---- level of IP ---- */

IP_CASE(tos, IP_TOS, 0x10, 0x20, 3, 0xff, 0, 256, -1)
IP_CASE(ttl, IP_TTL, 1, 255, 0, 256, -1, -2, 64)
IP_CASE(ip_recverr, IP_RECVERR, BOOL)
IP_CASE(pktinfo, IP_PKTINFO, BOOL)
IP_CASE(recvttl, IP_RECVTTL, BOOL)
IP_CASE(recvtos, IP_RECVTOS, BOOL)
IP_CASE(mtu_discover, IP_MTU_DISCOVER, 0, 1, 2, 3, 4, 5, 6, -1)
IP_CASE(mtu, IP_MTU, 1500)

IPV6_CASE(tclass, IPV6_TCLASS, 0x10, 0x20, 3, 0xff, 0, 256, -1, -2)
IPV6_CASE(unicast_hops, IPV6_UNICAST_HOPS, 1, 255, 0, 256, -1, -2, 64)
IPV6_CASE(ipv6_recverr, IPV6_RECVERR, BOOL)
IPV6_CASE(recvpktinfo, IPV6_RECVPKTINFO, BOOL)
IPV6_CASE(recvhoplimit, IPV6_RECVHOPLIMIT, BOOL)
IPV6_CASE(recvtclass, IPV6_RECVTCLASS, BOOL)
IPV6_CASE(ipv6_mtu_discover, IPV6_MTU_DISCOVER, 0, 1, 2, 3, 4, 5, 6, -1)
IPV6_CASE(ipv6_mtu, IPV6_MTU, 1500, 1279, 1280, 0, 100000)
IPV6_CASE(v6only, IPV6_V6ONLY, BOOL)
/* Those of IPv4 on an IPv6 socket count for mapped addresses. */
OPTION_CASE(V6, tos_of_v6, SOCK_STREAM, IPPROTO_IP, IP_TOS, 0x10, 0)
OPTION_CASE(V6, ttl_of_v6, SOCK_STREAM, IPPROTO_IP, IP_TTL, 33, 0)
OPTION_CASE(V6, tos_of_v6_udp, SOCK_DGRAM, IPPROTO_IP, IP_TOS, 0x10, 0)
/* Those of IPv6 there are not on an IPv4 socket. */
OPTION_CASE(V4, v6only_of_v4, SOCK_STREAM, IPPROTO_IPV6, IPV6_V6ONLY, 1, 0)
OPTION_CASE(V4, tclass_of_v4, SOCK_DGRAM, IPPROTO_IPV6, IPV6_TCLASS, 1, 0)

/* ---- which there are not ---- */

CASE(opt_unknown, IPS)
{
	static const int levels[] = { SOL_SOCKET, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IP,
				      IPPROTO_IPV6, IPPROTO_ICMP, 12345, -1 };
	int s = sut(SOCK_STREAM), d = sut(SOCK_DGRAM);

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		int value = 1;
		socklen_t len = sizeof(value);

		record("level %d", levels[i]);
		CALL(setsockopt(s, levels[i], 9999, &value, sizeof(value)));
		CALL(getsockopt(s, levels[i], 9999, &value, &len));
		CALL(setsockopt(d, levels[i], 9999, &value, sizeof(value)));
		CALL(getsockopt(d, levels[i], 9999, &value, &len));
		CALL(setsockopt(s, levels[i], -1, &value, sizeof(value)));
		CALL(getsockopt(s, levels[i], -1, &value, &len));
	}
}

CASE(opt_of_other_protocol, IPS)
{
	int s = sut(SOCK_STREAM), d = sut(SOCK_DGRAM);

	OPT(d, IPPROTO_TCP, TCP_NODELAY);
	CALL(set_int(d, IPPROTO_TCP, TCP_NODELAY, 1));
	OPT(s, IPPROTO_UDP, 1);
	CALL(set_int(s, IPPROTO_UDP, 1, 1));
}

static bool refused(int err)
{
	/* What the kernel says of SO_PEEK_OFF for a family that has it not. */
	return err == ENOPROTOOPT || err == EOPNOTSUPP;
}

/*
 * All numbers of a level: Atmos either does as the native stack does, or says
 * that it does not have it. So that is left out of the comparison where only
 * Atmos says it.
 */
static void sweep(int type, int level, int last)
{
	for (int option = 0; option <= last; option++) {
		int native_fd = native(type), fd = sut(type), value = 1, theirs, ours;
		socklen_t len;

		theirs = setsockopt(native_fd, level, option, &value, 4) ? errno : 0;
		ours = setsockopt(fd, level, option, &value, 4) ? errno : 0;
		if (ours != theirs && !refused(ours))
			record("set %d: %s, native %s", option, errno_name(ours),
			       errno_name(theirs));
		len = 4;
		theirs = getsockopt(native_fd, level, option, &value, &len) ? errno : 0;
		len = 4;
		ours = getsockopt(fd, level, option, &value, &len) ? errno : 0;
		if (ours != theirs && !refused(ours))
			record("get %d: %s, native %s", option, errno_name(ours),
			       errno_name(theirs));
		close(native_fd);
		close(fd);
	}
	record("all looked at");
}

CASE(opt_sweep_socket, IPS)
{
	sweep(SOCK_STREAM, SOL_SOCKET, 100);
	sweep(SOCK_DGRAM, SOL_SOCKET, 100);
}

CASE(opt_sweep_tcp, IPS)
{
	sweep(SOCK_STREAM, IPPROTO_TCP, 60);
}

CASE(opt_sweep_udp, IPS)
{
	sweep(SOCK_DGRAM, IPPROTO_UDP, 120);
}

CASE(opt_sweep_ip, V4)
{
	sweep(SOCK_STREAM, IPPROTO_IP, 60);
	sweep(SOCK_DGRAM, IPPROTO_IP, 60);
}

CASE(opt_sweep_ipv6, V6)
{
	sweep(SOCK_STREAM, IPPROTO_IPV6, 90);
	sweep(SOCK_DGRAM, IPPROTO_IPV6, 90);
}
