// SPDX-License-Identifier: GPL-2.0-only
/* Urgent data of TCP. */
#include <linux/sockios.h>

#include "cases.h"

#define MARK(fd)                                                                  \
	do {                                                                      \
		int mark_ = -1, err_ = ioctl(fd, SIOCATMARK, &mark_) ? errno : 0; \
		record("at mark: %d %s", mark_, err_ ? errno_name(err_) : "");    \
	} while (0)

CASE(oob_none, ENDS)
{
	int s, p;

	pair(&s, &p);
	MARK(s);
	RECV(s, 1, MSG_OOB);
	RECV(s, 1, MSG_OOB | MSG_DONTWAIT);
	PUT(p, "plain");
	await(s, POLLIN);
	RECV(s, 1, MSG_OOB);
	MARK(s);
	EVENTS(s);
}

CASE(oob_unconnected, IPS)
{
	int s = sut(SOCK_STREAM);

	MARK(s);
	RECV(s, 1, MSG_OOB);
}

CASE(oob_one_byte, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(send(p, "!", 1, MSG_OOB));
	WAIT(s, POLLPRI);
	RECV(s, 1, MSG_OOB);
	RECV(s, 1, MSG_OOB);
	EVENTS(s);
	MARK(s);
	RECV(s, 8, MSG_DONTWAIT);
	MARK(s);
}

CASE(oob_sent, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(send(s, "ab!", 3, MSG_OOB));
	CALL(send(s, "cd", 2, 0));
	await(p, POLLPRI);
	await_bytes(p, 2);
	RECV(p, 1, MSG_OOB);
	RECV(p, 8, 0);
	RECV(p, 8, 0);
}

CASE(oob_peek, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(send(p, "!", 1, MSG_OOB));
	await(s, POLLPRI);
	RECV(s, 1, MSG_OOB | MSG_PEEK);
	RECV(s, 1, MSG_OOB | MSG_PEEK);
	RECV(s, 0, MSG_OOB);
	RECV(s, 8, MSG_OOB);
	RECV(s, 1, MSG_OOB | MSG_PEEK);
}

CASE(oob_amid_data, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "before");
	CALL(send(p, "!", 1, MSG_OOB));
	PUT(p, "after");
	await(s, POLLPRI);
	/* All of it has come when its last part has; the byte does not count yet. */
	await_sent(p);
	MARK(s);
	/* Reading stops at the mark. */
	RECV(s, 32, 0);
	MARK(s);
	RECV(s, 1, MSG_OOB);
	RECV(s, 32, 0);
	MARK(s);
	RECV(s, 32, MSG_DONTWAIT);
}

CASE(oob_amid_data_inline, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(set_int(s, SOL_SOCKET, SO_OOBINLINE, 1));
	PUT(p, "before");
	CALL(send(p, "!", 1, MSG_OOB));
	PUT(p, "after");
	await(s, POLLPRI);
	await_sent(p);
	RECV(s, 1, MSG_OOB);
	RECV(s, 32, 0);
	MARK(s);
	EVENTS(s);
	RECV(s, 32, 0);
	MARK(s);
	EVENTS(s);
}

CASE(oob_not_read, ENDS)
{
	int s, p;

	/* Who never asks for it reads around it. */
	pair(&s, &p);
	PUT(p, "before");
	CALL(send(p, "!", 1, MSG_OOB));
	PUT(p, "after");
	await(s, POLLPRI);
	await_sent(p);
	RECV(s, 32, 0);
	RECV(s, 32, 0);
	RECV(s, 1, MSG_OOB);
}

CASE(oob_second_replaces, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(send(p, "1", 1, MSG_OOB));
	await(s, POLLPRI);
	await_sent(p);
	CALL(send(p, "2", 1, MSG_OOB));
	await_sent(p);
	RECV(s, 1, MSG_OOB);
	RECV(s, 1, MSG_OOB);
	RECV(s, 8, MSG_DONTWAIT);
	RECV(s, 8, MSG_DONTWAIT);
}

CASE(oob_available, ENDS)
{
	int s, p, value = -1;

	pair(&s, &p);
	PUT(p, "before");
	CALL(send(p, "!", 1, MSG_OOB));
	PUT(p, "after");
	await(s, POLLPRI);
	await_sent(p);
	CALL(ioctl(s, FIONREAD, &value));
	record("%d", value);
	RECV(s, 32, 0);
	CALL(ioctl(s, FIONREAD, &value));
	record("%d", value);
	RECV(s, 1, MSG_OOB);
	CALL(ioctl(s, FIONREAD, &value));
	record("%d", value);
}

CASE(oob_set_inline_later, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(send(p, "!", 1, MSG_OOB));
	await(s, POLLPRI);
	CALL(set_int(s, SOL_SOCKET, SO_OOBINLINE, 1));
	RECV(s, 1, MSG_OOB);
	RECV(s, 8, MSG_DONTWAIT);
}

CASE(oob_signal, ENDS)
{
	int s, p;

	pair(&s, &p);
	count_signal(SIGURG, 0);
	CALL(fcntl(s, F_SETOWN, getpid()));
	CALL(send(p, "!", 1, MSG_OOB));
	await(s, POLLPRI);
	await_sent(p);
	SIGNALS(SIGURG);
	RECV(s, 1, MSG_OOB);
}

CASE(oob_and_end, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(send(p, "!", 1, MSG_OOB));
	await(s, POLLPRI);
	close(p);
	WAIT(s, POLLRDHUP);
	RECV(s, 1, MSG_OOB);
	RECV(s, 1, MSG_OOB);
	RECV(s, 1, 0);
}

CASE(oob_at_end_none, ENDS)
{
	int s, p;

	pair(&s, &p);
	close(p);
	await(s, POLLRDHUP);
	RECV(s, 1, 0);
	RECV(s, 1, MSG_OOB);
}

CASE(oob_peek_stops_at_mark, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "before");
	CALL(send(p, "!", 1, MSG_OOB));
	PUT(p, "after");
	await(s, POLLPRI);
	await_sent(p);
	RECV(s, 32, MSG_PEEK);
	RECV(s, 32, MSG_WAITALL | MSG_DONTWAIT);
	RECV(s, 32, MSG_PEEK);
}

CASE(oob_in_select, ENDS)
{
	struct timeval now = {};
	fd_set except;
	int s, p;

	pair(&s, &p);
	CALL(send(p, "!", 1, MSG_OOB));
	await(s, POLLPRI);
	FD_ZERO(&except);
	FD_SET(s, &except);
	CALL(select(s + 1, NULL, NULL, &except, &now));
	record("exceptional: %d", !!FD_ISSET(s, &except));
	RECV(s, 1, MSG_OOB);
	FD_ZERO(&except);
	FD_SET(s, &except);
	CALL(select(s + 1, NULL, NULL, &except, &now));
}
