// SPDX-License-Identifier: GPL-2.0-only
/* Receiving on TCP: flags, ends, errors. */
#include <stdlib.h>
#include <sys/mman.h>

#include "cases.h"

CASE(recv_unconnected, IPS)
{
	struct addr a = {};
	int s = sut(SOCK_STREAM);

	RECV(s, 1, 0);
	RECV(s, 1, MSG_DONTWAIT);
	RECV(s, 1, MSG_PEEK);
	RECV(s, 1, MSG_OOB);
	RECV(s, 0, 0);
	CALL(read(s, null, 0));
	RECVMSG(s, 1, MSG_ERRQUEUE);
	bound(s, &a);
	RECV(s, 1, 0);
}

CASE(recv_nothing_there, ENDS)
{
	char byte;
	int s, p;

	pair(&s, &p);
	RECV(s, 1, MSG_DONTWAIT);
	RECV(s, 0, MSG_DONTWAIT);
	nonblocking(s, true);
	CALL(read(s, &byte, 1));
	RECV(s, 1, MSG_PEEK);
	RECVMSG(s, 1, 0);
	RECVMSG(s, 1, MSG_ERRQUEUE);
}

/* Even who wants nothing waits until there is something. */
CASE(recv_nothing_wanted_blocks, ENDS)
{
	struct worker receiving;
	int s, p;

	pair(&s, &p);
	START(receiving, SYS_recvfrom, s, NULL, 0, 0);
	BLOCKED(receiving);
	PUT(p, "x");
	JOINED(receiving);
	RECV(s, 8, 0);
}

CASE(recv_nothing_wanted, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "data");
	await(s, POLLIN);
	RECV(s, 0, 0);
	RECV(s, 0, MSG_PEEK);
	RECV(s, 8, 0);
}

CASE(recv_part, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "0123456789");
	await_bytes(s, 10);
	RECV(s, 4, 0);
	RECV(s, 4, 0);
	RECV(s, 4, 0);
	RECV(s, 4, MSG_DONTWAIT);
}

CASE(recv_peek, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "0123456789");
	await_bytes(s, 10);
	RECV(s, 4, MSG_PEEK);
	RECV(s, 4, MSG_PEEK);
	RECV(s, 2, 0);
	RECV(s, 100, MSG_PEEK);
	PUT(p, "abc");
	await_bytes(s, 11);
	RECV(s, 100, MSG_PEEK);
	RECV(s, 100, 0);
	RECV(s, 1, MSG_PEEK | MSG_DONTWAIT);
}

CASE(recv_peek_at_end, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "last");
	close(p);
	await(s, POLLIN | POLLRDHUP);
	RECV(s, 100, MSG_PEEK);
	RECV(s, 100, 0);
	RECV(s, 100, MSG_PEEK);
	RECV(s, 100, MSG_PEEK);
}

CASE(recv_waitall, ENDS)
{
	char buffer[12] = {};
	struct worker receiving;
	int s, p;

	pair(&s, &p);
	START(receiving, SYS_recvfrom, s, buffer, 11, MSG_WAITALL);
	PUT(p, "one ");
	await_sent(p);
	BLOCKED(receiving);
	PUT(p, "two");
	await_sent(p);
	PUT(p, "four");
	JOINED(receiving);
	record("\"%s\"", buffer);
}

CASE(recv_waitall_until_end, ENDS)
{
	char buffer[12] = {};
	struct worker receiving;
	int s, p;

	pair(&s, &p);
	START(receiving, SYS_recvfrom, s, buffer, 11, MSG_WAITALL);
	PUT(p, "short");
	close(p);
	JOINED(receiving);
	record("\"%s\"", buffer);
	RECV(s, 1, MSG_WAITALL);
}

CASE(recv_waitall_until_reset, ENDS)
{
	char buffer[12] = {};
	struct worker receiving;
	int s, p;

	pair(&s, &p);
	PUT(p, "short");
	await(s, POLLIN);
	START(receiving, SYS_recvfrom, s, buffer, 11, MSG_WAITALL);
	reset(p);
	JOINED(receiving);
	record("\"%s\"", buffer);
	RECV(s, 1, 0);
	RECV(s, 1, 0);
}

