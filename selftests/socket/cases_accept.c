// SPDX-License-Identifier: GPL-2.0-only
/* accept(): its arguments, what it gives, and what was set before. */
#include <linux/tcp.h>
#include <sys/resource.h>

#include "cases.h"

CASE(accept_not_listening, IPS)
{
	struct addr a = {};
	int s = sut(SOCK_STREAM);

	FD(accept(s, NULL, NULL));
	bound(s, &a);
	FD(accept(s, NULL, NULL));
}

CASE(accept_on_connected, ENDS)
{
	int s, p;

	pair(&s, &p);
	FD(accept(s, NULL, NULL));
	pair_accepted(&s, &p);
	FD(accept(s, NULL, NULL));
}

CASE(accept_nothing_there, IPS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM | SOCK_NONBLOCK), 1, &a);

	FD(accept(s, NULL, NULL));
	FD(accept4(s, NULL, NULL, SOCK_CLOEXEC));
}

CASE(accept_flags, ENDS)
{
	static const int flags[] = { 0, SOCK_NONBLOCK, SOCK_CLOEXEC, SOCK_NONBLOCK | SOCK_CLOEXEC };
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM | SOCK_NONBLOCK), 8, &a);

	for (int i = 0; i < 4; i++) {
		int fd;

		CALL(connect(peer(SOCK_STREAM), SA(a)));
		await(s, POLLIN);
		fd = FD(accept4(s, NULL, NULL, flags[i]));
		record("nonblocking %d, closed on exec %d", !!(fcntl(fd, F_GETFL) & O_NONBLOCK),
		       !!(fcntl(fd, F_GETFD) & FD_CLOEXEC));
	}
	FD(accept4(s, NULL, NULL, 0x10));
}

static int one_waiting(struct addr *a)
{
	int s = listening(sut(SOCK_STREAM), 8, a);

	if (connect(peer(SOCK_STREAM), &a->sa, a->len))
		give_up("connect");
	await(s, POLLIN);
	return s;
}

CASE(accept_address, ENDS)
{
	struct addr a = {}, b = { .len = sizeof(b.ss) };
	int s = one_waiting(&a), c = FD(accept(s, &b.sa, &b.len));

	record("from %s, %u bytes", addr_text(SA(b)), b.len);
	NAMES(c);
}

CASE(accept_address_cut, ENDS)
{
	struct addr a = {}, b = { .len = 4 };
	int s = one_waiting(&a);

	memset(&b.ss, 0x55, sizeof(b.ss));
	FD(accept(s, &b.sa, &b.len));
	record("%u bytes, family %u, behind it %#x", b.len, b.sa.sa_family,
	       ((unsigned char *)&b.ss)[4]);
	if (connect(peer(SOCK_STREAM), &a.sa, a.len))
		give_up("connect");
	b.len = 0;
	FD(accept(s, &b.sa, &b.len));
	record("%u bytes", b.len);
}

CASE(accept_address_bad, ENDS)
{
	struct addr a = {}, c = {}, d = {}, b = { .len = -1 };
	socklen_t len = sizeof(struct sockaddr_in6);
	int s = one_waiting(&a);

	/* The connection is lost then. */
	FD(accept(s, &b.sa, &b.len));
	nonblocking(s, true);
	FD(accept(s, NULL, NULL));
	s = one_waiting(&c);
	FD(accept(s, bad, &len));
	nonblocking(s, true);
	FD(accept(s, NULL, NULL));
	s = one_waiting(&d);
	FD(accept(s, &b.sa, NULL));
}

CASE(accept_in_order, ENDS)
{
	struct addr a = {}, b;
	int s = listening(sut(SOCK_STREAM), 8, &a), p[3];

	for (int i = 0; i < 3; i++) {
		p[i] = peer(SOCK_STREAM);
		CALL(connect(p[i], SA(a)));
		NAMES(p[i]);
	}
	for (int i = 0; i < 3; i++) {
		b.len = sizeof(b.ss);
		await(s, POLLIN);
		FD(accept(s, &b.sa, &b.len));
		record("%s", addr_text(SA(b)));
	}
}

