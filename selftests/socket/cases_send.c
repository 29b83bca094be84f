// SPDX-License-Identifier: GPL-2.0-only
/* Sending on TCP, in each state of a connection. */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "cases.h"

CASE(send_unconnected, IPS)
{
	struct addr a = loopback(1);
	int s = sut(SOCK_STREAM);

	CALL(send(s, "x", 1, 0));
	SIGNALS(SIGPIPE);
	CALL(send(s, "x", 1, MSG_NOSIGNAL));
	SIGNALS(SIGPIPE);
	CALL(write(s, "x", 1));
	SIGNALS(SIGPIPE);
	CALL(sendto(s, "x", 1, MSG_NOSIGNAL, SA(a)));
	CALL(send(s, "x", 0, MSG_NOSIGNAL));
	CALL(send(s, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL));
	CALL(send(s, "x", 1, MSG_OOB | MSG_NOSIGNAL));
	ERROR(s);
	EVENTS(s);
}

CASE(send_and_receive, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(send(s, "hello", 5, 0));
	RECV(p, 16, 0);
	CALL(send(p, "there", 5, 0));
	RECV(s, 16, 0);
	CALL(write(s, "again", 5));
	RECV(p, 3, 0);
	RECV(p, 16, 0);
}

CASE(send_nothing, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(send(s, "x", 0, 0));
	CALL(write(s, "x", 0));
	CALL(send(s, null, 0, 0));
	QUIET(p, POLLIN);
}

CASE(send_to_address, ENDS)
{
	struct addr a = nowhere(9);
	int s, p;

	/* Addresses do not count where there is a connection. */
	pair(&s, &p);
	CALL(sendto(s, "one", 3, 0, SA(a)));
	await_bytes(p, 3);
	a.sa.sa_family = AF_UNIX;
	CALL(sendto(s, "two", 3, 0, SA(a)));
	CALL(sendto(s, "three", 5, 0, &a.sa, 1));
	await_bytes(p, 11);
	RECV(p, 16, 0);
	CALL(sendto(s, "x", 1, 0, &a.sa, -1));
	CALL(sendto(s, "x", 1, 0, bad, 16));
}

CASE(send_after_shutdown, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(shutdown(s, SHUT_WR));
	CALL(send(s, "x", 1, 0));
	SIGNALS(SIGPIPE);
	CALL(send(s, "x", 1, MSG_NOSIGNAL));
	SIGNALS(SIGPIPE);
	CALL(write(s, "x", 1));
	SIGNALS(SIGPIPE);
	CALL(send(s, "x", 0, MSG_NOSIGNAL));
	ERROR(s);
	EVENTS(s);
}

CASE(send_after_reset, ENDS)
{
	int s, p;

	pair(&s, &p);
	reset(p);
	await(s, POLLHUP);
	CALL(send(s, "x", 1, 0));
	SIGNALS(SIGPIPE);
	CALL(send(s, "x", 1, 0));
	SIGNALS(SIGPIPE);
	CALL(send(s, "x", 1, MSG_NOSIGNAL));
	SIGNALS(SIGPIPE);
	RECV(s, 1, 0);
	EVENTS(s);
}

CASE(send_after_peer_closed, ENDS)
{
	int s, p;

	pair(&s, &p);
	close(p);
	WAIT(s, POLLIN | POLLRDHUP);
	/* Nobody said yet that nobody listens. */
	CALL(send(s, "x", 1, 0));
	WAIT(s, POLLHUP);
	CALL(send(s, "x", 1, 0));
	SIGNALS(SIGPIPE);
	CALL(send(s, "x", 1, 0));
	SIGNALS(SIGPIPE);
	RECV(s, 1, 0);
	ERROR(s);
}

CASE(send_full_buffer, ENDS)
{
	int s, p;
	size_t sent;

	pair(&s, &p);
	sent = fill(s);
	record("something fits: %d", sent > 0);
	CALL(send(s, "x", 1, MSG_DONTWAIT));
	EVENTS(s);
	nonblocking(s, true);
	CALL(write(s, "x", 1));
	record("all arrives: %d", drain(p, sent) == sent);
	WAIT(s, POLLOUT);
	CALL(send(s, "more", 4, 0));
	RECV(p, 8, 0);
}

