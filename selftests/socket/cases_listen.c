// SPDX-License-Identifier: GPL-2.0-only
/* listen(), and what a listening socket does with other calls. */
#include <linux/sockios.h>
#include <linux/tcp.h>

#include "cases.h"

CASE(listen_unbound, ENDS)
{
	int s = sut(SOCK_STREAM), p = peer(SOCK_STREAM);
	struct addr a, b;

	CALL(listen(s, 1));
	NAMES(s);
	a = name_of(s);
	b = loopback(port_of(&a));
	CALL(connect(p, SA(b)));
	FD(accept(s, NULL, NULL));
}

CASE(listen_again, IPS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 1, &a);

	CALL(listen(s, 5));
	CALL(listen(s, 0));
	CALL(listen(s, -1));
	CALL(listen(s, 1000000));
	OPT(s, SOL_SOCKET, SO_ACCEPTCONN);
}

CASE(listen_connected, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(listen(s, 1));
	PUT(p, "still there");
	RECV(s, 32, 0);
}

CASE(listen_accepted, ENDS)
{
	int s, p;

	pair_accepted(&s, &p);
	CALL(listen(s, 1));
}

CASE(listen_connecting, IPS)
{
	struct addr a = blackhole();
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK);

	CALL(connect(s, SA(a)));
	CALL(listen(s, 1));
}

CASE(listen_after_refused, IPS)
{
	struct addr a = closed_port(SOCK_STREAM);
	int s = sut(SOCK_STREAM);

	CALL(connect(s, SA(a)));
	CALL(listen(s, 1));
	OPT(s, SOL_SOCKET, SO_ACCEPTCONN);
}

CASE(listen_udp, IPS)
{
	struct addr a = {};
	int d = sut(SOCK_DGRAM);

	CALL(listen(d, 1));
	bound(d, &a);
	CALL(listen(d, 1));
	FD(accept(d, NULL, NULL));
}

CASE(listen_conflict, IPS)
{
	struct addr a = loopback(0);
	int s1 = sut(SOCK_STREAM), s2 = sut(SOCK_STREAM);

	set_int(s1, SOL_SOCKET, SO_REUSEADDR, 1);
	set_int(s2, SOL_SOCKET, SO_REUSEADDR, 1);
	CALL(bind(s1, SA(a)));
	a = name_of(s1);
	CALL(bind(s2, SA(a)));
	CALL(listen(s1, 1));
	CALL(listen(s2, 1));
	CALL(close(s1));
	CALL(listen(s2, 1));
}

CASE(listen_connect, ENDS)
{
	struct addr a = {}, b = {};
	int s = listening(sut(SOCK_STREAM), 1, &a);

	listening(peer(SOCK_STREAM), 1, &b);
	CALL(connect(s, SA(b)));
	CALL(connect(s, SA(a)));
	OPT(s, SOL_SOCKET, SO_ACCEPTCONN);
}

CASE(listen_send_and_recv, IPS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 1, &a);

	CALL(send(s, "x", 1, 0));
	SIGNALS(SIGPIPE);
	CALL(send(s, "x", 1, MSG_NOSIGNAL));
	SIGNALS(SIGPIPE);
	CALL(sendto(s, "x", 1, MSG_NOSIGNAL, SA(a)));
	RECV(s, 1, 0);
	RECV(s, 1, MSG_DONTWAIT);
	RECV(s, 1, MSG_PEEK);
	RECV(s, 1, MSG_OOB);
	ERROR(s);
}

CASE(listen_ioctls, IPS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 1, &a), value = -7;

	CALL(ioctl(s, FIONREAD, &value));
	CALL(ioctl(s, SIOCOUTQ, &value));
	CALL(ioctl(s, SIOCOUTQNSD, &value));
	record("%d", value);
	CALL(ioctl(s, SIOCATMARK, &value));
	record("%d", value);
}

CASE(listen_names, IPS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 1, &a);

	NAMES(s);
}

CASE(listen_names_any, IPS)
{
	struct addr a = any(0);
	int s = listening(sut(SOCK_STREAM), 1, &a);

	NAMES(s);
}

CASE(listen_poll, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 4, &a), p = peer(SOCK_STREAM);

	EVENTS(s);
	CALL(connect(p, SA(a)));
	WAIT(s, POLLIN);
	FD(accept(s, NULL, NULL));
	EVENTS(s);
}

CASE(listen_shutdown, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 4, &a);

	CALL(shutdown(s, SHUT_WR));
	EVENTS(s);
	OPT(s, SOL_SOCKET, SO_ACCEPTCONN);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	FD(accept(s, NULL, NULL));
	CALL(shutdown(s, SHUT_RD));
	EVENTS(s);
	OPT(s, SOL_SOCKET, SO_ACCEPTCONN);
	FD(accept(s, NULL, NULL));
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	NAMES(s);
}

CASE(listen_shutdown_and_again, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 4, &a);

	CALL(shutdown(s, SHUT_RDWR));
	CALL(shutdown(s, SHUT_RDWR));
	NAMES(s);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	CALL(listen(s, 4));
	NAMES(s);
	a = name_of(s);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	FD(accept(s, NULL, NULL));
}

CASE(listen_disconnect, ENDS)
{
	struct addr a = {};
	struct addr none = { .sa.sa_family = AF_UNSPEC, .len = sizeof(struct sockaddr_in6) };
	int s = listening(sut(SOCK_STREAM), 4, &a);

	CALL(connect(s, SA(none)));
	OPT(s, SOL_SOCKET, SO_ACCEPTCONN);
	NAMES(s);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	FD(accept(s, NULL, NULL));
	/* A port that it had not asked for is gone, too. */
	CALL(listen(s, 4));
	NAMES(s);
	a = name_of(s);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	FD(accept(s, NULL, NULL));
}

