// SPDX-License-Identifier: GPL-2.0-only
/* getsockname() and getpeername(): lengths, and in each state. */
#include "cases.h"

static void lengths(int fd)
{
	static const int lens[] = { 0, 1, 2, 4, 8, 15, 16, 17, 27, 28, 29, 128, 1000 };

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		unsigned char bytes[1000];
		socklen_t len = lens[i];
		size_t used;

		memset(bytes, 0x55, sizeof(bytes));
		CALL(getsockname(fd, (void *)bytes, &len));
		for (used = sizeof(bytes); used && bytes[used - 1] == 0x55; used--)
			;
		record("%d: says %u, no more than it: %d", lens[i], len,
		       used <= (size_t)lens[i] && used <= len);
	}
}

CASE(name_lengths, ENDS)
{
	struct addr a = {};
	int s, p;

	lengths(bound(sut(SOCK_STREAM), &a));
	pair(&s, &p);
	lengths(s);
}

CASE(name_lengths_of_peer, ENDS)
{
	struct addr b = { .len = 6 };
	int s, p;

	pair(&s, &p);
	CALL(getpeername(s, &b.sa, &b.len));
	record("%u bytes", b.len);
	b.len = 0;
	CALL(getpeername(s, &b.sa, &b.len));
	record("%u bytes", b.len);
}

CASE(name_bad_arguments, ENDS)
{
	struct addr b = { .len = -1 };
	socklen_t len = 16;
	int s, p;

	pair(&s, &p);
	CALL(getsockname(s, &b.sa, &b.len));
	CALL(getpeername(s, &b.sa, &b.len));
	CALL(getsockname(s, NULL, &len));
	CALL(getsockname(s, bad, &len));
	CALL(getsockname(s, &b.sa, NULL));
	CALL(getpeername(s, &b.sa, bad));
	CALL(getpeername(s, bad, &len));
	len = -1;
	CALL(getpeername(sut(SOCK_STREAM), &b.sa, &len));
}

CASE(name_while_ending, ENDS)
{
	int s, p;

	pair(&s, &p);
	NAMES(s);
	CALL(shutdown(s, SHUT_RDWR));
	NAMES(s);
	await(p, POLLRDHUP);
	close(p);
	await_state(s, ST_CLOSE);
	NAMES(s);
	pair(&s, &p);
	reset(p);
	await(s, POLLHUP);
	NAMES(s);
	ERROR(s);
	NAMES(s);
}

CASE(name_of_accepted, ENDS)
{
	int s, p;

	pair_accepted(&s, &p);
	NAMES(s);
	NAMES(p);
	CALL(close(p));
	await(s, POLLRDHUP);
	NAMES(s);
}

CASE(name_of_accepted_any, ENDS)
{
	struct addr a = any(0), b;
	int l = listening(sut(SOCK_STREAM), 4, &a), p = peer(SOCK_STREAM), s;

	b = loopback(port_of(&a));
	CALL(connect(p, SA(b)));
	s = FD(accept(l, NULL, NULL));
	NAMES(l);
	NAMES(s);
}

CASE(name_udp, ENDS)
{
	struct addr a = {}, b;
	int s = sut(SOCK_DGRAM);

	bound(peer(SOCK_DGRAM), &a);
	NAMES(s);
	CALL(connect(s, SA(a)));
	NAMES(s);
	b = (struct addr){ .sa.sa_family = AF_UNSPEC, .len = sizeof(struct sockaddr_in6) };
	CALL(connect(s, SA(b)));
	NAMES(s);
	s = sut(SOCK_DGRAM);
	CALL(sendto(s, "x", 1, 0, SA(a)));
	NAMES(s);
}
