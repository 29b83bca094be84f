// SPDX-License-Identifier: GPL-2.0-only
/* Sockets as files: copies, other processes, sendfile(), splice(), ioctls. */
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

#include "cases.h"

CASE(file_dup, ENDS)
{
	int s, p, copy;

	pair(&s, &p);
	copy = FD(dup(s));
	CALL(send(copy, "by copy", 7, 0));
	RECV(p, 16, 0);
	nonblocking(copy, true);
	/* Flags belong to both. */
	RECV(s, 1, 0);
	CALL(set_int(copy, SOL_SOCKET, SO_KEEPALIVE, 1));
	OPT(s, SOL_SOCKET, SO_KEEPALIVE);
	CALL(shutdown(copy, SHUT_WR));
	CALL(send(s, "x", 1, MSG_NOSIGNAL));
}

CASE(file_fork, ENDS)
{
	pid_t child;
	int s, p;

	pair(&s, &p);
	child = fork();
	if (!child) {
		char buffer[8] = {};
		bool good = recv(s, buffer, 8, 0) == 4 && !strcmp(buffer, "ping") &&
			    send(s, "pong", 4, 0) == 4;

		_exit(!good);
	}
	CALL(close(s));
	CALL(send(p, "ping", 4, 0));
	RECV(p, 8, 0);
	REAPED(child);
	/* Now it was the last. */
	WAIT(p, POLLIN | POLLRDHUP);
	RECV(p, 8, 0);
}

CASE(file_fork_both_use, ENDS)
{
	pid_t child;
	int s, p;

	pair(&s, &p);
	child = fork();
	if (!child)
		_exit(send(s, "child ", 6, 0) != 6);
	REAPED(child);
	CALL(send(s, "parent", 6, 0));
	await_bytes(p, 12);
	RECV(p, 32, 0);
}

static int pass_on(int way, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(16))) = {}, byte = 'f';
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(way, &m, 0) == 1 ? 0 : -1;
}

static int take_over(int way)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(16))) = {}, byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(way, &m, 0) == 1 && CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

CASE(file_passed_on, ENDS)
{
	int s, p, way[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, way))
		give_up("socketpair");
	child = fork();
	if (!child) {
		int fd = take_over(way[1]);

		_exit(fd < 0 || send(fd, "from a child", 12, 0) != 12);
	}
	pair(&s, &p);
	CALL(pass_on(way[0], s));
	CALL(close(s));
	RECV(p, 32, MSG_WAITALL);
	REAPED(child);
}

CASE(file_passed_on_listening, ENDS)
{
	struct addr a = {};
	int s = listening(sut(SOCK_STREAM), 4, &a), way[2], p = peer(SOCK_STREAM);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, way))
		give_up("socketpair");
	CALL(pass_on(way[0], s));
	CALL(close(s));
	/* In flight it listens on. */
	CALL(connect(p, SA(a)));
	s = take_over(way[1]);
	FD(accept(s, NULL, NULL));
	CALL(pass_on(way[0], s));
	CALL(close(s));
	CALL(close(way[0]));
	CALL(close(way[1]));
	CALL(connect(peer(SOCK_STREAM), SA(a)));
}

static int file_with(const char *text, size_t len)
{
	int fd = memfd_create("file", 0);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET))
		give_up("memfd");
	return fd;
}

CASE(file_sendfile, ENDS)
{
	int s, p, file = file_with("0123456789", 10);
	off_t from = 2;

	pair(&s, &p);
	CALL(sendfile(s, file, NULL, 4));
	CALL(sendfile(s, file, &from, 3));
	record("offset %ld, position %ld", (long)from, (long)lseek(file, 0, SEEK_CUR));
	CALL(sendfile(s, file, NULL, 100));
	CALL(sendfile(s, file, NULL, 100));
	await_bytes(p, 13);
	RECV(p, 32, 0);
	CALL(sendfile(file, s, NULL, 10));
	CALL(sendfile(s, file, NULL, 0));
	CALL(shutdown(s, SHUT_WR));
	from = 0;
	CALL(sendfile(s, file, &from, 4));
	SIGNALS(SIGPIPE);
}

