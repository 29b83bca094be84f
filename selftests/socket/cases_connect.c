// SPDX-License-Identifier: GPL-2.0-only
/* connect() of TCP: ways that lead to a connection. */
#include <linux/tcp.h>
#include <stdio.h>

#include "cases.h"

static struct addr none = { .sa.sa_family = AF_UNSPEC, .len = sizeof(struct sockaddr_in6) };

CASE(connect_blocking, ENDS)
{
	struct addr a = {};
	int l = listening(peer(SOCK_STREAM), 4, &a), s = sut(SOCK_STREAM);

	CALL(connect(s, SA(a)));
	NAMES(s);
	EVENTS(s);
	STATE(s);
	ERROR(s);
	CALL(connect(s, SA(a)));
	FD(accept(l, NULL, NULL));
}

CASE(connect_nonblocking, ENDS)
{
	struct addr a = {};
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK);

	listening(peer(SOCK_STREAM), 4, &a);
	CALL(connect(s, SA(a)));
	WAIT(s, POLLOUT);
	ERROR(s);
	NAMES(s);
	/* The first call after it says that it is done, the next that it was. */
	CALL(connect(s, SA(a)));
	CALL(connect(s, SA(a)));
}

CASE(connect_in_progress, IPS)
{
	struct addr a = blackhole();
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK);

	CALL(connect(s, SA(a)));
	STATE(s);
	EVENTS(s);
	NAMES(s);
	ERROR(s);
	CALL(connect(s, SA(a)));
	CALL(bind(s, SA(a)));
	CALL(send(s, "x", 1, 0));
	CALL(send(s, "x", 1, MSG_OOB));
	RECV(s, 1, 0);
	RECV(s, 1, MSG_OOB);
	SIGNALS(SIGPIPE);
	CALL(close(s));
}

CASE(connect_in_progress_shutdown, IPS)
{
	static const int how[] = { SHUT_RD, SHUT_WR, SHUT_RDWR };
	struct addr a = blackhole();

	for (int i = 0; i < 3; i++) {
		int s = sut(SOCK_STREAM | SOCK_NONBLOCK);

		CALL(connect(s, SA(a)));
		CALL(shutdown(s, how[i]));
		EVENTS(s);
		ERROR(s);
		STATE(s);
		NAMES(s);
		CALL(connect(s, SA(a)));
	}
}

CASE(connect_in_progress_disconnect, ENDS)
{
	struct addr a = blackhole(), b = {};
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK);

	CALL(connect(s, SA(a)));
	CALL(connect(s, SA(none)));
	EVENTS(s);
	ERROR(s);
	NAMES(s);
	nonblocking(s, false);
	listening(peer(SOCK_STREAM), 4, &b);
	CALL(connect(s, SA(b)));
	NAMES(s);
}

CASE(connect_disconnect, ENDS)
{
	struct addr b = {};
	int s, p, l;

	pair(&s, &p);
	CALL(connect(s, SA(none)));
	EVENTS(s);
	ERROR(s);
	NAMES(s);
	STATE(s);
	RECV(s, 1, 0);
	CALL(send(s, "x", 1, MSG_NOSIGNAL));
	WAIT(p, POLLERR | POLLHUP);
	RECV(p, 1, 0);
	l = listening(peer(SOCK_STREAM), 4, &b);
	CALL(connect(s, SA(b)));
	p = FD(accept(l, NULL, NULL));
	PUT(s, "again");
	RECV(p, 8, 0);
}

CASE(connect_disconnect_bound, ENDS)
{
	struct addr a = {}, b = {};
	int s = bound(sut(SOCK_STREAM), &b), l = listening(peer(SOCK_STREAM), 4, &a), p;

	connected(s, l, &p);
	CALL(connect(s, SA(none)));
	NAMES(s);
	await(p, POLLHUP);
	CALL(connect(s, SA(a)));
	NAMES(s);
}

CASE(connect_disconnect_unconnected, ENDS)
{
	struct addr a = {}, b = {};
	int s = sut(SOCK_STREAM);

	CALL(connect(s, SA(none)));
	NAMES(s);
	bound(s, &b);
	CALL(connect(s, SA(none)));
	NAMES(s);
	listening(peer(SOCK_STREAM), 4, &a);
	CALL(connect(s, SA(a)));
	NAMES(s);
}

CASE(connect_disconnect_with_data, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "unread");
	await(s, POLLIN);
	CALL(connect(s, SA(none)));
	EVENTS(s);
	RECV(s, 8, MSG_DONTWAIT);
	WAIT(p, POLLERR | POLLHUP);
	ERROR(p);
}