CASE(listen_disconnect_own_port, ENDS)
{
	struct addr a = loopback(free_port(SOCK_STREAM));
	struct addr none = { .sa.sa_family = AF_UNSPEC, .len = sizeof(struct sockaddr_in6) };
	int s = listening(sut(SOCK_STREAM), 4, &a);

	CALL(connect(s, SA(none)));
	NAMES(s);
	CALL(listen(s, 4));
	NAMES(s);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	FD(accept(s, NULL, NULL));
}

CASE(listen_closed_with_waiting, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 4, &a);
	int p1 = peer(SOCK_STREAM), p2 = peer(SOCK_STREAM);

	CALL(connect(p1, SA(a)));
	CALL(connect(p2, SA(a)));
	PUT(p1, "never read");
	await(s, POLLIN);
	close(s);
	WAIT(p1, POLLIN | POLLERR | POLLHUP);
	RECV(p1, 1, 0);
	RECV(p1, 1, 0);
	WAIT(p2, POLLIN | POLLERR | POLLHUP);
	ERROR(p2);
	RECV(p2, 1, 0);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
}

CASE(listen_shutdown_with_waiting, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 4, &a), p = peer(SOCK_STREAM);

	CALL(connect(p, SA(a)));
	await(s, POLLIN);
	CALL(shutdown(s, SHUT_RD));
	WAIT(p, POLLIN | POLLERR | POLLHUP);
	ERROR(p);
	EVENTS(s);
}

/* What more come than may wait, are not answered until there is room. */
CASE(listen_backlog_full, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 1, &a), p[3];

	for (int i = 0; i < 2; i++) {
		p[i] = peer(SOCK_STREAM);
		CALL(connect(p[i], SA(a)));
	}
	await(s, POLLIN);
	p[2] = peer(SOCK_STREAM | SOCK_NONBLOCK);
	CALL(connect(p[2], SA(a)));
	QUIET(p[2], POLLOUT);
	FD(accept(s, NULL, NULL));
	WAIT(p[2], POLLOUT);
	FD(accept(s, NULL, NULL));
	await(s, POLLIN);
	FD(accept(s, NULL, NULL));
	nonblocking(s, true);
	FD(accept(s, NULL, NULL));
}

CASE(listen_backlog_in_tcp_info, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 5, &a);
	struct tcp_info info = {};
	socklen_t len = sizeof(info);

	CALL(getsockopt(s, IPPROTO_TCP, TCP_INFO, &info, &len));
	record("state %u, waiting %u of %u", info.tcpi_state, info.tcpi_unacked, info.tcpi_sacked);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	await(s, POLLIN);
	FD(accept(s, NULL, NULL));
	await(s, POLLIN);
	CALL(getsockopt(s, IPPROTO_TCP, TCP_INFO, &info, &len));
	record("state %u, waiting %u of %u", info.tcpi_state, info.tcpi_unacked, info.tcpi_sacked);
}

CASE(listen_for_both_families, V6)
{
	struct addr a = any(0), b;
	int s = listening(sut(SOCK_STREAM), 4, &a), p = socket(AF_INET, SOCK_STREAM, 0), c;

	b = address("127.0.0.1", port_of(&a));
	CALL(connect(p, SA(b)));
	c = FD(accept(s, NULL, NULL));
	NAMES(c);
	NAMES(p);
	OPT(c, IPPROTO_IPV6, IPV6_V6ONLY);
	PUT(p, "mapped");
	RECV(c, 16, 0);
}

CASE(listen_for_v6_only, V6)
{
	struct addr a = any(0), b;
	int s = sut(SOCK_STREAM);

	CALL(set_int(s, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	listening(s, 4, &a);
	b = address("127.0.0.1", port_of(&a));
	CALL(connect(socket(AF_INET, SOCK_STREAM, 0), SA(b)));
	b = address("::1", port_of(&a));
	CALL(connect(peer(SOCK_STREAM), SA(b)));
	s = FD(accept(s, NULL, NULL));
	OPT(s, IPPROTO_IPV6, IPV6_V6ONLY);
}

/* The one with the address is asked before the one for all. */
CASE(listen_exact_before_any, ENDS)
{
	struct addr a = any(0), b;
	int wide = sut(SOCK_STREAM), exact = sut(SOCK_STREAM);

	set_int(wide, SOL_SOCKET, SO_REUSEPORT, 1);
	set_int(exact, SOL_SOCKET, SO_REUSEPORT, 1);
	listening(wide, 4, &a);
	b = loopback(port_of(&a));
	listening(exact, 4, &b);
	CALL(connect(peer(SOCK_STREAM), SA(b)));
	await(exact, POLLIN);
	EVENTS(exact);
	EVENTS(wide);
}

CASE(listen_reuseport_spread, ENDS)
{
	struct addr a = loopback(0);
	int s[4], nr[4] = {}, sum = 0, idle = 0;

	for (int i = 0; i < 4; i++) {
		s[i] = sut(SOCK_STREAM);
		set_int(s[i], SOL_SOCKET, SO_REUSEPORT, 1);
		listening(s[i], 128, &a);
		nonblocking(s[i], true);
	}
	for (int i = 0; i < 100; i++) {
		if (connect(peer(SOCK_STREAM), &a.sa, a.len))
			give_up("connect");
	}
	for (int wait = 0; sum < 100 && wait < patience(); wait++, usleep(1000)) {
		for (int i = 0; i < 4; i++) {
			while (accept(s[i], NULL, NULL) >= 0) {
				nr[i]++;
				sum++;
			}
		}
	}
	for (int i = 0; i < 4; i++)
		idle += !nr[i];
	/* By chance one of four is idle once in 10^12 times. */
	record("accepted %d, by all but %d", sum, idle);
}
