// SPDX-License-Identifier: GPL-2.0-only
/* Signals: calls that they end, and those that sockets send. */
#include <linux/sockios.h>
#include <sys/epoll.h>

#include "cases.h"

static void interrupted_recv(int flags, bool timeout)
{
	struct timeval tv = { 100, 0 };
	struct worker receiving;
	char buffer[8] = {};
	int s, p;

	count_signal(SIGUSR1, flags);
	pair(&s, &p);
	if (timeout)
		setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	START(receiving, SYS_recvfrom, s, buffer, 8, 0);
	interrupt(&receiving, SIGUSR1);
	if (flags && !timeout) {
		BLOCKED(receiving);
		PUT(p, "x");
	}
	JOINED(receiving);
	SIGNALS(SIGUSR1);
}

CASE(signal_ends_recv, ENDS)
{
	interrupted_recv(0, false);
}

CASE(signal_restarts_recv, ENDS)
{
	interrupted_recv(SA_RESTART, false);
}

CASE(signal_ends_recv_with_timeout, ENDS)
{
	interrupted_recv(SA_RESTART, true);
}

CASE(signal_ends_recv_with_part, ENDS)
{
	struct worker receiving;
	char buffer[16] = {};
	int s, p;

	count_signal(SIGUSR1, 0);
	pair(&s, &p);
	START(receiving, SYS_recvfrom, s, buffer, 16, MSG_WAITALL);
	PUT(p, "part");
	await_sent(p);
	await_asleep(receiving.tid, SYS_recvfrom);
	interrupt(&receiving, SIGUSR1);
	JOINED(receiving);
	record("\"%s\"", buffer);
}

static void interrupted_accept(int flags)
{
	struct addr a = {};
	struct worker accepting;
	int s = listening(sut(SOCK_STREAM), 4, &a), p = peer(SOCK_STREAM);

	count_signal(SIGUSR1, flags);
	START(accepting, SYS_accept4, s, NULL, NULL, 0);
	interrupt(&accepting, SIGUSR1);
	if (!flags) {
		JOINED(accepting);
		return;
	}
	BLOCKED(accepting);
	CALL(connect(p, SA(a)));
	record("accepted: %d", JOINED(accepting) > 0);
}

CASE(signal_ends_accept, IPS)
{
	interrupted_accept(0);
}

CASE(signal_restarts_accept, ENDS)
{
	interrupted_accept(SA_RESTART);
}

CASE(signal_ends_send, ENDS)
{
	struct worker sending;
	int s, p;

	count_signal(SIGUSR1, 0);
	pair(&s, &p);
	fill(s);
	START(sending, SYS_sendto, s, "x", 1, 0, 0, 0);
	interrupt(&sending, SIGUSR1);
	JOINED(sending);
}

CASE(signal_ends_send_with_part, ENDS)
{
	static char big[32 << 20];
	struct worker sending;
	ssize_t sent;
	int s, p;

	count_signal(SIGUSR1, 0);
	pair(&s, &p);
	START(sending, SYS_sendto, s, big, sizeof(big), 0, 0, 0);
	BLOCKED(sending);
	interrupt(&sending, SIGUSR1);
	sem_wait(&sending.done);
	sent = sending.ret;
	record("a part: %d", sent > 0 && sent < (ssize_t)sizeof(big));
	record("that part arrives: %d", (ssize_t)drain(p, sent) == sent);
	QUIET(p, POLLIN);
}

CASE(signal_ends_udp_recv, ENDS)
{
	struct worker receiving;
	char buffer[8];
	int s, p;

	count_signal(SIGUSR1, 0);
	udp_pair(&s, &p);
	START(receiving, SYS_recvfrom, s, buffer, 8, 0);
	interrupt(&receiving, SIGUSR1);
	JOINED(receiving);
}

CASE(signal_ends_poll, ENDS)
{
	struct pollfd pfd = { .events = POLLIN };
	struct worker polling;
	int s, p;

	count_signal(SIGUSR1, SA_RESTART);
	pair(&s, &p);
	pfd.fd = s;
	START(polling, SYS_poll, &pfd, 1, MS_LONG);
	interrupt(&polling, SIGUSR1);
	JOINED(polling);
}