CASE(connect_disconnect_length, ENDS)
{
	int s, p;

	/* Only the family counts, if it is there. */
	pair(&s, &p);
	CALL(connect(s, &none.sa, 1));
	CALL(connect(s, &none.sa, 0));
	NAMES(s);
	CALL(connect(s, &none.sa, 2));
	NAMES(s);
}

CASE(connect_from_bound, ENDS)
{
	struct addr a = {}, b = {};
	int s = bound(sut(SOCK_STREAM), &b), l = listening(peer(SOCK_STREAM), 4, &a), p;

	NAMES(s);
	connected(s, l, &p);
	NAMES(s);
	NAMES(p);
}

CASE(connect_from_bound_any, ENDS)
{
	struct addr a = {}, b = any(0);
	int s = bound(sut(SOCK_STREAM), &b), l = listening(peer(SOCK_STREAM), 4, &a), p;

	NAMES(s);
	connected(s, l, &p);
	NAMES(s);
	NAMES(p);
}

CASE(connect_from_other_loopback, V4 | PEER)
{
	struct addr a = {}, b = address("127.5.6.7", 0);
	int s = bound(sut(SOCK_STREAM), &b), l = listening(peer(SOCK_STREAM), 4, &a), p;

	connected(s, l, &p);
	NAMES(s);
	NAMES(p);
}

CASE(connect_to_other_loopback, V4 | PEER)
{
	struct addr a = address("127.5.6.7", 0);
	int s = sut(SOCK_STREAM), l = listening(peer(SOCK_STREAM), 4, &a), p;

	connected(s, l, &p);
	NAMES(s);
	NAMES(p);
}

/* The address any means this host. */
CASE(connect_to_any, ENDS)
{
	struct addr a = {}, b;
	int s = sut(SOCK_STREAM), l = listening(peer(SOCK_STREAM), 4, &a);

	b = any(port_of(&a));
	CALL(connect(s, SA(b)));
	NAMES(s);
	FD(accept(l, NULL, NULL));
}

CASE(connect_mapped, V6 | PEER)
{
	struct addr a = any(0), b;
	int s = sut(SOCK_STREAM), l = listening(peer(SOCK_STREAM), 4, &a), p;

	b = address("::ffff:127.0.0.1", port_of(&a));
	CALL(connect(s, SA(b)));
	NAMES(s);
	p = FD(accept(l, NULL, NULL));
	NAMES(p);
	PUT(s, "mapped");
	RECV(p, 8, 0);
	OPT(s, IPPROTO_IPV6, IPV6_V6ONLY);
}

CASE(connect_mapped_to_v4, V6)
{
	struct addr a = address("127.0.0.1", 0), b;
	int s = sut(SOCK_STREAM), l = listening(socket(AF_INET, SOCK_STREAM, 0), 4, &a), p;

	b = address("::ffff:127.0.0.1", port_of(&a));
	CALL(connect(s, SA(b)));
	NAMES(s);
	p = FD(accept(l, NULL, NULL));
	NAMES(p);
}

