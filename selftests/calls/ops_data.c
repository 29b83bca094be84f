// SPDX-License-Identifier: GPL-2.0-only
/* Bytes and datagrams, with all that goes with them, and waiting for them. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "calls.h"

#define BUFFER (256 * 1024)

void *any_buffer(size_t *len)
{
	static char buffer[BUFFER];

	*len = pick(4) ? pick(2000) : pick(BUFFER);
	if (once_in(100))
		return (void *)(uintptr_t)(pick(2) ? 0 : 0xdead0000);
	/* Runs into what is not mapped. */
	if (once_in(100))
		*len = SIZE_MAX >> pick(40);
	return buffer;
}

static int any_flags(void)
{
	static const int some[] = { MSG_DONTWAIT, MSG_PEEK,  MSG_WAITALL, MSG_TRUNC,
				    MSG_OOB,	  MSG_MORE,  MSG_EOR,	  MSG_CONFIRM,
				    MSG_ERRQUEUE, MSG_PROXY, MSG_CTRUNC,  MSG_DONTROUTE,
				    MSG_ZEROCOPY, MSG_FASTOPEN };
	int flags = MSG_NOSIGNAL | (pick(6) ? MSG_DONTWAIT : 0);

	while (once_in(2))
		flags |= some[pick(sizeof(some) / sizeof(some[0]))];
	return once_in(100) ? (int)(pick(65536) << 16 | pick(65536)) : flags;
}

static void op_send(void)
{
	size_t len;
	void *buf = any_buffer(&len);

	send(any_fd(), buf, len, any_flags());
}

static void op_sendto(void)
{
	struct sockaddr_storage ss;
	socklen_t alen = any_addr(&ss);
	size_t len;
	void *buf = any_buffer(&len);

	sendto(any_fd(), buf, len, any_flags(), (struct sockaddr *)&ss, alen);
}

static void op_recv(void)
{
	struct sockaddr_storage ss;
	socklen_t alen = pick(sizeof(ss));
	size_t len;
	void *buf = any_buffer(&len);

	recvfrom(any_fd(), buf, len, any_flags(), once_in(3) ? NULL : (struct sockaddr *)&ss,
		 &alen);
}

/* Ancillary data that may be well formed. */
static size_t any_control(char *bytes, size_t size)
{
	static const int levels[] = { SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_UDP };
	struct msghdr msg = { .msg_control = bytes, .msg_controllen = size };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	for (size_t i = 0; i < size; i++)
		bytes[i] = once_in(4) ? pick(256) : 0;
	cmsg->cmsg_level = levels[pick(4)];
	cmsg->cmsg_type = pick(80);
	cmsg->cmsg_len = pick(4) ? CMSG_LEN(once_in(2) ? 4 : pick(40)) : pick(300);
	return pick(4) ? CMSG_SPACE(pick(40)) : pick(size);
}

static void op_msg(void)
{
	struct sockaddr_storage ss;
	char control[256] __attribute__((aligned(8)));
	struct iovec iov[8];
	struct mmsghdr m[4];
	unsigned int n = 1 + pick(4);
	size_t len;

	for (int i = 0; i < 8; i++) {
		iov[i].iov_base = any_buffer(&len);
		iov[i].iov_len = len;
	}
	for (unsigned int i = 0; i < n; i++) {
		m[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = iov, .msg_iovlen = pick(9) } };
		if (pick(2)) {
			m[i].msg_hdr.msg_name = &ss;
			m[i].msg_hdr.msg_namelen = any_addr(&ss);
		}
		if (pick(2)) {
			m[i].msg_hdr.msg_control = control;
			m[i].msg_hdr.msg_controllen = any_control(control, sizeof(control));
		}
	}
	switch (pick(4)) {
	case 0:
		sendmsg(any_fd(), &m[0].msg_hdr, any_flags());
		break;
	case 1:
		recvmsg(any_fd(), &m[0].msg_hdr, any_flags());
		break;
	case 2:
		sendmmsg(any_fd(), m, n, any_flags());
		break;
	default:
		recvmmsg(any_fd(), m, n, any_flags(), NULL);
	}
}

/* Files, pipes and sockets, without a copy. */
static void op_pipe(void)
{
	int pipes[2], file, fd = any_fd();
	size_t len = pick(100000);

	if (once_in(2)) {
		file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
		sendfile(fd, file, NULL, len);
		close(file);
		return;
	}
	if (pipe2(pipes, O_NONBLOCK | O_CLOEXEC))
		return;
	splice(fd, NULL, pipes[1], NULL, len, SPLICE_F_NONBLOCK | (pick(2) ? SPLICE_F_MORE : 0));
	splice(pipes[0], NULL, any_fd(), NULL, len, SPLICE_F_NONBLOCK);
	close(pipes[0]);
	close(pipes[1]);
}

static void op_poll(void)
{
	struct pollfd p[4];

	for (int i = 0; i < 4; i++)
		p[i] = (struct pollfd){ any_fd(), pick(65536), 0 };
	poll(p, 1 + pick(4), pick(4) ? 0 : 3);
}

static void op_epoll(void)
{
	static int ep;
	struct epoll_event ev[4];

	if (!ep)
		ep = epoll_create1(EPOLL_CLOEXEC);
	ev[0] = (struct epoll_event){ .events = pick(65536) | (pick(2) ? EPOLLET : 0) |
					       (once_in(4) ? EPOLLONESHOT : 0) };
	epoll_ctl(ep, 1 + pick(3), any_fd(), &ev[0]);
	epoll_wait(ep, ev, 4, pick(4) ? 0 : 3);
}

static void op_ioctl(void)
{
	static const unsigned long some[] = { FIONREAD,	    SIOCOUTQ, SIOCATMARK, SIOCOUTQNSD,
					      SIOCGSTAMP,   FIONBIO,  FIOASYNC,	  SIOCSPGRP,
					      SIOCGIFCONF };
	int value = pick(4);

	ioctl(any_fd(), pick(20) ? some[pick(9)] : 0x8900 + pick(256), once_in(30) ? NULL : &value);
}

static void op_readv(void)
{
	struct iovec iov[2];
	size_t len;

	for (int i = 0; i < 2; i++) {
		iov[i].iov_base = any_buffer(&len);
		iov[i].iov_len = len;
	}
	if (pick(2))
		readv(any_fd(), iov, pick(3));
	else
		writev(any_fd(), iov, pick(3));
}

void op_data(void)
{
	static const op_fn ops[] = {
		op_send, op_send, op_recv, op_recv,  op_recv,  op_sendto,
		op_msg,	 op_msg,  op_pipe, op_poll, op_epoll, op_ioctl, op_readv,
	};

	ops[pick(sizeof(ops) / sizeof(ops[0]))]();
}
