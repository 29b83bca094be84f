// SPDX-License-Identifier: GPL-2.0-only
/* poll() and select(): what is to be seen in each state. */
#include "cases.h"

CASE(poll_unconnected, IPS)
{
	struct addr a = {};
	int s = sut(SOCK_STREAM);

	EVENTS(s);
	bound(s, &a);
	EVENTS(s);
}

CASE(poll_connected, ENDS)
{
	int s, p;

	pair(&s, &p);
	EVENTS(s);
	PUT(p, "data");
	WAIT(s, POLLIN);
	RECV(s, 2, 0);
	EVENTS(s);
	RECV(s, 2, 0);
	EVENTS(s);
	pair_accepted(&s, &p);
	EVENTS(s);
}

CASE(poll_half_closed_by_peer, ENDS)
{
	int s, p;

	pair(&s, &p);
	shutdown(p, SHUT_WR);
	WAIT(s, POLLRDHUP);
	RECV(s, 1, 0);
	EVENTS(s);
	CALL(shutdown(s, SHUT_WR));
	WAIT(s, POLLHUP);
}

CASE(poll_shut_read, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(shutdown(s, SHUT_RD));
	EVENTS(s);
	PUT(p, "x");
	await_bytes(s, 1);
	EVENTS(s);
	shutdown(p, SHUT_WR);
	await_state(s, ST_CLOSE_WAIT);
	EVENTS(s);
}

CASE(poll_shut_write, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(shutdown(s, SHUT_WR));
	EVENTS(s);
	PUT(p, "x");
	WAIT(s, POLLIN);
	shutdown(p, SHUT_WR);
	WAIT(s, POLLHUP);
	RECV(s, 1, 0);
	EVENTS(s);
}

CASE(poll_reset, ENDS)
{
	int s, p;

	pair(&s, &p);
	reset(p);
	WAIT(s, POLLERR | POLLHUP);
	ERROR(s);
	EVENTS(s);
}

CASE(poll_full, ENDS)
{
	size_t sent;
	int s, p;

	pair(&s, &p);
	sent = fill(s);
	EVENTS(s);
	PUT(p, "x");
	WAIT(s, POLLIN);
	CALL(drain(p, sent) == sent);
	WAIT(s, POLLOUT);
}

/* poll() asks for little, and gets what nobody asked for, too. */
CASE(poll_asks_for_nothing, ENDS)
{
	struct pollfd pfd = {};
	int s, p;

	pair(&s, &p);
	pfd.fd = s;
	CALL(poll(&pfd, 1, 0));
	record("%s", event_names(pfd.revents));
	PUT(p, "x");
	await(s, POLLIN);
	CALL(poll(&pfd, 1, 0));
	reset(p);
	await(s, POLLHUP);
	CALL(poll(&pfd, 1, 0));
	record("%s", event_names(pfd.revents));
}

CASE(poll_asks_for_one, ENDS)
{
	static const short asked[] = { POLLIN,	   POLLOUT,    POLLPRI,	   POLLRDNORM, POLLRDBAND,
				       POLLWRNORM, POLLWRBAND, POLLRDHUP, POLLMSG };
	struct pollfd pfd = {};
	int s, p;

	pair(&s, &p);
	PUT(p, "data");
	shutdown(p, SHUT_WR);
	await(s, POLLRDHUP);
	pfd.fd = s;
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		pfd.events = asked[i];
		poll(&pfd, 1, 0);
		record("%s: %s", event_names(asked[i]), event_names(pfd.revents));
	}
}

CASE(poll_blocked_until_data, ENDS)
{
	struct pollfd pfd = { .events = POLLIN };
	struct worker polling;
	int s, p;

	pair(&s, &p);
	pfd.fd = s;
	START(polling, SYS_poll, &pfd, 1, MS_LONG);
	PUT(p, "x");
	JOINED(polling);
	record("%s", event_names(pfd.revents));
}

CASE(poll_blocked_until_end, ENDS)
{
	struct pollfd pfd = { .events = POLLRDHUP };
	struct worker polling;
	int s, p;

	pair(&s, &p);
	pfd.fd = s;
	START(polling, SYS_poll, &pfd, 1, MS_LONG);
	PUT(p, "no reason to wake");
	BLOCKED(polling);
	close(p);
	JOINED(polling);
	record("%s", event_names(pfd.revents));
}