CASE(connect_mapped_with_v6only, V6)
{
	struct addr a = any(0), b;
	int s = sut(SOCK_STREAM);

	listening(peer(SOCK_STREAM), 4, &a);
	b = address("::ffff:127.0.0.1", port_of(&a));
	CALL(set_int(s, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	CALL(connect(s, SA(b)));
	NAMES(s);
}

CASE(connect_mapped_after_bind_v6, V6)
{
	struct addr a = any(0), b = loopback(0), c;
	int s = bound(sut(SOCK_STREAM), &b);

	listening(peer(SOCK_STREAM), 4, &a);
	c = address("::ffff:127.0.0.1", port_of(&a));
	CALL(connect(s, SA(c)));
	NAMES(s);
}

CASE(connect_v6_after_bind_mapped, V6)
{
	struct addr a = {}, b = address("::ffff:127.0.0.1", 0);
	int s = bound(sut(SOCK_STREAM), &b);

	listening(peer(SOCK_STREAM), 4, &a);
	CALL(connect(s, SA(a)));
	NAMES(s);
}

/* To its own port: both ends open at once (RFC 9293, 3.5). */
CASE(connect_to_itself, IPS)
{
	struct addr a = {};
	int s = bound(sut(SOCK_STREAM), &a);

	CALL(connect(s, SA(a)));
	NAMES(s);
	STATE(s);
	CALL(send(s, "to me", 5, 0));
	WAIT(s, POLLIN);
	RECV(s, 8, 0);
	CALL(shutdown(s, SHUT_WR));
	WAIT(s, POLLIN | POLLRDHUP);
	RECV(s, 8, 0);
}

CASE(connect_same_addresses_twice, ENDS)
{
	struct addr a = {}, b = loopback(0);
	int s1 = sut(SOCK_STREAM), s2 = sut(SOCK_STREAM);

	listening(peer(SOCK_STREAM), 4, &a);
	set_int(s1, SOL_SOCKET, SO_REUSEADDR, 1);
	set_int(s2, SOL_SOCKET, SO_REUSEADDR, 1);
	bound(s1, &b);
	bound(s2, &b);
	CALL(connect(s1, SA(a)));
	CALL(connect(s2, SA(a)));
	NAMES(s2);
	ERROR(s2);
}

/* One port of ours, many connections. */
CASE(connect_one_port_two_peers, ENDS)
{
	struct addr a1 = {}, a2 = {}, b = loopback(0);
	int s1 = sut(SOCK_STREAM), s2 = sut(SOCK_STREAM);

	listening(peer(SOCK_STREAM), 4, &a1);
	listening(peer(SOCK_STREAM), 4, &a2);
	set_int(s1, SOL_SOCKET, SO_REUSEADDR, 1);
	set_int(s2, SOL_SOCKET, SO_REUSEADDR, 1);
	bound(s1, &b);
	bound(s2, &b);
	CALL(connect(s1, SA(a1)));
	CALL(connect(s2, SA(a2)));
	NAMES(s1);
	NAMES(s2);
}

CASE(connect_with_device, ENDS)
{
	struct addr a = {};
	int s = sut(SOCK_STREAM);

	listening(peer(SOCK_STREAM), 4, &a);
	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	CALL(connect(s, SA(a)));
	NAMES(s);
}

CASE(connect_send_before_done, ENDS)
{
	struct addr a = {};
	int l = listening(peer(SOCK_STREAM), 4, &a), s = sut(SOCK_STREAM | SOCK_NONBLOCK), p;

	CALL(connect(s, SA(a)));
	/* A blocking send waits for the connection. */
	nonblocking(s, false);
	CALL(send(s, "early", 5, 0));
	p = FD(accept(l, NULL, NULL));
	RECV(p, 8, 0);
}

CASE(connect_recv_before_done, ENDS)
{
	struct addr a = {};
	int l = listening(peer(SOCK_STREAM), 4, &a), s = sut(SOCK_STREAM | SOCK_NONBLOCK), p;

	CALL(connect(s, SA(a)));
	nonblocking(s, false);
	p = FD(accept(l, NULL, NULL));
	PUT(p, "hello");
	RECV(s, 8, 0);
}

CASE(connect_closed_at_once, ENDS)
{
	struct addr a = {};
	int l = listening(peer(SOCK_STREAM), 4, &a), s = sut(SOCK_STREAM), p;

	CALL(connect(s, SA(a)));
	CALL(close(s));
	p = FD(accept(l, NULL, NULL));
	WAIT(p, POLLIN | POLLRDHUP);
	RECV(p, 8, 0);
}

CASE(connect_blocked_in_poll, ENDS)
{
	struct addr a = {};
	struct pollfd pfd = { .events = POLLOUT };
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK);

	listening(peer(SOCK_STREAM), 4, &a);
	CALL(connect(s, SA(a)));
	pfd.fd = s;
	CALL(poll(&pfd, 1, patience()));
	record("%s", event_names(pfd.revents));
}

/* Ports of its own end; all of both go in the end with RST, so none stays. */
CASE(connect_ports_used_up, ENDS)
{
	static const char range[] = "/proc/sys/net/ipv4/ip_local_port_range";
	int file = open(range, O_WRONLY), s[5], port = free_port(SOCK_STREAM);
	struct addr a = loopback(port);
	char text[32];

	listening(peer(SOCK_STREAM), 8, &a);
	sprintf(text, "%d %d", port + 2, port + 5);
	if (write(file, text, strlen(text)) < 0)
		give_up(range);
	for (int i = 0; i < 5; i++) {
		s[i] = sut(SOCK_STREAM);
		CALL(connect(s[i], SA(a)));
	}
	ERROR(s[4]);
	for (int i = 0; i < 4; i++)
		reset(s[i]);
}