static void set_before(int s)
{
	struct linger linger = { 1, 7 };
	struct timeval tv = { 3, 250000 };

	set_int(s, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(s, SOL_SOCKET, SO_OOBINLINE, 1);
	set_int(s, SOL_SOCKET, SO_PRIORITY, 3);
	set_int(s, SOL_SOCKET, SO_MARK, 77);
	set_int(s, SOL_SOCKET, SO_RCVBUF, 50000);
	set_int(s, SOL_SOCKET, SO_SNDBUF, 60000);
	set_int(s, SOL_SOCKET, SO_RCVLOWAT, 9);
	set_int(s, SOL_SOCKET, SO_REUSEADDR, 1);
	setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	set_int(s, IPPROTO_TCP, TCP_NODELAY, 1);
	set_int(s, IPPROTO_TCP, TCP_KEEPIDLE, 111);
	set_int(s, IPPROTO_TCP, TCP_KEEPINTVL, 22);
	set_int(s, IPPROTO_TCP, TCP_KEEPCNT, 3);
	set_int(s, IPPROTO_TCP, TCP_USER_TIMEOUT, 44444);
	set_int(s, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 5555);
	setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
	if (v6()) {
		set_int(s, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 33);
		set_int(s, IPPROTO_IPV6, IPV6_TCLASS, 0x20);
	} else {
		set_int(s, IPPROTO_IP, IP_TTL, 33);
		set_int(s, IPPROTO_IP, IP_TOS, 0x20);
	}
}

static void show_after(int s)
{
	struct linger linger = {};
	struct timeval tv = {};
	char name[16] = {};
	socklen_t len;

	OPT(s, SOL_SOCKET, SO_KEEPALIVE);
	OPT(s, SOL_SOCKET, SO_OOBINLINE);
	OPT(s, SOL_SOCKET, SO_PRIORITY);
	OPT(s, SOL_SOCKET, SO_MARK);
	OPT(s, SOL_SOCKET, SO_RCVBUF);
	OPT(s, SOL_SOCKET, SO_SNDBUF);
	OPT(s, SOL_SOCKET, SO_RCVLOWAT);
	OPT(s, SOL_SOCKET, SO_REUSEADDR);
	OPT(s, SOL_SOCKET, SO_ACCEPTCONN);
	len = sizeof(linger);
	getsockopt(s, SOL_SOCKET, SO_LINGER, &linger, &len);
	len = sizeof(tv);
	getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, &len);
	record("linger %d %d, timeout %ld.%06ld", linger.l_onoff, linger.l_linger, tv.tv_sec,
	       tv.tv_usec);
	OPT(s, IPPROTO_TCP, TCP_NODELAY);
	OPT(s, IPPROTO_TCP, TCP_KEEPIDLE);
	OPT(s, IPPROTO_TCP, TCP_KEEPINTVL);
	OPT(s, IPPROTO_TCP, TCP_KEEPCNT);
	OPT(s, IPPROTO_TCP, TCP_USER_TIMEOUT);
	OPT(s, IPPROTO_TCP, TCP_NOTSENT_LOWAT);
	len = sizeof(name) - 1;
	getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &len);
	record("congestion control %s", name);
	if (v6()) {
		OPT(s, IPPROTO_IPV6, IPV6_UNICAST_HOPS);
		OPT(s, IPPROTO_IPV6, IPV6_TCLASS);
	} else {
		OPT(s, IPPROTO_IP, IP_TTL);
		OPT(s, IPPROTO_IP, IP_TOS);
	}
}

CASE(accept_inherits, ENDS)
{
	struct addr a = {};
	int s = sut(SOCK_STREAM), p = peer(SOCK_STREAM), c;

	set_before(s);
	listening(s, 8, &a);
	connected(p, s, &c);
	show_after(c);
}

/* Set once it is there but not yet accepted: too late for it. */
CASE(accept_inherits_at_connection, ENDS)
{
	struct addr a = {};
	int s = one_waiting(&a), c;

	set_int(s, IPPROTO_TCP, TCP_NODELAY, 1);
	set_int(s, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(s, IPPROTO_TCP, TCP_KEEPIDLE, 111);
	c = FD(accept(s, NULL, NULL));
	OPT(c, IPPROTO_TCP, TCP_NODELAY);
	OPT(c, SOL_SOCKET, SO_KEEPALIVE);
	OPT(c, IPPROTO_TCP, TCP_KEEPIDLE);
}

CASE(accept_closed_already, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 8, &a), p = peer(SOCK_STREAM), c;

	CALL(connect(p, SA(a)));
	PUT(p, "last words");
	close(p);
	await(s, POLLIN);
	c = FD(accept(s, NULL, NULL));
	WAIT(c, POLLIN | POLLRDHUP);
	RECV(c, 32, 0);
	RECV(c, 32, 0);
	NAMES(c);
}

CASE(accept_reset_already, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 8, &a), p = peer(SOCK_STREAM), c;

	CALL(connect(p, SA(a)));
	await(s, POLLIN);
	reset(p);
	c = FD(accept(s, NULL, NULL));
	WAIT(c, POLLIN | POLLERR | POLLHUP);
	RECV(c, 32, 0);
	RECV(c, 32, 0);
	NAMES(c);
}

CASE(accept_no_descriptor, ENDS)
{
	struct rlimit old, none = {};
	struct addr a = {};
	int s = one_waiting(&a);

	getrlimit(RLIMIT_NOFILE, &old);
	none.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_NOFILE, &none);
	FD(accept(s, NULL, NULL));
	setrlimit(RLIMIT_NOFILE, &old);
	FD(accept(s, NULL, NULL));
}

CASE(accept_deferred, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 8, &a), p = peer(SOCK_STREAM), c;

	CALL(set_int(s, IPPROTO_TCP, TCP_DEFER_ACCEPT, 30));
	OPT(s, IPPROTO_TCP, TCP_DEFER_ACCEPT);
	CALL(connect(p, SA(a)));
	QUIET(s, POLLIN);
	PUT(p, "now");
	WAIT(s, POLLIN);
	c = FD(accept(s, NULL, NULL));
	EVENTS(c);
	RECV(c, 16, MSG_DONTWAIT);
	OPT(c, IPPROTO_TCP, TCP_DEFER_ACCEPT);
}

CASE(accept_timeout, IPS)
{
	struct timeval tv = { 0, 30000 };
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 8, &a);

	CALL(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	FD(accept(s, NULL, NULL));
}

CASE(accept_listener_closed_meanwhile, ENDS)
{
	struct addr a = {};
	int listener = listening(sut(SOCK_STREAM), 8, &a), p = peer(SOCK_STREAM), s;

	connected(p, listener, &s);
	CALL(close(listener));
	PUT(p, "on");
	RECV(s, 4, 0);
	PUT(s, "and on");
	RECV(p, 8, 0);
}

CASE(accept_many, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 64, &a), p[32], c[32], good = 0;

	for (int i = 0; i < 32; i++) {
		p[i] = peer(SOCK_STREAM);
		if (connect(p[i], &a.sa, a.len))
			give_up("connect");
		put(p[i], &i, sizeof(i));
	}
	for (int i = 0; i < 32; i++) {
		int got = -1;

		await(s, POLLIN);
		c[i] = accept(s, NULL, NULL);
		get(c[i], &got, sizeof(got));
		good += got == i;
	}
	record("%d in order", good);
}
