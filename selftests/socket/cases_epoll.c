// SPDX-License-Identifier: GPL-2.0-only
/* epoll: level and edge triggered, in sequences. */
#include <stdio.h>
#include <sys/epoll.h>

#include "cases.h"

static int watch(int fd, unsigned int events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };
	int ep = epoll_create1(0);

	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e))
		give_up("epoll");
	return ep;
}

static void change(int ep, int fd, unsigned int events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	CALL(epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e));
}

/* Waits for an event; records it, and that it was the only one. */
static unsigned int next(int ep)
{
	struct epoll_event e[2];
	int nr = epoll_wait(ep, e, 2, patience());

	if (nr != 1) {
		record("%d events", nr);
		record_late("an event");
		return 0;
	}
	record("epoll: %s%s", event_names(e[0].events),
	       e[0].events & ~0xffffu ? " and flags" : "");
	return e[0].events;
}

/* Takes events until all of these have been there together. */
static void next_with(int ep, unsigned int want)
{
	struct epoll_event e = {};

	while (epoll_wait(ep, &e, 1, patience()) == 1)
		if ((e.events & want) == want) {
			record("epoll: %s", event_names(e.events));
			return;
		}
	record_late("an event");
}

static void no_more(int ep)
{
	struct epoll_event e;

	record("%d more", epoll_wait(ep, &e, 1, MS_QUIET));
}

CASE(epoll_level, ENDS)
{
	int s, p, ep;

	pair(&s, &p);
	ep = watch(s, EPOLLIN);
	no_more(ep);
	PUT(p, "abc");
	await_bytes(s, 3);
	next(ep);
	next(ep);
	RECV(s, 1, 0);
	next(ep);
	RECV(s, 2, 0);
	no_more(ep);
}

CASE(epoll_edge, ENDS)
{
	int s, p, ep;

	pair(&s, &p);
	ep = watch(s, EPOLLIN | EPOLLET);
	no_more(ep);
	PUT(p, "abc");
	next(ep);
	no_more(ep);
	RECV(s, 1, 0);
	no_more(ep);
	PUT(p, "de");
	next(ep);
	no_more(ep);
	await_bytes(s, 4);
	RECV(s, 8, 0);
	no_more(ep);
	PUT(p, "f");
	next(ep);
}

CASE(epoll_edge_both, ENDS)
{
	int s, p, ep;

	pair(&s, &p);
	ep = watch(s, EPOLLIN | EPOLLOUT | EPOLLET);
	next(ep);
	no_more(ep);
	PUT(p, "x");
	next(ep);
	no_more(ep);
	PUT(s, "not an event");
	await_sent(s);
	no_more(ep);
}

CASE(epoll_edge_added_with_data, ENDS)
{
	int s, p, ep;

	pair(&s, &p);
	PUT(p, "x");
	await(s, POLLIN);
	ep = watch(s, EPOLLIN | EPOLLET);
	next(ep);
	no_more(ep);
	change(ep, s, EPOLLIN | EPOLLET);
	next(ep);
	no_more(ep);
}

CASE(epoll_edge_room, ENDS)
{
	size_t sent;
	int s, p, ep;

	pair(&s, &p);
	ep = watch(s, EPOLLOUT | EPOLLET);
	next(ep);
	sent = fill(s);
	/* Room that came and went while it was filled. */
	while (epoll_wait(ep, &(struct epoll_event){}, 1, 0) == 1)
		;
	no_more(ep);
	record("all arrives: %d", drain(p, sent) == sent);
	next_with(ep, EPOLLOUT);
	CALL(send(s, "x", 1, MSG_DONTWAIT));
}

CASE(epoll_edge_end, ENDS)
{
	int s, p, ep;

	pair(&s, &p);
	ep = watch(s, EPOLLIN | EPOLLRDHUP | EPOLLET);
	shutdown(p, SHUT_WR);
	next_with(ep, EPOLLIN | EPOLLRDHUP);
	no_more(ep);
	RECV(s, 1, 0);
	no_more(ep);
}

CASE(epoll_rdhup_only, ENDS)
{
	int s, p, ep;

	pair(&s, &p);
	ep = watch(s, EPOLLRDHUP);
	PUT(p, "x");
	await(s, POLLIN);
	no_more(ep);
	close(p);
	next(ep);
	next(ep);
}