CASE(file_sendfile_much, ENDS)
{
	size_t size = 3 << 20;
	char *text = malloc(size), *got = malloc(size);
	struct worker sending;
	off_t from = 0;
	int s, p, file;

	for (size_t i = 0; i < size; i++)
		text[i] = i * 2654435761u >> 24;
	file = file_with(text, size);
	pair(&s, &p);
	memset(&sending, 0, sizeof(sending));
	nonblocking(s, true);
	for (size_t done = 0; done < size;) {
		ssize_t nr = sendfile(s, file, &from, size - done);

		if (nr > 0) {
			get(p, got + done, nr);
			done += nr;
		} else if (errno == EAGAIN) {
			await(s, POLLOUT);
		} else {
			give_up("sendfile");
		}
	}
	record("the same: %d", !memcmp(text, got, size));
}

CASE(file_splice_to, ENDS)
{
	int s, p, way[2];

	if (pipe(way))
		give_up("pipe");
	pair(&s, &p);
	CALL(write(way[1], "through a pipe", 14));
	CALL(splice(way[0], NULL, s, NULL, 7, 0));
	CALL(splice(way[0], NULL, s, NULL, 100, SPLICE_F_MORE));
	await_bytes(p, 14);
	RECV(p, 32, 0);
	CALL(splice(way[0], NULL, s, NULL, 100, SPLICE_F_NONBLOCK));
}

CASE(file_splice_from, ENDS)
{
	char buffer[32] = {};
	int s, p, way[2];

	if (pipe(way))
		give_up("pipe");
	pair(&s, &p);
	/* Only the socket's own flag counts. */
	nonblocking(s, true);
	CALL(splice(s, NULL, way[1], NULL, 100, 0));
	nonblocking(s, false);
	PUT(p, "through a pipe");
	await_bytes(s, 14);
	CALL(splice(s, NULL, way[1], NULL, 7, 0));
	CALL(splice(s, NULL, way[1], NULL, 100, 0));
	CALL(read(way[0], buffer, 32));
	record("\"%s\"", buffer);
	close(p);
	await(s, POLLRDHUP);
	CALL(splice(s, NULL, way[1], NULL, 100, 0));
	CALL(splice(s, NULL, way[1], NULL, 100, SPLICE_F_NONBLOCK));
}

CASE(file_splice_much, ENDS)
{
	enum { SIZE = 1 << 20 };
	static char text[SIZE], got[SIZE];
	size_t done = 0;
	pid_t child;
	int s, p, way[2];

	if (pipe(way))
		give_up("pipe");
	for (size_t i = 0; i < SIZE; i++)
		text[i] = i * 2654435761u >> 24;
	pair(&s, &p);
	child = fork();
	if (!child) {
		put(p, text, SIZE);
		_exit(0);
	}
	while (done < SIZE) {
		ssize_t nr = splice(s, NULL, way[1], NULL, 65536, SPLICE_F_MOVE);

		if (nr <= 0)
			give_up("splice");
		for (ssize_t rest = nr; rest;) {
			ssize_t more = read(way[0], got + done, rest);

			if (more <= 0)
				give_up("read");
			done += more;
			rest -= more;
		}
	}
	record("the same: %d", !memcmp(text, got, SIZE));
	REAPED(child);
}

CASE(file_splice_errors, ENDS)
{
	int s, p, way[2], u = sut(SOCK_STREAM);
	loff_t off = 0;

	if (pipe(way))
		give_up("pipe");
	CALL(splice(u, NULL, way[1], NULL, 100, 0));
	CALL(write(way[1], "x", 1));
	CALL(splice(way[0], NULL, u, NULL, 100, 0));
	SIGNALS(SIGPIPE);
	pair(&s, &p);
	CALL(splice(s, &off, way[1], NULL, 100, 0));
	CALL(splice(s, NULL, s, NULL, 100, 0));
	reset(p);
	await(s, POLLHUP);
	CALL(splice(s, NULL, way[1], NULL, 100, 0));
	CALL(splice(s, NULL, way[1], NULL, 100, 0));
}