CASE(poll_blocked_until_reset, ENDS)
{
	struct pollfd pfd = {};
	struct worker polling;
	int s, p;

	pair(&s, &p);
	pfd.fd = s;
	START(polling, SYS_poll, &pfd, 1, MS_LONG);
	reset(p);
	JOINED(polling);
	WAIT(s, POLLERR | POLLHUP);
}

CASE(poll_blocked_until_shutdown, ENDS)
{
	struct pollfd pfd = { .events = POLLIN };
	struct worker polling;
	int s, p;

	pair(&s, &p);
	pfd.fd = s;
	START(polling, SYS_poll, &pfd, 1, MS_LONG);
	CALL(shutdown(s, SHUT_RD));
	JOINED(polling);
	record("%s", event_names(pfd.revents));
}

CASE(poll_blocked_until_room, ENDS)
{
	struct pollfd pfd = { .events = POLLOUT };
	struct worker polling;
	size_t sent;
	int s, p;

	pair(&s, &p);
	sent = fill(s);
	pfd.fd = s;
	START(polling, SYS_poll, &pfd, 1, MS_LONG);
	BLOCKED(polling);
	record("all arrives: %d", drain(p, sent) == sent);
	JOINED(polling);
	record("%s", event_names(pfd.revents));
}

CASE(poll_blocked_until_connection, ENDS)
{
	struct pollfd pfd = { .events = POLLIN };
	struct addr a = {};
	struct worker polling;
	int s = listening(sut(SOCK_STREAM), 4, &a), p = peer(SOCK_STREAM);

	pfd.fd = s;
	START(polling, SYS_poll, &pfd, 1, MS_LONG);
	CALL(connect(p, SA(a)));
	JOINED(polling);
	record("%s", event_names(pfd.revents));
}

CASE(poll_blocked_listener_shutdown, IPS)
{
	struct pollfd pfd = { .events = POLLIN };
	struct addr a = {};
	struct worker polling;
	int s = listening(sut(SOCK_STREAM), 4, &a);

	pfd.fd = s;
	START(polling, SYS_poll, &pfd, 1, MS_LONG);
	CALL(shutdown(s, SHUT_RD));
	JOINED(polling);
	record("%s", event_names(pfd.revents));
}

static void show_select(int fd)
{
	struct timeval now = {};
	fd_set in, out, except;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&except);
	FD_SET(fd, &in);
	FD_SET(fd, &out);
	FD_SET(fd, &except);
	CALL(select(fd + 1, &in, &out, &except, &now));
	record("read %d write %d except %d", !!FD_ISSET(fd, &in), !!FD_ISSET(fd, &out),
	       !!FD_ISSET(fd, &except));
}

CASE(select_states, ENDS)
{
	struct addr a = {};
	int s = sut(SOCK_STREAM), p, l;

	show_select(s);
	l = listening(peer(SOCK_STREAM), 4, &a);
	connected(s, l, &p);
	show_select(s);
	PUT(p, "x");
	await(s, POLLIN);
	show_select(s);
	RECV(s, 1, 0);
	shutdown(p, SHUT_WR);
	await(s, POLLRDHUP);
	show_select(s);
	reset(p);
	await(s, POLLHUP);
	show_select(s);
}

CASE(select_listening, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 4, &a);

	show_select(s);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	await(s, POLLIN);
	show_select(s);
}

CASE(select_connecting, IPS)
{
	struct addr a = blackhole(), b = closed_port(SOCK_STREAM);
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK);

	CALL(connect(s, SA(a)));
	show_select(s);
	s = sut(SOCK_STREAM | SOCK_NONBLOCK);
	CALL(connect(s, SA(b)));
	await(s, POLLHUP);
	show_select(s);
}

CASE(poll_udp, ENDS)
{
	int s, p, u = sut(SOCK_DGRAM);

	EVENTS(u);
	udp_pair(&s, &p);
	EVENTS(s);
	PUT(p, "x");
	WAIT(s, POLLIN);
	RECV(s, 8, 0);
	EVENTS(s);
	CALL(shutdown(s, SHUT_WR));
	EVENTS(s);
	CALL(shutdown(s, SHUT_RD));
	EVENTS(s);
}