CASE(recv_waitall_nonblocking, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "some");
	await_bytes(s, 4);
	RECV(s, 100, MSG_WAITALL | MSG_DONTWAIT);
	RECV(s, 100, MSG_WAITALL | MSG_DONTWAIT);
}

CASE(recv_waitall_peek, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "some");
	close(p);
	await(s, POLLRDHUP);
	RECV(s, 100, MSG_WAITALL | MSG_PEEK);
	RECV(s, 2, MSG_WAITALL | MSG_PEEK);
	RECV(s, 100, MSG_WAITALL);
}

CASE(recv_waitall_timeout, ENDS)
{
	struct timeval tv = { 0, 50000 };
	int s, p;

	pair(&s, &p);
	CALL(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	PUT(p, "some");
	await_bytes(s, 4);
	RECV(s, 100, MSG_WAITALL);
	RECV(s, 100, MSG_WAITALL);
}

CASE(recv_timeout, ENDS)
{
	struct timeval tv = { 0, 50000 };
	int s, p;

	pair(&s, &p);
	CALL(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	RECV(s, 1, 0);
	PUT(p, "x");
	RECV(s, 1, 0);
}

/* Data is thrown away, without a buffer. */
CASE(recv_trunc, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "0123456789");
	await_bytes(s, 10);
	CALL(recv(s, NULL, 4, MSG_TRUNC));
	CALL(recv(s, NULL, 4, MSG_TRUNC | MSG_PEEK));
	RECV(s, 3, 0);
	CALL(recv(s, bad, 100, MSG_TRUNC));
	CALL(recv(s, NULL, 100, MSG_TRUNC | MSG_DONTWAIT));
}

CASE(recv_end, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "last words");
	close(p);
	WAIT(s, POLLIN | POLLRDHUP);
	RECV(s, 32, 0);
	RECV(s, 32, 0);
	RECV(s, 32, MSG_DONTWAIT);
	RECV(s, 32, MSG_WAITALL);
	RECV(s, 32, 0);
	EVENTS(s);
	ERROR(s);
}

CASE(recv_after_own_shutdown, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "before");
	await_bytes(s, 6);
	CALL(shutdown(s, SHUT_RD));
	RECV(s, 3, 0);
	RECV(s, 32, 0);
	RECV(s, 32, 0);
	RECV(s, 32, MSG_DONTWAIT);
	/* What comes later is taken nevertheless. */
	PUT(p, "after");
	await_bytes(s, 5);
	EVENTS(s);
	RECV(s, 32, 0);
	RECV(s, 32, 0);
	PUT(s, "this way works");
	RECV(p, 32, 0);
}

CASE(recv_after_reset, ENDS)
{
	int s, p;

	pair(&s, &p);
	reset(p);
	WAIT(s, POLLIN | POLLERR | POLLHUP);
	RECV(s, 1, 0);
	RECV(s, 1, 0);
	ERROR(s);
	EVENTS(s);
	CALL(send(s, "x", 1, MSG_NOSIGNAL));
}

CASE(recv_after_reset_told, ENDS)
{
	int s, p;

	pair(&s, &p);
	reset(p);
	await(s, POLLHUP);
	ERROR(s);
	RECV(s, 1, 0);
	CALL(send(s, "x", 1, MSG_NOSIGNAL));
}

/* Data that was there before the reset is still to be read. */
CASE(recv_data_before_reset, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "before");
	await_bytes(s, 6);
	reset(p);
	await(s, POLLHUP);
	RECV(s, 3, 0);
	RECV(s, 3, MSG_PEEK);
	RECV(s, 32, 0);
	RECV(s, 32, 0);
	RECV(s, 32, 0);
}

CASE(recv_peek_after_reset, ENDS)
{
	int s, p;

	pair(&s, &p);
	reset(p);
	await(s, POLLHUP);
	RECV(s, 1, MSG_PEEK);
	RECV(s, 1, MSG_PEEK);
	RECV(s, 1, 0);
}

