// SPDX-License-Identifier: GPL-2.0-only
/* Calls that block, and what ends them. */
#include <linux/tcp.h>
#include <stdlib.h>

#include "cases.h"

CASE(blocked_recv_and_data, ENDS)
{
	struct worker receiving;
	char buffer[8] = {};
	int s, p;

	pair(&s, &p);
	START(receiving, SYS_recvfrom, s, buffer, 8, 0);
	BLOCKED(receiving);
	PUT(p, "data");
	JOINED(receiving);
	record("\"%s\"", buffer);
}

CASE(blocked_recv_and_end, ENDS)
{
	struct worker receiving;
	char buffer[8];
	int s, p;

	pair(&s, &p);
	START(receiving, SYS_recvfrom, s, buffer, 8, 0);
	close(p);
	JOINED(receiving);
}

CASE(blocked_recv_and_reset, ENDS)
{
	struct worker receiving;
	char buffer[8];
	int s, p;

	pair(&s, &p);
	START(receiving, SYS_recvfrom, s, buffer, 8, 0);
	reset(p);
	JOINED(receiving);
	RECV(s, 1, 0);
}

static void recv_and_shutdown(int how)
{
	struct worker receiving;
	char buffer[8];
	int s, p;

	pair(&s, &p);
	START(receiving, SYS_recvfrom, s, buffer, 8, 0);
	CALL(shutdown(s, how));
	if (how == SHUT_WR) {
		BLOCKED(receiving);
		PUT(p, "x");
	}
	JOINED(receiving);
}

CASE(blocked_recv_and_shutdown_read, ENDS)
{
	recv_and_shutdown(SHUT_RD);
}

CASE(blocked_recv_and_shutdown_write, ENDS)
{
	recv_and_shutdown(SHUT_WR);
}

CASE(blocked_recv_and_shutdown_both, ENDS)
{
	recv_and_shutdown(SHUT_RDWR);
}

/* close() ends no call that is under way: it has the file, too. */
CASE(blocked_recv_and_close, ENDS)
{
	struct worker receiving;
	char buffer[8] = {};
	int s, p;

	pair(&s, &p);
	START(receiving, SYS_recvfrom, s, buffer, 8, 0);
	CALL(close(s));
	BLOCKED(receiving);
	PUT(p, "data");
	JOINED(receiving);
	record("\"%s\"", buffer);
	WAIT(p, POLLIN | POLLRDHUP);
}

CASE(blocked_recv_and_disconnect, ENDS)
{
	struct addr none = { .sa.sa_family = AF_UNSPEC, .len = sizeof(struct sockaddr_in6) };
	struct worker receiving;
	char buffer[8];
	int s, p;

	pair(&s, &p);
	START(receiving, SYS_recvfrom, s, buffer, 8, 0);
	CALL(connect(s, SA(none)));
	JOINED(receiving);
	WAIT(p, POLLHUP);
	NAMES(s);
}

CASE(blocked_recv_two, ENDS)
{
	struct worker first, second;
	char a[8], b[8];
	int s, p;

	pair(&s, &p);
	START(first, SYS_recvfrom, s, a, 8, 0);
	START(second, SYS_recvfrom, s, b, 8, 0);
	close(p);
	JOINED(first);
	JOINED(second);
}

