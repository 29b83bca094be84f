// SPDX-License-Identifier: GPL-2.0-only
/* Ends of connections in good order: shutdown(), half closed, close(). */

#include "cases.h"

CASE(shutdown_unconnected, IPS)
{
	struct addr a = {};
	int s = sut(SOCK_STREAM);

	CALL(shutdown(s, SHUT_RD));
	CALL(shutdown(s, SHUT_WR));
	CALL(shutdown(s, SHUT_RDWR));
	EVENTS(s);
	bound(s, &a);
	CALL(shutdown(s, SHUT_RDWR));
	/* It did nothing. */
	listening(peer(SOCK_STREAM), 1, ({ a = (struct addr){}; &a; }));
	CALL(connect(s, SA(a)));
}

CASE(shutdown_how, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(shutdown(s, 3));
	CALL(shutdown(s, -1));
	CALL(shutdown(s, 100));
	EVENTS(s);
}

CASE(shutdown_twice, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(shutdown(s, SHUT_WR));
	CALL(shutdown(s, SHUT_WR));
	CALL(shutdown(s, SHUT_RD));
	CALL(shutdown(s, SHUT_RD));
	CALL(shutdown(s, SHUT_RDWR));
	EVENTS(s);
}

CASE(shutdown_write, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(shutdown(s, SHUT_WR));
	EVENTS(s);
	WAIT(p, POLLIN | POLLRDHUP);
	RECV(p, 8, 0);
	await_state(s, ST_FIN_WAIT2);
	STATE(s);
	STATE(p);
	NAMES(s);
	/* The other way is open. */
	CALL(send(p, "from the other", 14, 0));
	RECV(s, 32, 0);
	close(p);
	WAIT(s, POLLIN | POLLHUP | POLLRDHUP);
	RECV(s, 32, 0);
	NAMES(s);
	ERROR(s);
}

CASE(shutdown_write_with_data, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(send(s, "last words", 10, 0));
	CALL(shutdown(s, SHUT_WR));
	await(p, POLLRDHUP);
	RECV(p, 32, 0);
	RECV(p, 32, 0);
}

CASE(shutdown_read, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(shutdown(s, SHUT_RD));
	EVENTS(s);
	RECV(s, 8, 0);
	STATE(s);
	/* Nobody else learns of it. */
	QUIET(p, POLLIN | POLLRDHUP);
	CALL(send(p, "unheard", 7, 0));
	CALL(send(s, "this way", 8, 0));
	RECV(p, 32, 0);
}

CASE(shutdown_both, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(shutdown(s, SHUT_RDWR));
	EVENTS(s);
	RECV(s, 8, 0);
	CALL(send(s, "x", 1, MSG_NOSIGNAL));
	NAMES(s);
	WAIT(p, POLLIN | POLLRDHUP);
	RECV(p, 8, 0);
	close(p);
	await_state(s, ST_CLOSE);
	EVENTS(s);
	NAMES(s);
}

CASE(shutdown_by_peer, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(shutdown(p, SHUT_WR));
	WAIT(s, POLLIN | POLLRDHUP);
	STATE(s);
	RECV(s, 8, 0);
	RECV(s, 8, 0);
	CALL(send(s, "still open", 10, 0));
	RECV(p, 32, 0);
	CALL(shutdown(s, SHUT_RD));
	EVENTS(s);
	CALL(shutdown(s, SHUT_WR));
	WAIT(s, POLLHUP);
	RECV(p, 32, 0);
	CALL(shutdown(s, SHUT_RDWR));
}

CASE(shutdown_both_ends, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(shutdown(p, SHUT_WR));
	CALL(shutdown(s, SHUT_WR));
	WAIT(s, POLLIN | POLLHUP | POLLRDHUP);
	WAIT(p, POLLIN | POLLHUP | POLLRDHUP);
	RECV(s, 8, 0);
	RECV(p, 8, 0);
	CALL(send(s, "x", 1, MSG_NOSIGNAL));
	ERROR(s);
}

CASE(shutdown_after_reset, ENDS)
{
	int s, p;

	pair(&s, &p);
	reset(p);
	await(s, POLLHUP);
	CALL(shutdown(s, SHUT_WR));
	CALL(shutdown(s, SHUT_RD));
	ERROR(s);
	CALL(shutdown(s, SHUT_RDWR));
}

CASE(shutdown_after_end, ENDS)
{
	int s, p;

	pair(&s, &p);
	shutdown(p, SHUT_WR);
	await(s, POLLRDHUP);
	CALL(shutdown(s, SHUT_WR));
	await_state(s, ST_CLOSE);
	CALL(shutdown(s, SHUT_WR));
	CALL(shutdown(s, SHUT_RD));
	RECV(s, 1, 0);
}

CASE(shutdown_accepted, ENDS)
{
	int s, p;

	pair_accepted(&s, &p);
	CALL(shutdown(s, SHUT_WR));
	WAIT(p, POLLIN | POLLRDHUP);
	RECV(p, 8, 0);
	PUT(p, "one way");
	RECV(s, 8, 0);
	CALL(close(p));
	WAIT(s, POLLIN | POLLHUP | POLLRDHUP);
}

CASE(shutdown_after_poll_error, ENDS)
{
	int s, p;

	/* The peer reads no more, and says so when something comes. */
	pair(&s, &p);
	CALL(close(p));
	await(s, POLLRDHUP);
	CALL(send(s, "x", 1, 0));
	await(s, POLLHUP);
	EVENTS(s);
	CALL(shutdown(s, SHUT_RDWR));
	ERROR(s);
	RECV(s, 1, 0);
}

CASE(close_peer_reads_rest, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(s, "the rest");
	CALL(close(s));
	await(p, POLLRDHUP);
	RECV(p, 32, 0);
	RECV(p, 32, 0);
	EVENTS(p);
}

CASE(close_much_to_send, ENDS)
{
	size_t sent;
	int s, p;

	pair(&s, &p);
	sent = fill(s);
	CALL(close(s));
	record("all arrives: %d", drain(p, sent) == sent);
	WAIT(p, POLLIN | POLLRDHUP);
	RECV(p, 8, 0);
}

CASE(close_other_name_left, ENDS)
{
	int s, p, copy;

	pair(&s, &p);
	copy = dup(s);
	CALL(close(s));
	QUIET(p, POLLIN | POLLRDHUP);
	CALL(send(copy, "still", 5, 0));
	RECV(p, 8, 0);
	CALL(shutdown(copy, SHUT_WR));
	CALL(send(copy, "x", 1, MSG_NOSIGNAL));
	WAIT(p, POLLIN | POLLRDHUP);
}

CASE(close_and_then_peer, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(close(s));
	WAIT(p, POLLIN | POLLRDHUP);
	STATE(p);
	RECV(p, 8, 0);
	CALL(shutdown(p, SHUT_WR));
	WAIT(p, POLLHUP);
}