static void await_signal(int sig)
{
	for (int i = 0; i < patience(); i++, usleep(1000)) {
		if (signals_seen(sig)) {
			record("SIG%s came", signal_name(sig));
			return;
		}
	}
	record_late("a signal");
}

static void asynchronous(int fd)
{
	CALL(fcntl(fd, F_SETOWN, getpid()));
	CALL(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC));
	record("owner is this process: %d, signals: %d", fcntl(fd, F_GETOWN) == getpid(),
	       !!(fcntl(fd, F_GETFL) & O_ASYNC));
}

CASE(signal_io_data, ENDS)
{
	int s, p;

	count_signal(SIGIO, 0);
	pair(&s, &p);
	asynchronous(s);
	PUT(p, "x");
	await_signal(SIGIO);
	RECV(s, 8, 0);
	PUT(p, "x");
	await_signal(SIGIO);
	RECV(s, 8, 0);
	close(p);
	await_signal(SIGIO);
}

CASE(signal_io_off_again, ENDS)
{
	int s, p;

	count_signal(SIGIO, 0);
	pair(&s, &p);
	asynchronous(s);
	CALL(fcntl(s, F_SETFL, fcntl(s, F_GETFL) & ~O_ASYNC));
	PUT(p, "x");
	await(s, POLLIN);
	await_sent(p);
	SIGNALS(SIGIO);
}

CASE(signal_io_by_ioctl, ENDS)
{
	int s, p, one = 1, pid = getpid(), owner = 0;

	count_signal(SIGIO, 0);
	pair(&s, &p);
	CALL(ioctl(s, FIOASYNC, &one));
	CALL(ioctl(s, SIOCSPGRP, &pid));
	CALL(ioctl(s, SIOCGPGRP, &owner));
	record("owner is this process: %d", owner == pid);
	PUT(p, "x");
	await_signal(SIGIO);
}

CASE(signal_io_other_signal, ENDS)
{
	int s, p;

	count_signal(SIGUSR2, 0);
	pair(&s, &p);
	CALL(fcntl(s, F_SETSIG, SIGUSR2));
	asynchronous(s);
	PUT(p, "x");
	await_signal(SIGUSR2);
}

CASE(signal_io_accept, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 4, &a), p = peer(SOCK_STREAM | SOCK_NONBLOCK);

	count_signal(SIGIO, 0);
	asynchronous(s);
	/* The signal may come while it waits, or not: so it does not wait. */
	connect(p, &a.sa, a.len);
	await_signal(SIGIO);
	await(s, POLLIN);
	s = FD(accept(s, NULL, NULL));
	record("passed on: %d", !!(fcntl(s, F_GETFL) & O_ASYNC));
}

CASE(signal_io_connect, ENDS)
{
	struct addr a = {};
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK);

	count_signal(SIGIO, 0);
	listening(peer(SOCK_STREAM), 4, &a);
	asynchronous(s);
	CALL(connect(s, SA(a)));
	await_signal(SIGIO);
}

CASE(signal_io_udp, ENDS)
{
	int s, p;

	count_signal(SIGIO, 0);
	udp_pair(&s, &p);
	asynchronous(s);
	PUT(p, "x");
	await_signal(SIGIO);
}

CASE(signal_pipe_ignored, ENDS)
{
	int s, p;

	signal(SIGPIPE, SIG_IGN);
	pair(&s, &p);
	CALL(shutdown(s, SHUT_WR));
	CALL(send(s, "x", 1, 0));
}

CASE(signal_pipe_kills, ENDS)
{
	pid_t child;
	int s, p;

	pair(&s, &p);
	child = fork();
	if (!child) {
		signal(SIGPIPE, SIG_DFL);
		shutdown(s, SHUT_WR);
		send(s, "x", 1, 0);
		_exit(0);
	}
	REAPED(child);
}
