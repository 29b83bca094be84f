// SPDX-License-Identifier: GPL-2.0-only
/* Ends of connections in bad order: RST, SO_LINGER, unread data. */
#include "cases.h"

static void linger(int fd, int on, int seconds)
{
	struct linger l = { on, seconds };

	CALL(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
}

CASE(reset_by_linger_zero, ENDS)
{
	int s, p;

	pair(&s, &p);
	linger(s, 1, 0);
	CALL(close(s));
	WAIT(p, POLLIN | POLLERR | POLLHUP);
	RECV(p, 8, 0);
	RECV(p, 8, 0);
	CALL(send(p, "x", 1, MSG_NOSIGNAL));
}

CASE(reset_by_linger_zero_with_data, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(s, "has arrived");
	await_bytes(p, 11);
	linger(s, 1, 0);
	CALL(close(s));
	await(p, POLLHUP);
	RECV(p, 32, 0);
	RECV(p, 32, 0);
	RECV(p, 32, 0);
}

/* Everything that was not sent yet is thrown away. */
CASE(reset_by_linger_zero_full, ENDS)
{
	size_t sent, got;
	int s, p;

	pair(&s, &p);
	set_int(s, SOL_SOCKET, SO_SNDBUF, 1 << 20);
	set_int(p, SOL_SOCKET, SO_RCVBUF, 4096);
	sent = fill(s);
	linger(s, 1, 0);
	CALL(close(s));
	await(p, POLLHUP);
	got = drain(p, sent);
	record("some but not all arrives: %d", got > 0 && got < sent);
	record("%s", errno_name(errno));
}

CASE(reset_after_shutdown, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(shutdown(s, SHUT_WR));
	await(p, POLLRDHUP);
	await_state(s, ST_FIN_WAIT2);
	linger(s, 1, 0);
	CALL(close(s));
	WAIT(p, POLLIN | POLLERR | POLLHUP);
	/* It was in CLOSE_WAIT then. */
	ERROR(p);
	RECV(p, 8, 0);
}

CASE(reset_by_linger_zero_of_accepted, ENDS)
{
	int s, p;

	pair_accepted(&s, &p);
	linger(s, 1, 0);
	CALL(close(s));
	WAIT(p, POLLIN | POLLERR | POLLHUP);
	RECV(p, 8, 0);
}

CASE(reset_in_close_wait, ENDS)
{
	int s, p;

	/* RST when the peer's FIN was there already. */
	pair(&s, &p);
	shutdown(p, SHUT_WR);
	WAIT(s, POLLIN | POLLRDHUP);
	await_state(p, ST_FIN_WAIT2);
	reset(p);
	WAIT(s, POLLERR | POLLHUP);
	CALL(send(s, "x", 1, 0));
	SIGNALS(SIGPIPE);
	CALL(send(s, "x", 1, 0));
	SIGNALS(SIGPIPE);
	RECV(s, 8, 0);
	ERROR(s);
}

CASE(reset_in_fin_wait, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(shutdown(s, SHUT_WR));
	await(p, POLLRDHUP);
	await_state(s, ST_FIN_WAIT2);
	reset(p);
	WAIT(s, POLLIN | POLLERR | POLLHUP);
	RECV(s, 8, 0);
	RECV(s, 8, 0);
	ERROR(s);
}

CASE(reset_by_unread_data, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "unread");
	await(s, POLLIN);
	CALL(close(s));
	WAIT(p, POLLIN | POLLERR | POLLHUP);
	RECV(p, 8, 0);
	RECV(p, 8, 0);
	CALL(send(p, "x", 1, MSG_NOSIGNAL));
}

CASE(reset_by_unread_data_after_shutdown, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "unread");
	await(s, POLLIN);
	CALL(shutdown(s, SHUT_RDWR));
	await(p, POLLRDHUP);
	CALL(close(s));
	WAIT(p, POLLIN | POLLERR | POLLHUP);
	ERROR(p);
}

CASE(reset_by_unread_data_read_first, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "read");
	RECV(s, 8, 0);
	CALL(close(s));
	WAIT(p, POLLIN | POLLRDHUP);
	RECV(p, 8, 0);
	ERROR(p);
}

CASE(reset_by_data_for_closed, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(close(s));
	await(p, POLLRDHUP);
	CALL(send(p, "too late", 8, 0));
	WAIT(p, POLLHUP);
	ERROR(p);
	RECV(p, 8, 0);
	CALL(send(p, "x", 1, MSG_NOSIGNAL));
}

CASE(reset_by_data_for_closed_with_rest, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(s, "the rest");
	CALL(close(s));
	await(p, POLLRDHUP);
	CALL(send(p, "too late", 8, 0));
	await(p, POLLHUP);
	RECV(p, 32, 0);
	RECV(p, 32, 0);
	RECV(p, 32, 0);
}

CASE(linger_and_nothing_to_send, ENDS)
{
	int s, p;

	pair(&s, &p);
	linger(s, 1, 20);
	close(p);
	await(s, POLLRDHUP);
	CALL(close(s));
}

CASE(linger_and_little_to_send, ENDS)
{
	int s, p;

	pair(&s, &p);
	linger(s, 1, 20);
	PUT(s, "read later");
	CALL(close(s));
	await(p, POLLRDHUP);
	RECV(p, 32, 0);
	RECV(p, 32, 0);
}

CASE(linger_until_acknowledged, ENDS)
{
	struct worker closing;
	size_t sent;
	int s, p;

	pair(&s, &p);
	linger(s, 1, 30);
	sent = fill(s);
	START(closing, SYS_close, s);
	BLOCKED(closing);
	record("all arrives: %d", drain(p, sent) == sent);
	JOINED(closing);
	RECV(p, 8, 0);
}

CASE(linger_timeout, ENDS)
{
	size_t sent;
	int s, p;

	pair(&s, &p);
	linger(s, 1, 1);
	sent = fill(s);
	CALL(close(s));
	/* It goes on in the background. */
	record("all arrives: %d", drain(p, sent) == sent);
	WAIT(p, POLLIN | POLLRDHUP);
	RECV(p, 8, 0);
}

CASE(linger_nonblocking, ENDS)
{
	int s, p;

	pair(&s, &p);
	linger(s, 1, 20);
	nonblocking(s, true);
	PUT(s, "x");
	/* SO_LINGER wins over O_NONBLOCK, if the peer is willing. */
	await_bytes(p, 1);
	close(p);
	await(s, POLLHUP);
	CALL(close(s));
}

CASE(linger_off_again, ENDS)
{
	int s, p;

	pair(&s, &p);
	linger(s, 1, 0);
	linger(s, 0, 0);
	PUT(s, "x");
	CALL(close(s));
	await(p, POLLRDHUP);
	RECV(p, 8, 0);
	RECV(p, 8, 0);
}

CASE(linger_listening, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 4, &a), p = peer(SOCK_STREAM);

	linger(s, 1, 0);
	CALL(connect(p, SA(a)));
	CALL(close(s));
	WAIT(p, POLLERR | POLLHUP);
	ERROR(p);
}

CASE(linger_unconnected, IPS)
{
	int s = sut(SOCK_STREAM);

	linger(s, 1, 100);
	CALL(close(s));
	s = sut(SOCK_STREAM);
	linger(s, 1, 0);
	CALL(close(s));
}