CASE(send_timeout, ENDS)
{
	struct timeval tv = { 0, 30000 };
	int s, p;
	size_t sent;

	pair(&s, &p);
	sent = fill(s);
	CALL(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	CALL(send(s, "x", 1, 0));
	record("all arrives: %d", drain(p, sent) == sent);
	CALL(send(s, "x", 1, 0));
}

CASE(send_part_until_timeout, ENDS)
{
	struct timeval tv = { 0, 200000 };
	size_t size = 64 << 20;
	char *big = calloc(1, size);
	ssize_t sent;
	int s, p;

	pair(&s, &p);
	CALL(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	set_int(s, SOL_SOCKET, SO_SNDBUF, 100000);
	sent = send(s, big, size, 0);
	record("a part: %d", sent > 0 && sent < (ssize_t)size);
	record("that part arrives: %d", (ssize_t)drain(p, sent) == sent);
	QUIET(p, POLLIN);
}

CASE(send_nonblocking_part, ENDS)
{
	size_t size = 64 << 20;
	char *big = calloc(1, size);
	ssize_t sent;
	int s, p;

	pair(&s, &p);
	sent = send(s, big, size, MSG_DONTWAIT);
	record("a part: %d", sent > 0 && sent < (ssize_t)size);
	record("that part arrives: %d", (ssize_t)drain(p, sent) == sent);
	QUIET(p, POLLIN);
}

CASE(send_blocking_all, ENDS)
{
	size_t size = 8 << 20;
	char *big = malloc(size), *got = malloc(size);
	struct worker sending;
	int s, p;

	for (size_t i = 0; i < size; i++)
		big[i] = i * 2654435761u >> 24;
	pair(&s, &p);
	START(sending, SYS_sendto, s, big, size, 0, 0, 0);
	get(p, got, size);
	JOINED(sending);
	record("the same: %d", !memcmp(big, got, size));
}

CASE(send_more, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(send(s, "one ", 4, MSG_MORE));
	CALL(send(s, "two ", 4, MSG_MORE));
	CALL(send(s, "three", 5, 0));
	await_bytes(p, 13);
	RECV(p, 32, 0);
}

/* Held back, but not for ever. */
CASE(send_more_and_nothing, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(send(s, "alone", 5, MSG_MORE));
	WAIT(p, POLLIN);
	RECV(p, 32, 0);
}

CASE(send_more_and_shutdown, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(send(s, "alone", 5, MSG_MORE));
	CALL(shutdown(s, SHUT_WR));
	WAIT(p, POLLIN | POLLRDHUP);
	RECV(p, 32, 0);
	RECV(p, 32, 0);
}

CASE(send_corked, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(set_int(s, IPPROTO_TCP, TCP_CORK, 1));
	CALL(send(s, "one ", 4, 0));
	CALL(send(s, "two", 3, 0));
	CALL(set_int(s, IPPROTO_TCP, TCP_CORK, 0));
	await_bytes(p, 7);
	RECV(p, 32, 0);
	CALL(set_int(s, IPPROTO_TCP, TCP_CORK, 1));
	CALL(send(s, "held", 4, 0));
	WAIT(p, POLLIN);
	RECV(p, 32, 0);
	CALL(send(s, "closed", 6, 0));
	CALL(close(s));
	WAIT(p, POLLIN | POLLRDHUP);
	RECV(p, 32, 0);
}

CASE(send_nodelay, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(set_int(s, IPPROTO_TCP, TCP_NODELAY, 1));
	CALL(send(s, "a", 1, 0));
	CALL(send(s, "b", 1, 0));
	CALL(send(s, "c", 1, 0));
	await_bytes(p, 3);
	RECV(p, 8, 0);
}

CASE(send_bad_pointer, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(send(s, bad, 5, 0));
	CALL(send(s, null, 5, 0));
	CALL(write(s, bad, 5));
	CALL(send(s, bad - 4096, 5, 0));
	PUT(s, "good");
	RECV(p, 16, 0);
}

/* A buffer that ends before its length does. */
CASE(send_buffer_ends, ENDS)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int s, p;

	munmap(page + 4096, 4096);
	memset(page, 'p', 4096);
	pair(&s, &p);
	CALL(send(s, page + 4090, 100, 0));
	PUT(s, "good");
	RECV(p, 200, 0);
}

CASE(send_unknown_flags, ENDS)
{
	int s, p;

	pair(&s, &p);
	CALL(send(s, "eor ", 4, MSG_EOR));
	CALL(send(s, "confirm ", 8, MSG_CONFIRM));
	CALL(send(s, "dontroute ", 10, MSG_DONTROUTE));
	CALL(send(s, "more", 4, 0x400));
	await_bytes(p, 26);
	RECV(p, 64, 0);
}

CASE(send_queue_length, ENDS)
{
	int s, p, value = -1;

	pair(&s, &p);
	CALL(ioctl(s, SIOCOUTQ, &value));
	record("%d", value);
	PUT(s, "acknowledged");
	await_bytes(p, 12);
	await_sent(s);
	CALL(ioctl(s, SIOCOUTQ, &value));
	record("%d", value);
	CALL(ioctl(s, SIOCOUTQNSD, &value));
	record("%d", value);
	CALL(shutdown(s, SHUT_WR));
	await(p, POLLRDHUP);
	await_state(s, ST_FIN_WAIT2);
	CALL(ioctl(s, SIOCOUTQ, &value));
	record("%d", value);
}

CASE(send_queue_length_full, ENDS)
{
	int s, p, all = -1, unsent = -1;

	pair(&s, &p);
	fill(s);
	CALL(ioctl(s, SIOCOUTQ, &all));
	CALL(ioctl(s, SIOCOUTQNSD, &unsent));
	record("there is some %d, and part of it not sent %d", all > 0,
	       unsent > 0 && unsent <= all);
}

CASE(send_zerocopy, ENDS)
{
	static char data[20000];
	int s, p;

	pair(&s, &p);
	/* Without the option it is an ordinary one. */
	CALL(send(s, data, sizeof(data), MSG_ZEROCOPY));
	CALL(drain(p, sizeof(data)));
	RECVMSG(s, 1, MSG_ERRQUEUE);
	CALL(set_int(s, SOL_SOCKET, SO_ZEROCOPY, 1));
	CALL(send(s, data, sizeof(data), MSG_ZEROCOPY));
	CALL(drain(p, sizeof(data)));
	WAIT(s, POLLERR);
	RECVMSG(s, 1, MSG_ERRQUEUE);
	RECVMSG(s, 1, MSG_ERRQUEUE);
	CALL(send(s, data, sizeof(data), MSG_ZEROCOPY));
	CALL(drain(p, sizeof(data)));
	WAIT(s, POLLERR);
	RECVMSG(s, 1, MSG_ERRQUEUE);
	ERROR(s);
}
