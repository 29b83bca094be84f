// SPDX-License-Identifier: GPL-2.0-only
/* Sockets come, get names, connect, accept, are shared and go. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/atmos_socket.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"

static int fds[NR_FDS];

int any_fd(void)
{
	int fd = __atomic_load_n(&fds[pick(NR_FDS)], __ATOMIC_RELAXED);

	return once_in(300) ? 3 + (int)pick(97) : fd ? fd : -1;
}

void keep_fd(int fd)
{
	if (fd < 0)
		return;
	/* Never the standard ones. */
	fd = __atomic_exchange_n(&fds[pick(NR_FDS)], fd, __ATOMIC_RELAXED);
	if (fd > 2)
		close(fd);
}

static void addr_v4(struct sockaddr_in *sin)
{
	static const char *const text[] = { "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2",
					    "0.0.0.0", "255.255.255.255", "224.0.0.251",
					    "192.0.2.1" };

	sin->sin_family = AF_INET;
	inet_pton(AF_INET, text[pick(8)], &sin->sin_addr);
}

static void addr_v6(struct sockaddr_in6 *sin6)
{
	static const char *const text[] = { "::1", "::1", "::1", "::", "::ffff:127.0.0.1",
					    "::ffff:0.0.0.0", "ff02::1", "fe80::1" };

	sin6->sin6_family = AF_INET6;
	inet_pton(AF_INET6, text[pick(8)], &sin6->sin6_addr);
	sin6->sin6_scope_id = once_in(4) ? pick(3) : 0;
}

socklen_t any_addr(struct sockaddr_storage *ss)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;
	socklen_t len = sizeof(*sin);

	memset(ss, 0, sizeof(*ss));
	if (pick(3)) {
		addr_v4(sin);
	} else {
		addr_v6((struct sockaddr_in6 *)ss);
		len = sizeof(struct sockaddr_in6);
	}
	sin->sin_port = once_in(20) ? htons(pick(65536)) : htons(PORT + pick(NR_PORTS));
	if (once_in(30))
		ss->ss_family = pick(20);
	return once_in(30) ? pick(sizeof(*ss) + 1) : len;
}

static void op_socket(void)
{
	int type = (pick(3) ? SOCK_STREAM : SOCK_DGRAM) | (pick(5) ? SOCK_NONBLOCK : 0);
	int af = pick(3) ? AF_INET : AF_INET6;
	int fd;

	if (once_in(5)) {
		keep_fd(socket(af, type, 0));
		return;
	}
	if (once_in(50))
		type = pick(16);
	fd = socket(atmos_family, type, once_in(20) ? pick(300) : 0);
	if (fd >= 0 && pick(3))
		setsockopt(fd, SOL_ATMOS, ATMOS_SO_FAMILY, &af, sizeof(af));
	if (fd >= 0 && pick(2))
		setsockopt(fd, SOL_ATMOS_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	keep_fd(fd);
}

static void op_bind(void)
{
	struct sockaddr_storage ss;
	socklen_t len = any_addr(&ss);

	bind(any_fd(), (struct sockaddr *)&ss, len);
}

static void op_connect(void)
{
	struct sockaddr_storage ss;
	socklen_t len = any_addr(&ss);

	if (once_in(6))
		ss.ss_family = AF_UNSPEC;
	connect(any_fd(), (struct sockaddr *)&ss, len);
}

static void op_listen(void)
{
	listen(any_fd(), once_in(10) ? (int)pick(100000) - 50000 : (int)pick(5));
}

static void op_accept(void)
{
	struct sockaddr_storage ss;
	socklen_t len = pick(2 * sizeof(ss));

	keep_fd(accept4(any_fd(), once_in(3) ? NULL : (struct sockaddr *)&ss, &len,
			pick(4) ? SOCK_NONBLOCK : 0));
}

static void op_names(void)
{
	struct sockaddr_storage ss;
	socklen_t len = pick(sizeof(ss));

	if (pick(2))
		getsockname(any_fd(), (struct sockaddr *)&ss, &len);
	else
		getpeername(any_fd(), (struct sockaddr *)&ss, &len);
}

static void op_shutdown(void)
{
	shutdown(any_fd(), pick(4));
}

static void op_close(void)
{
	int fd = __atomic_exchange_n(&fds[pick(NR_FDS)], 0, __ATOMIC_RELAXED);

	if (fd > 2)
		close(fd);
}

static void op_dup(void)
{
	keep_fd(dup(any_fd()));
}

/* To a process that ends while others use what it has. */
static void op_fork(void)
{
	pid_t pid;

	if (pick(20))
		return;
	pid = fork();
	if (pid)
		return;
	for (int i = 0; i < 20; i++) {
		if (pick(2))
			op_data();
		else
			op_close();
	}
	_exit(0);
}

/* Through a socket of another kind, and back. */
static void op_pass(void)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.bytes, .msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int pair[2], fd = any_fd();

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (sendmsg(pair[0], &msg, MSG_DONTWAIT) == 1 && pick(3)) {
		char byte;

		iov.iov_base = &byte;
		msg.msg_controllen = sizeof(control.bytes);
		if (recvmsg(pair[1], &msg, MSG_DONTWAIT) == 1 && CMSG_FIRSTHDR(&msg)) {
			cmsg = CMSG_FIRSTHDR(&msg);
			memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
			keep_fd(fd);
		}
	}
	close(pair[0]);
	close(pair[1]);
}

static void op_flags(void)
{
	int fd = any_fd();

	switch (pick(4)) {
	case 0:
		fcntl(fd, F_SETFL, pick(6) ? O_NONBLOCK : 0);
		break;
	case 1:
		fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC);
		break;
	case 2:
		fcntl(fd, F_SETOWN, getpid());
		break;
	default:
		fcntl(fd, F_SETSIG, pick(64));
	}
}

void op_life(void)
{
	static const op_fn ops[] = {
		op_socket, op_socket, op_socket, op_bind,   op_bind,	 op_connect, op_connect,
		op_listen, op_listen, op_accept, op_accept, op_shutdown, op_names,   op_close,
		op_close,  op_dup,    op_fork,	 op_pass,   op_flags,
	};

	ops[pick(sizeof(ops) / sizeof(ops[0]))]();
}
