// SPDX-License-Identifier: GPL-2.0-only
/* bind(): which addresses it takes. */
#include <net/if.h>
#include <sys/wait.h>

#include "cases.h"

static void bind_port_zero(int type)
{
	struct addr a = loopback(0);
	int s = sut(type);

	CALL(bind(s, SA(a)));
	NAMES(s);
	a = name_of(s);
	record("a port of its own: %d", port_of(&a) >= 1024);
}

CASE(bind_port_zero_tcp, IPS)
{
	bind_port_zero(SOCK_STREAM);
}

CASE(bind_port_zero_udp, IPS)
{
	bind_port_zero(SOCK_DGRAM);
}

static void bind_port_given(int type)
{
	struct addr a = loopback(free_port(type));
	int s = sut(type);

	CALL(bind(s, SA(a)));
	NAMES(s);
	record("that port: %d", ({ struct addr b = name_of(s); port_of(&b); }) == port_of(&a));
}

CASE(bind_port_given_tcp, IPS)
{
	bind_port_given(SOCK_STREAM);
}

CASE(bind_port_given_udp, IPS)
{
	bind_port_given(SOCK_DGRAM);
}

static void bind_twice(int type)
{
	struct addr a = loopback(0);
	int s = sut(type);

	CALL(bind(s, SA(a)));
	CALL(bind(s, SA(a)));
	a = name_of(s);
	CALL(bind(s, SA(a)));
	a = nowhere(0);
	CALL(bind(s, SA(a)));
	NAMES(s);
}

CASE(bind_twice_tcp, IPS)
{
	bind_twice(SOCK_STREAM);
}

CASE(bind_twice_udp, IPS)
{
	bind_twice(SOCK_DGRAM);
}

static void bind_not_ours(int type)
{
	struct addr a = nowhere(0);
	int s = sut(type);

	CALL(bind(s, SA(a)));
	NAMES(s);
	a = loopback(0);
	CALL(bind(s, SA(a)));
	NAMES(s);
}

CASE(bind_not_ours_tcp, IPS)
{
	bind_not_ours(SOCK_STREAM);
}

CASE(bind_not_ours_udp, IPS)
{
	bind_not_ours(SOCK_DGRAM);
}

static void bind_privileged(int type)
{
	struct addr a = loopback(7), b = loopback(1023), c = any(1), d = loopback(0);

	become_nobody();
	CALL(bind(sut(type), SA(a)));
	CALL(bind(sut(type), SA(b)));
	CALL(bind(sut(type), SA(c)));
	CALL(bind(sut(type), SA(d)));
}

CASE(bind_privileged_port_tcp, IPS)
{
	bind_privileged(SOCK_STREAM);
}

CASE(bind_privileged_port_udp, IPS)
{
	bind_privileged(SOCK_DGRAM);
}

CASE(bind_privileged_port_as_root, IPS)
{
	struct addr a = loopback(879);

	CALL(bind(sut(SOCK_STREAM), SA(a)));
	CALL(bind(sut(SOCK_DGRAM), SA(a)));
}

static void bind_lengths(int type)
{
	struct addr a = loopback(0);
	struct { char bytes[256]; } big = {};
	int s = sut(type);

	for (int len = 0; len < (int)a.len; len += len < 14 ? 2 : 1) {
		int ret = bind(s, &a.sa, len);

		record("bind of %d bytes: %s", len, ret ? errno_name(errno) : "done");
		if (!ret)
			s = sut(type);
	}
	CALL(bind(s, &a.sa, -1));
	memcpy(&big, &a.sa, a.len);
	CALL(bind(s, (void *)&big, sizeof(struct sockaddr_storage) + 1));
	CALL(bind(s, (void *)&big, 256));
	CALL(bind(s, (void *)&big, sizeof(struct sockaddr_storage)));
	NAMES(s);
}

CASE(bind_address_length_tcp, IPS)
{
	bind_lengths(SOCK_STREAM);
}

CASE(bind_address_length_udp, IPS)
{
	bind_lengths(SOCK_DGRAM);
}

CASE(bind_bad_pointer, IPS)
{
	int s = sut(SOCK_STREAM);

	CALL(bind(s, NULL, sizeof(struct sockaddr_in6)));
	CALL(bind(s, bad, sizeof(struct sockaddr_in6)));
	CALL(bind(s, NULL, 0));
}