CASE(epoll_reset, ENDS)
{
	int s, p, ep;

	pair(&s, &p);
	ep = watch(s, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
	reset(p);
	next_with(ep, EPOLLERR | EPOLLHUP | EPOLLIN);
	RECV(s, 1, 0);
	next(ep);
}

CASE(epoll_reset_edge, ENDS)
{
	int s, p, ep;

	pair(&s, &p);
	ep = watch(s, EPOLLET);
	no_more(ep);
	reset(p);
	next_with(ep, EPOLLERR | EPOLLHUP);
}

CASE(epoll_oneshot, ENDS)
{
	int s, p, ep;

	pair(&s, &p);
	ep = watch(s, EPOLLIN | EPOLLONESHOT);
	PUT(p, "a");
	next(ep);
	no_more(ep);
	PUT(p, "b");
	await_bytes(s, 2);
	no_more(ep);
	change(ep, s, EPOLLIN | EPOLLONESHOT);
	next(ep);
	no_more(ep);
	RECV(s, 8, 0);
	change(ep, s, EPOLLIN | EPOLLONESHOT);
	no_more(ep);
	close(p);
	next(ep);
}

CASE(epoll_unconnected, IPS)
{
	int s = sut(SOCK_STREAM), ep = watch(s, EPOLLIN | EPOLLOUT);

	next(ep);
	ep = watch(s, EPOLLIN | EPOLLOUT | EPOLLET);
	next(ep);
	no_more(ep);
}

CASE(epoll_connecting, ENDS)
{
	struct addr a = {};
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK), ep;

	listening(peer(SOCK_STREAM), 4, &a);
	CALL(connect(s, SA(a)));
	ep = watch(s, EPOLLOUT);
	next(ep);
	ERROR(s);
}

CASE(epoll_connecting_edge, ENDS)
{
	struct addr a = {};
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK), ep;

	listening(peer(SOCK_STREAM), 4, &a);
	/* It says that it hangs up before it is connected. */
	ep = watch(s, EPOLLIN | EPOLLOUT | EPOLLET);
	next(ep);
	CALL(connect(s, SA(a)));
	await_state(s, ST_ESTABLISHED);
	next(ep);
	no_more(ep);
}

CASE(epoll_refused, IPS)
{
	struct addr a = closed_port(SOCK_STREAM);
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK), ep;

	CALL(connect(s, SA(a)));
	ep = watch(s, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
	next_with(ep, EPOLLERR | EPOLLHUP | EPOLLIN);
	ERROR(s);
	next(ep);
}

CASE(epoll_listening, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM | SOCK_NONBLOCK), 8, &a);
	int level = watch(s, EPOLLIN), edge = watch(s, EPOLLIN | EPOLLET);

	no_more(level);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	next(level);
	next(edge);
	no_more(edge);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	next(edge);
	FD(accept(s, NULL, NULL));
	next(level);
	await(s, POLLIN);
	FD(accept(s, NULL, NULL));
	no_more(level);
	no_more(edge);
}

CASE(epoll_closed_while_watched, ENDS)
{
	int s, p, ep;

	pair(&s, &p);
	ep = watch(s, EPOLLIN);
	CALL(close(s));
	no_more(ep);
}

CASE(epoll_copy_left, ENDS)
{
	int s, p, ep;

	/* What is watched is the open file, not its number. */
	pair(&s, &p);
	ep = watch(s, EPOLLIN);
	FD(dup(s));
	CALL(close(s));
	PUT(p, "x");
	next(ep);
}

CASE(epoll_exclusive, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 8, &a);
	int ep1 = watch(s, EPOLLIN | EPOLLEXCLUSIVE), ep2 = watch(s, EPOLLIN | EPOLLEXCLUSIVE);
	struct epoll_event e = { .events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT };

	CALL(connect(peer(SOCK_STREAM), SA(a)));
	next(ep1);
	next(ep2);
	CALL(epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, s, &e));
}

CASE(epoll_nested, ENDS)
{
	int s, p, inner, outer;

	pair(&s, &p);
	inner = watch(s, EPOLLIN);
	outer = watch(inner, EPOLLIN);
	no_more(outer);
	PUT(p, "x");
	next(outer);
	next(inner);
	RECV(s, 1, 0);
	no_more(outer);
}

CASE(epoll_blocked, ENDS)
{
	struct epoll_event e = {};
	struct worker waiting;
	int s, p, ep;

	pair(&s, &p);
	ep = watch(s, EPOLLIN);
	START(waiting, SYS_epoll_wait, ep, &e, 1, MS_LONG);
	PUT(p, "x");
	JOINED(waiting);
	record("%s", event_names(e.events));
}

CASE(epoll_blocked_until_shutdown, ENDS)
{
	struct epoll_event e = {};
	struct worker waiting;
	int s, p, ep;

	pair(&s, &p);
	ep = watch(s, EPOLLIN | EPOLLRDHUP);
	START(waiting, SYS_epoll_wait, ep, &e, 1, MS_LONG);
	CALL(shutdown(s, SHUT_RDWR));
	JOINED(waiting);
	record("%s", event_names(e.events));
}

CASE(epoll_udp_edge, ENDS)
{
	int s, p, ep;

	udp_pair(&s, &p);
	ep = watch(s, EPOLLIN | EPOLLET);
	PUT(p, "1");
	next(ep);
	no_more(ep);
	PUT(p, "2");
	next(ep);
	RECV(s, 8, 0);
	no_more(ep);
	RECV(s, 8, 0);
	PUT(p, "3");
	next(ep);
}

CASE(epoll_udp_shutdown, ENDS)
{
	int s, p, ep;

	udp_pair(&s, &p);
	ep = watch(s, EPOLLIN | EPOLLRDHUP);
	no_more(ep);
	CALL(shutdown(s, SHUT_RD));
	next(ep);
	CALL(shutdown(s, SHUT_WR));
	next(ep);
}
