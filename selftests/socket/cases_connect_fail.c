// SPDX-License-Identifier: GPL-2.0-only
/* connect() of TCP: ways that lead to none. */
#include <linux/tcp.h>

#include "cases.h"

CASE(connect_refused, ENDS)
{
	struct addr a = closed_port(SOCK_STREAM), b = {};
	int s = sut(SOCK_STREAM);

	CALL(connect(s, SA(a)));
	ERROR(s);
	EVENTS(s);
	NAMES(s);
	CALL(connect(s, SA(a)));
	/* It is as good as new. */
	listening(peer(SOCK_STREAM), 4, &b);
	CALL(connect(s, SA(b)));
	NAMES(s);
	EVENTS(s);
}

CASE(connect_refused_nonblocking, IPS)
{
	struct addr a = closed_port(SOCK_STREAM);
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK);

	CALL(connect(s, SA(a)));
	WAIT(s, POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
	ERROR(s);
	ERROR(s);
	EVENTS(s);
	NAMES(s);
	RECV(s, 1, 0);
	CALL(send(s, "x", 1, 0));
	SIGNALS(SIGPIPE);
}

CASE(connect_refused_told_by_connect, ENDS)
{
	struct addr a = closed_port(SOCK_STREAM), b = {};
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK);

	CALL(connect(s, SA(a)));
	await(s, POLLHUP);
	CALL(connect(s, SA(a)));
	ERROR(s);
	EVENTS(s);
	nonblocking(s, false);
	listening(peer(SOCK_STREAM), 4, &b);
	CALL(connect(s, SA(b)));
}

CASE(connect_refused_told_by_recv, IPS)
{
	struct addr a = closed_port(SOCK_STREAM);
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK);

	CALL(connect(s, SA(a)));
	await(s, POLLHUP);
	RECV(s, 1, 0);
	RECV(s, 1, 0);
	ERROR(s);
	CALL(connect(s, SA(a)));
}

CASE(connect_refused_told_by_send, IPS)
{
	struct addr a = closed_port(SOCK_STREAM);
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK);

	CALL(connect(s, SA(a)));
	await(s, POLLHUP);
	CALL(send(s, "x", 1, 0));
	SIGNALS(SIGPIPE);
	CALL(send(s, "x", 1, 0));
	SIGNALS(SIGPIPE);
	RECV(s, 1, 0);
}

CASE(connect_refused_told_after_getsockopt, IPS)
{
	struct addr a = closed_port(SOCK_STREAM);
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK);

	CALL(connect(s, SA(a)));
	await(s, POLLHUP);
	ERROR(s);
	CALL(connect(s, SA(a)));
	CALL(connect(s, SA(a)));
}

CASE(connect_refused_bound, IPS)
{
	struct addr a = closed_port(SOCK_STREAM), b = {};
	int s = bound(sut(SOCK_STREAM), &b);

	NAMES(s);
	CALL(connect(s, SA(a)));
	NAMES(s);
	CALL(connect(s, SA(a)));
	NAMES(s);
}

CASE(connect_refused_and_shutdown, IPS)
{
	struct addr a = closed_port(SOCK_STREAM);
	int s = sut(SOCK_STREAM);

	CALL(connect(s, SA(a)));
	CALL(shutdown(s, SHUT_RDWR));
	EVENTS(s);
}

CASE(connect_no_route, ENDS)
{
	struct addr a = nowhere(80), b = {};
	int s = sut(SOCK_STREAM);

	CALL(connect(s, SA(a)));
	NAMES(s);
	ERROR(s);
	EVENTS(s);
	nonblocking(s, true);
	CALL(connect(s, SA(a)));
	nonblocking(s, false);
	listening(peer(SOCK_STREAM), 4, &b);
	CALL(connect(s, SA(b)));
}

CASE(connect_odd_address_v4, V4)
{
	static const char *const texts[] = { "255.255.255.255", "127.255.255.255", "224.0.0.1",
					     "240.0.0.1", "0.0.0.1" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct addr a = address(texts[i], 80);
		int s = sut(SOCK_STREAM);

		record("%s", texts[i]);
		CALL(connect(s, SA(a)));
		NAMES(s);
	}
}

CASE(connect_odd_address_v6, V6)
{
	static const char *const texts[] = { "ff02::1", "ff0e::1", "fe80::1", "::ffff:224.0.0.1",
					     "::ffff:192.0.2.1", "::2" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct addr a = address(texts[i], 80);
		int s = sut(SOCK_STREAM);

		record("%s", texts[i]);
		CALL(connect(s, SA(a)));
		NAMES(s);
	}
}

CASE(connect_port_zero, IPS)
{
	struct addr a = loopback(0);
	int s = sut(SOCK_STREAM);

	CALL(connect(s, SA(a)));
	NAMES(s);
}

CASE(connect_address_length, ENDS)
{
	struct addr a = {};
	struct { char bytes[256]; } big = {};
	int s = sut(SOCK_STREAM);

	listening(peer(SOCK_STREAM), 64, &a);
	for (int len = 0; len < (int)a.len; len += len < 14 ? 2 : 1) {
		int ret = connect(s, &a.sa, len);

		record("connect of %d bytes: %s", len, ret ? errno_name(errno) : "done");
		if (!ret)
			s = sut(SOCK_STREAM);
	}
	CALL(connect(s, &a.sa, -1));
	memcpy(&big, &a.sa, a.len);
	CALL(connect(s, (void *)&big, sizeof(struct sockaddr_storage) + 1));
	CALL(connect(s, (void *)&big, sizeof(struct sockaddr_storage)));
	CALL(connect(sut(SOCK_STREAM), NULL, a.len));
}