CASE(file_nonblocking_by_ioctl, ENDS)
{
	int s, p, on = 1, off = 0;

	pair(&s, &p);
	CALL(ioctl(s, FIONBIO, &on));
	RECV(s, 1, 0);
	record("nonblocking %d", !!(fcntl(s, F_GETFL) & O_NONBLOCK));
	CALL(ioctl(s, FIONBIO, &off));
	record("nonblocking %d", !!(fcntl(s, F_GETFL) & O_NONBLOCK));
	CALL(ioctl(s, FIONBIO, bad));
}

CASE(file_ioctls_unconnected, IPS)
{
	int s = sut(SOCK_STREAM), d = sut(SOCK_DGRAM), value = -7;

	CALL(ioctl(s, FIONREAD, &value));
	record("%d", value);
	CALL(ioctl(s, SIOCOUTQ, &value));
	record("%d", value);
	CALL(ioctl(s, SIOCOUTQNSD, &value));
	record("%d", value);
	CALL(ioctl(s, SIOCATMARK, &value));
	record("%d", value);
	CALL(ioctl(s, FIONREAD, bad));
	CALL(ioctl(d, FIONREAD, &value));
	record("%d", value);
	CALL(ioctl(d, SIOCOUTQ, &value));
	record("%d", value);
	CALL(ioctl(d, SIOCATMARK, &value));
	CALL(ioctl(s, 0x12345678, &value));
	CALL(ioctl(d, 0x12345678, &value));
	CALL(ioctl(s, TIOCGWINSZ, &value));
}

/* Programs ask any socket of theirs about interfaces. */
CASE(file_ioctls_of_interfaces, IPS)
{
	struct ifreq lo = { .ifr_name = "lo" }, nobody = { .ifr_name = "nobody" };
	int s = sut(SOCK_STREAM), d = sut(SOCK_DGRAM);

	CALL(ioctl(s, SIOCGIFINDEX, &lo));
	record("%d", lo.ifr_ifindex);
	CALL(ioctl(d, SIOCGIFFLAGS, &lo));
	record("up %d", !!(lo.ifr_flags & IFF_UP));
	CALL(ioctl(s, SIOCGIFMTU, &lo));
	record("%d", lo.ifr_mtu);
	CALL(ioctl(s, SIOCGIFINDEX, &nobody));
	lo.ifr_ifindex = 1;
	CALL(ioctl(s, SIOCGIFNAME, &lo));
	record("%s", lo.ifr_name);
}

CASE(file_ioctl_interface_address, V4)
{
	struct ifreq lo = { .ifr_name = "lo" };
	struct sockaddr_in *in = (void *)&lo.ifr_addr;
	int s = sut(SOCK_STREAM), d = sut(SOCK_DGRAM);

	in->sin_family = AF_INET;
	CALL(ioctl(s, SIOCGIFADDR, &lo));
	record("%s", addr_text(&lo.ifr_addr, sizeof(*in)));
	in->sin_family = AF_INET;
	CALL(ioctl(d, SIOCGIFNETMASK, &lo));
	record("%s", addr_text(&lo.ifr_addr, sizeof(*in)));
}

CASE(file_unread_and_exit, ENDS)
{
	pid_t child;
	int s, p;

	/* A process that dies closes its sockets, as close() does. */
	pair(&s, &p);
	PUT(p, "unread");
	await(s, POLLIN);
	child = fork();
	if (!child)
		kill(getpid(), SIGKILL);
	CALL(close(s));
	REAPED(child);
	WAIT(p, POLLERR | POLLHUP);
	ERROR(p);
}