static void bind_family(int type)
{
	struct addr a = loopback(0), b = any(0), c = loopback(0);

	a.sa.sa_family = AF_UNIX;
	CALL(bind(sut(type), SA(a)));
	a.sa.sa_family = AF_UNSPEC;
	CALL(bind(sut(type), SA(a)));
	a.sa.sa_family = 200;
	CALL(bind(sut(type), SA(a)));
	/* An old habit of programs: no family and the address any. */
	b.sa.sa_family = AF_UNSPEC;
	CALL(bind(sut(type), SA(b)));
	/* The other family, as long as it is, and as long as ours. */
	a = v6() ? address("127.0.0.1", 0) : address("::1", 0);
	CALL(bind(sut(type), SA(a)));
	a.len = c.len;
	CALL(bind(sut(type), SA(a)));
	a.len = sizeof(a.ss);
	CALL(bind(sut(type), SA(a)));
	/* Its own number is no family of addresses. */
	c.sa.sa_family = 18;
	CALL(bind(sut(type), SA(c)));
}

CASE(bind_family_tcp, IPS)
{
	bind_family(SOCK_STREAM);
}

CASE(bind_family_udp, IPS)
{
	bind_family(SOCK_DGRAM);
}

CASE(bind_any, IPS)
{
	struct addr a = any(0);
	int s = sut(SOCK_STREAM), d = sut(SOCK_DGRAM);

	CALL(bind(s, SA(a)));
	NAMES(s);
	CALL(bind(d, SA(a)));
	NAMES(d);
}

CASE(bind_other_loopback, V4)
{
	struct addr a = address("127.8.9.10", 0);
	int s = sut(SOCK_STREAM), d = sut(SOCK_DGRAM);

	CALL(bind(s, SA(a)));
	NAMES(s);
	CALL(bind(d, SA(a)));
	NAMES(d);
}

static void bind_odd_v4(int type)
{
	static const char *const texts[] = { "255.255.255.255", "127.255.255.255", "239.1.2.3",
					     "240.0.0.1",	"0.0.0.1",	   "127.0.0.0" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct addr a = address(texts[i], 0);
		int s = sut(type);

		record("%s", texts[i]);
		CALL(bind(s, SA(a)));
		NAMES(s);
	}
}

CASE(bind_broadcast_and_multicast_tcp, V4)
{
	bind_odd_v4(SOCK_STREAM);
}

CASE(bind_broadcast_and_multicast_udp, V4)
{
	bind_odd_v4(SOCK_DGRAM);
}

static void bind_odd_v6(int type)
{
	static const char *const texts[] = { "fe80::1", "ff02::1", "ff0e::1234", "::2",
					     "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:192.0.2.1",
					     "::ffff:0.0.0.0" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct addr a = address(texts[i], 0);
		int s = sut(type);

		record("%s", texts[i]);
		CALL(bind(s, SA(a)));
		NAMES(s);
		a.in6.sin6_scope_id = if_nametoindex("lo");
		s = sut(type);
		CALL(bind(s, SA(a)));
		NAMES(s);
	}
}

CASE(bind_link_local_and_mapped_tcp, V6)
{
	bind_odd_v6(SOCK_STREAM);
}

CASE(bind_link_local_and_mapped_udp, V6)
{
	bind_odd_v6(SOCK_DGRAM);
}

CASE(bind_mapped_with_v6only, V6)
{
	struct addr a = address("::ffff:127.0.0.1", 0);
	int s = sut(SOCK_STREAM), d = sut(SOCK_DGRAM);

	CALL(set_int(s, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	CALL(bind(s, SA(a)));
	CALL(set_int(d, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	CALL(bind(d, SA(a)));
}

CASE(bind_then_v6only, V6)
{
	struct addr a = any(0);
	int s = sut(SOCK_STREAM);

	CALL(bind(s, SA(a)));
	CALL(set_int(s, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	OPT(s, IPPROTO_IPV6, IPV6_V6ONLY);
}

CASE(bind_to_device, IPS)
{
	struct addr a = loopback(0);
	int s = sut(SOCK_STREAM);

	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	CALL(bind(s, SA(a)));
	CALL(listen(s, 1));
	a = name_of(s);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	FD(accept(s, NULL, NULL));
}

CASE(bind_connected, ENDS)
{
	struct addr a = loopback(0);
	int s, p;

	pair(&s, &p);
	CALL(bind(s, SA(a)));
	udp_pair(&s, &p);
	CALL(bind(s, SA(a)));
}

CASE(bind_connected_udp_without_port, ENDS)
{
	struct addr a = {}, b = loopback(0);
	int s = sut(SOCK_DGRAM);

	bound(peer(SOCK_DGRAM), &a);
	CALL(connect(s, SA(a)));
	CALL(bind(s, SA(b)));
	NAMES(s);
}

CASE(bind_listening, IPS)
{
	struct addr a = {}, b = loopback(0);
	int s = listening(sut(SOCK_STREAM), 1, &a);

	CALL(bind(s, SA(b)));
	s = sut(SOCK_STREAM);
	CALL(listen(s, 1));
	CALL(bind(s, SA(b)));
}