CASE(connect_family, ENDS)
{
	struct addr a = {}, b;
	int l = listening(peer(SOCK_STREAM), 64, &a);

	b = a;
	b.sa.sa_family = AF_UNIX;
	CALL(connect(sut(SOCK_STREAM), SA(b)));
	b.sa.sa_family = 200;
	CALL(connect(sut(SOCK_STREAM), SA(b)));
	b.sa.sa_family = 18;
	CALL(connect(sut(SOCK_STREAM), SA(b)));
	b = address(v6() ? "127.0.0.1" : "::1", port_of(&a));
	CALL(connect(sut(SOCK_STREAM), SA(b)));
	b.len = a.len;
	CALL(connect(sut(SOCK_STREAM), SA(b)));
	b.len = sizeof(b.ss);
	CALL(connect(sut(SOCK_STREAM), SA(b)));
	NAMES(l);
}

CASE(connect_already_connected, ENDS)
{
	struct addr a = {}, bad = {};
	int s, p;

	pair(&s, &p);
	listening(peer(SOCK_STREAM), 4, &a);
	CALL(connect(s, SA(a)));
	bad = a;
	bad.sa.sa_family = AF_UNIX;
	CALL(connect(s, SA(bad)));
	CALL(connect(s, &a.sa, 3));
	PUT(p, "still");
	RECV(s, 8, 0);
	pair_accepted(&s, &p);
	CALL(connect(s, SA(a)));
}

CASE(connect_after_shutdown, ENDS)
{
	struct addr a = {};
	int s, p;

	pair(&s, &p);
	listening(peer(SOCK_STREAM), 4, &a);
	CALL(shutdown(s, SHUT_RDWR));
	CALL(connect(s, SA(a)));
}

CASE(connect_after_reset, ENDS)
{
	struct addr a = {};
	int s, p;

	pair(&s, &p);
	listening(peer(SOCK_STREAM), 4, &a);
	reset(p);
	await(s, POLLHUP);
	CALL(connect(s, SA(a)));
	CALL(connect(s, SA(a)));
	ERROR(s);
	CALL(connect(s, SA(a)));
}

CASE(connect_after_end, ENDS)
{
	struct addr a = {};
	int s, p;

	/* Both directions ended, in good order. */
	pair(&s, &p);
	listening(peer(SOCK_STREAM), 4, &a);
	shutdown(p, SHUT_WR);
	RECV(s, 1, 0);
	shutdown(s, SHUT_WR);
	RECV(p, 1, 0);
	await(s, POLLHUP);
	await_state(s, ST_CLOSE);
	CALL(connect(s, SA(a)));
	NAMES(s);
}

CASE(connect_timeout, IPS)
{
	struct timeval tv = { 0, 50000 };
	struct addr a = blackhole();
	int s = sut(SOCK_STREAM);

	CALL(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	CALL(connect(s, SA(a)));
	ERROR(s);
	STATE(s);
	CALL(connect(s, SA(a)));
	CALL(send(s, "x", 1, MSG_NOSIGNAL));
	RECV(s, 1, MSG_DONTWAIT);
	STATE(s);
}

CASE(connect_interrupted, IPS)
{
	struct addr a = blackhole();
	int s = sut(SOCK_STREAM);
	struct worker connecting;

	count_signal(SIGUSR1, 0);
	START(connecting, SYS_connect, s, SA(a));
	interrupt(&connecting, SIGUSR1);
	JOINED(connecting);
	SIGNALS(SIGUSR1);
	STATE(s);
	nonblocking(s, true);
	CALL(connect(s, SA(a)));
}

CASE(connect_interrupted_with_timeout, IPS)
{
	struct timeval tv = { 100, 0 };
	struct addr a = blackhole();
	int s = sut(SOCK_STREAM);
	struct worker connecting;

	count_signal(SIGUSR1, SA_RESTART);
	set_int(s, SOL_SOCKET, SO_REUSEADDR, 1);
	CALL(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	START(connecting, SYS_connect, s, SA(a));
	interrupt(&connecting, SIGUSR1);
	JOINED(connecting);
	STATE(s);
}

CASE(connect_blocked_and_shutdown, IPS)
{
	struct addr a = blackhole();
	int s = sut(SOCK_STREAM);
	struct worker connecting;

	START(connecting, SYS_connect, s, SA(a));
	CALL(shutdown(s, SHUT_RDWR));
	JOINED(connecting);
	EVENTS(s);
	ERROR(s);
}

CASE(connect_user_timeout, IPS)
{
	struct addr a = blackhole();
	int s = sut(SOCK_STREAM);

	/* The third SYN would be due later than that. */
	CALL(set_int(s, IPPROTO_TCP, TCP_USER_TIMEOUT, 1500));
	CALL(connect(s, SA(a)));
	EVENTS(s);
	ERROR(s);
	NAMES(s);
}

CASE(connect_listener_closed, ENDS)
{
	struct addr a = {};
	int l = listening(peer(SOCK_STREAM), 4, &a), s = sut(SOCK_STREAM);

	close(l);
	CALL(connect(s, SA(a)));
	l = native(SOCK_STREAM);
	CALL(bind(l, SA(a)));
	CALL(listen(l, 1));
	CALL(connect(s, SA(a)));
}