CASE(blocked_recv_timeout_set_meanwhile, ENDS)
{
	struct timeval tv = { 0, 1000 };
	struct worker receiving;
	char buffer[8];
	int s, p;

	/* A time limit counts for calls that begin after it. */
	pair(&s, &p);
	START(receiving, SYS_recvfrom, s, buffer, 8, 0);
	CALL(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	BLOCKED(receiving);
	PUT(p, "x");
	JOINED(receiving);
}

CASE(blocked_send_and_room, ENDS)
{
	static char block[4096];
	struct worker sending;
	size_t sent;
	int s, p;

	pair(&s, &p);
	sent = fill(s);
	START(sending, SYS_sendto, s, block, sizeof(block), 0, 0, 0);
	BLOCKED(sending);
	record("all arrives: %d", drain(p, sent + sizeof(block)) == sent + sizeof(block));
	JOINED(sending);
}

CASE(blocked_send_and_reset, ENDS)
{
	struct worker sending;
	int s, p;

	pair(&s, &p);
	fill(s);
	START(sending, SYS_sendto, s, "x", 1, 0, 0, 0);
	reset(p);
	JOINED(sending);
	SIGNALS(SIGPIPE);
	CALL(send(s, "x", 1, 0));
	SIGNALS(SIGPIPE);
	ERROR(s);
}

CASE(blocked_send_and_shutdown, ENDS)
{
	struct worker sending;
	int s, p;

	pair(&s, &p);
	fill(s);
	START(sending, SYS_sendto, s, "x", 1, 0, 0, 0);
	CALL(shutdown(s, SHUT_WR));
	JOINED(sending);
	SIGNALS(SIGPIPE);
}

CASE(blocked_send_and_peer_closed, ENDS)
{
	struct worker sending;
	int s, p;

	/* Unread data: its end resets. */
	pair(&s, &p);
	fill(s);
	START(sending, SYS_sendto, s, "x", 1, 0, 0, 0);
	close(p);
	JOINED(sending);
	RECV(s, 1, 0);
}

CASE(blocked_accept_and_connection, ENDS)
{
	struct addr a = {};
	struct worker accepting;
	int s = listening(sut(SOCK_STREAM), 4, &a), p = peer(SOCK_STREAM);

	START(accepting, SYS_accept4, s, NULL, NULL, 0);
	BLOCKED(accepting);
	CALL(connect(p, SA(a)));
	record("accepted: %d", JOINED(accepting) > 0);
}

CASE(blocked_accept_and_shutdown, IPS)
{
	struct addr a = {};
	struct worker accepting;
	int s = listening(sut(SOCK_STREAM), 4, &a);

	START(accepting, SYS_accept4, s, NULL, NULL, 0);
	CALL(shutdown(s, SHUT_RD));
	JOINED(accepting);
}

CASE(blocked_accept_and_shutdown_write, ENDS)
{
	struct addr a = {};
	struct worker accepting;
	int s = listening(sut(SOCK_STREAM), 4, &a);

	START(accepting, SYS_accept4, s, NULL, NULL, 0);
	CALL(shutdown(s, SHUT_WR));
	BLOCKED(accepting);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	record("accepted: %d", JOINED(accepting) > 0);
}

CASE(blocked_accept_and_close, ENDS)
{
	struct addr a = {};
	struct worker accepting;
	int s = listening(sut(SOCK_STREAM), 4, &a), p = peer(SOCK_STREAM);

	START(accepting, SYS_accept4, s, NULL, NULL, 0);
	CALL(close(s));
	BLOCKED(accepting);
	CALL(connect(p, SA(a)));
	record("accepted: %d", JOINED(accepting) > 0);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
}

CASE(blocked_accept_two_threads, ENDS)
{
	struct addr a = {};
	struct worker first, second;
	int s = listening(sut(SOCK_STREAM), 4, &a);

	START(first, SYS_accept4, s, NULL, NULL, 0);
	START(second, SYS_accept4, s, NULL, NULL, 0);
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	CALL(connect(peer(SOCK_STREAM), SA(a)));
	record("both: %d", JOINED(first) != JOINED(second));
}

CASE(blocked_accept_two_processes, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 4, &a), p[2];
	pid_t child[2];

	for (int i = 0; i < 2; i++) {
		child[i] = fork();
		if (!child[i]) {
			char byte = 0;
			int fd = accept(s, NULL, NULL);

			_exit(fd < 0 || recv(fd, &byte, 1, 0) != 1 ? 99 : byte);
		}
		await_asleep(child[i], SYS_accept);
	}
	for (int i = 0; i < 2; i++) {
		p[i] = peer(SOCK_STREAM);
		CALL(connect(p[i], SA(a)));
		CALL(send(p[i], "\7", 1, 0));
	}
	REAPED(child[0]);
	REAPED(child[1]);
	WAIT(p[0], POLLIN | POLLRDHUP);
	WAIT(p[1], POLLIN | POLLRDHUP);
}

CASE(blocked_connect_and_close, IPS)
{
	struct addr a = blackhole();
	struct worker connecting;
	int s = sut(SOCK_STREAM);

	START(connecting, SYS_connect, s, SA(a));
	CALL(close(s));
	BLOCKED(connecting);
}

CASE(blocked_udp_recv_and_shutdown, ENDS)
{
	struct worker receiving;
	char buffer[8];
	int s, p;

	udp_pair(&s, &p);
	START(receiving, SYS_recvfrom, s, buffer, 8, 0);
	CALL(shutdown(s, SHUT_RD));
	JOINED(receiving);
}

CASE(blocked_udp_recv_two, ENDS)
{
	struct worker first, second;
	char a[8] = {}, b[8] = {};
	int s, p;

	udp_pair(&s, &p);
	START(first, SYS_recvfrom, s, a, 8, 0);
	START(second, SYS_recvfrom, s, b, 8, 0);
	PUT(p, "x");
	PUT(p, "x");
	JOINED(first);
	JOINED(second);
	record("%s %s", a, b);
}