CASE(recv_bad_pointer, ENDS)
{
	int s, p;

	pair(&s, &p);
	PUT(p, "0123456789");
	await_bytes(s, 10);
	CALL(recv(s, bad, 4, 0));
	CALL(read(s, null, 4));
	CALL(recv(s, bad, 4, MSG_PEEK));
	RECV(s, 32, 0);
}

CASE(recv_buffer_ends, ENDS)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int s, p;

	munmap(page + 4096, 4096);
	pair(&s, &p);
	PUT(p, "0123456789");
	await_bytes(s, 10);
	CALL(recv(s, page + 4096 - 4, 10, 0));
	/* Nothing is lost. */
	RECV(s, 32, 0);
}

CASE(recv_from_name, ENDS)
{
	struct addr from = { .len = sizeof(from.ss) };
	char buffer[8];
	int s, p;

	/* Connections have no senders' names. */
	pair(&s, &p);
	PUT(p, "named?");
	await_bytes(s, 6);
	CALL(recvfrom(s, buffer, 3, 0, &from.sa, &from.len));
	record("%u bytes", from.len);
	RECVMSG(s, 8, 0);
	from.len = -1;
	PUT(p, "x");
	await_bytes(s, 1);
	CALL(recvfrom(s, buffer, 1, 0, &from.sa, &from.len));
	RECV(s, 1, MSG_DONTWAIT);
}

CASE(recv_lowat, ENDS)
{
	char buffer[16] = {};
	struct worker receiving;
	int s, p;

	pair(&s, &p);
	CALL(set_int(s, SOL_SOCKET, SO_RCVLOWAT, 8));
	OPT(s, SOL_SOCKET, SO_RCVLOWAT);
	PUT(p, "0123");
	await_bytes(s, 4);
	QUIET(s, POLLIN);
	RECV(s, 2, MSG_DONTWAIT);
	START(receiving, SYS_recvfrom, s, buffer, 16, 0);
	PUT(p, "456789ab");
	JOINED(receiving);
	record("\"%s\"", buffer);
	PUT(p, "01234567");
	WAIT(s, POLLIN);
}

CASE(recv_lowat_and_end, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(set_int(s, SOL_SOCKET, SO_RCVLOWAT, 100));
	PUT(p, "few");
	await_bytes(s, 3);
	close(p);
	WAIT(s, POLLIN | POLLRDHUP);
	RECV(s, 200, 0);
}

CASE(recv_lowat_set_with_data, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(set_int(s, SOL_SOCKET, SO_RCVLOWAT, 100));
	PUT(p, "few");
	await_bytes(s, 3);
	EVENTS(s);
	CALL(set_int(s, SOL_SOCKET, SO_RCVLOWAT, 2));
	EVENTS(s);
}

CASE(recv_available, ENDS)
{
	int s, p, value = -1;

	pair(&s, &p);
	CALL(ioctl(s, FIONREAD, &value));
	record("%d", value);
	PUT(p, "0123456789");
	await_bytes(s, 10);
	RECV(s, 4, 0);
	CALL(ioctl(s, FIONREAD, &value));
	record("%d", value);
	close(p);
	await(s, POLLRDHUP);
	CALL(ioctl(s, FIONREAD, &value));
	record("%d", value);
	RECV(s, 32, 0);
	CALL(ioctl(s, FIONREAD, &value));
	record("%d", value);
}

CASE(recv_errqueue_empty, ENDS)
{
	int s, p;

	pair(&s, &p);
	RECV(s, 1, MSG_ERRQUEUE);
	PUT(p, "data");
	await(s, POLLIN);
	RECV(s, 8, MSG_ERRQUEUE);
	RECV(s, 8, 0);
}

CASE(recv_timestamp, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(set_int(s, SOL_SOCKET, SO_TIMESTAMP, 1));
	await_stamps();
	PUT(p, "x");
	await(s, POLLIN);
	RECVMSG(s, 8, 0);
	CALL(set_int(s, SOL_SOCKET, SO_TIMESTAMPNS, 1));
	PUT(p, "x");
	await(s, POLLIN);
	RECVMSG(s, 8, 0);
	CALL(set_int(s, SOL_SOCKET, SO_TIMESTAMPNS, 0));
	PUT(p, "x");
	await(s, POLLIN);
	RECVMSG(s, 8, 0);
}
