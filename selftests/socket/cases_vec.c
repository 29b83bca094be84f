// SPDX-License-Identifier: GPL-2.0-only
/* Vectors of buffers, several messages at once, message headers; on TCP. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "cases.h"

CASE(vec_write_and_read, ENDS)
{
	struct iovec out[3] = { { "one ", 4 }, { NULL, 0 }, { "two", 3 } };
	char a[3] = {}, b[8] = {};
	struct iovec in[2] = { { a, 2 }, { b, 7 } };
	int s, p;

	pair(&s, &p);
	CALL(writev(s, out, 3));
	await_bytes(p, 7);
	CALL(readv(p, in, 2));
	record("\"%s\" \"%s\"", a, b);
	CALL(writev(p, out, 3));
	await_bytes(s, 7);
	CALL(readv(s, in, 2));
	CALL(writev(s, out, 0));
	CALL(writev(s, out, minus_one));
	CALL(readv(s, in, 0));
}

CASE(vec_many, ENDS)
{
	struct iovec out[IOV_MAX + 1];
	char text[IOV_MAX + 1], got[IOV_MAX + 1];
	int s, p;

	for (int i = 0; i <= IOV_MAX; i++) {
		text[i] = i % 251;
		out[i].iov_base = text + i;
		out[i].iov_len = 1;
	}
	pair(&s, &p);
	CALL(writev(s, out, IOV_MAX + 1));
	CALL(writev(s, out, IOV_MAX));
	get(p, got, IOV_MAX);
	record("the same: %d", !memcmp(text, got, IOV_MAX));
	put(p, text, IOV_MAX);
	await_bytes(s, IOV_MAX);
	memset(text, 0, sizeof(text));
	CALL(readv(s, out, IOV_MAX));
	record("the same: %d", !memcmp(text, got, IOV_MAX));
}

CASE(vec_many_messages, ENDS)
{
	static struct iovec out[IOV_MAX + 1];
	struct msghdr m = { .msg_iov = out, .msg_iovlen = IOV_MAX + 1 };
	int s, p;

	pair(&s, &p);
	CALL(sendmsg(s, &m, 0));
	CALL(recvmsg(s, &m, MSG_DONTWAIT));
	m.msg_iovlen = IOV_MAX;
	CALL(sendmsg(s, &m, 0));
	m.msg_iovlen = 0;
	CALL(sendmsg(s, &m, 0));
	CALL(recvmsg(s, &m, MSG_DONTWAIT));
}

CASE(vec_lengths, ENDS)
{
	struct iovec out[2] = { { "x", 1 }, { "y", -1 } };
	struct msghdr m = { .msg_iov = out, .msg_iovlen = 2 };
	int s, p;

	pair(&s, &p);
	CALL(writev(s, out, 2));
	CALL(sendmsg(s, &m, 0));
	CALL(readv(s, out, 2));
	QUIET(p, POLLIN);
}

CASE(vec_second_bad, ENDS)
{
	struct iovec out[2] = { { "good", 4 }, { bad, 4 } };
	struct msghdr m = { .msg_iov = out, .msg_iovlen = 2 };
	int s, p;

	pair(&s, &p);
	CALL(writev(s, out, 2));
	CALL(sendmsg(s, &m, 0));
	PUT(s, "behind");
	RECV(p, 32, 0);
}

CASE(vec_second_bad_reading, ENDS)
{
	char a[8] = {};
	struct iovec in[2] = { { a, 4 }, { bad, 4 } };
	struct msghdr m = { .msg_iov = in, .msg_iovlen = 2 };
	int s, p;

	pair(&s, &p);
	PUT(p, "0123456789");
	await_bytes(s, 10);
	CALL(readv(s, in, 2));
	CALL(recvmsg(s, &m, 0));
	RECV(s, 32, 0);
}

CASE(vec_bad_vector, ENDS)
{
	struct msghdr m = { .msg_iov = bad, .msg_iovlen = 1 };
	int s, p;

	pair(&s, &p);
	CALL(writev(s, bad, 1));
	CALL(sendmsg(s, &m, 0));
	CALL(recvmsg(s, &m, MSG_DONTWAIT));
	CALL(sendmsg(s, bad, 0));
	CALL(recvmsg(s, bad, 0));
}

static void messages(struct mmsghdr *m, struct iovec *iov, char (*data)[8], int nr)
{
	memset(m, 0, nr * sizeof(*m));
	for (int i = 0; i < nr; i++) {
		iov[i].iov_base = data[i];
		iov[i].iov_len = sizeof(data[i]);
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
}

CASE(vec_sendmmsg, ENDS)
{
	char data[3][8] = { "message", "another", "a third" };
	struct mmsghdr m[3];
	struct iovec iov[3];
	int s, p;

	pair(&s, &p);
	messages(m, iov, data, 3);
	CALL(sendmmsg(s, m, 3, 0));
	record("%u %u %u", m[0].msg_len, m[1].msg_len, m[2].msg_len);
	await_bytes(p, 24);
	RECV(p, 32, 0);
	CALL(sendmmsg(s, m, 0, 0));
	/* The second cannot go: the first counts. */
	iov[1].iov_base = bad;
	CALL(sendmmsg(s, m, 3, 0));
	RECV(p, 32, 0);
	CALL(sendmmsg(s, m + 1, 2, 0));
	QUIET(p, POLLIN);
}

CASE(vec_recvmmsg, ENDS)
{
	char data[3][8] = {};
	struct mmsghdr m[3];
	struct iovec iov[3];
	int s, p;

	pair(&s, &p);
	messages(m, iov, data, 3);
	PUT(p, "message another a th");
	await_bytes(s, 20);
	CALL(recvmmsg(s, m, 3, 0, NULL));
	record("%u %u %u", m[0].msg_len, m[1].msg_len, m[2].msg_len);
	record("%.8s|%.8s|%.4s", data[0], data[1], data[2]);
	CALL(recvmmsg(s, m, 3, MSG_DONTWAIT, NULL));
	CALL(recvmmsg(s, m, 0, 0, NULL));
	PUT(p, "0123456789");
	await_bytes(s, 10);
	CALL(recvmmsg(s, m, 3, MSG_WAITFORONE, NULL));
	record("%u %u", m[0].msg_len, m[1].msg_len);
}

CASE(vec_recvmmsg_timeout, ENDS)
{
	struct timespec now = { 0, 1 }, bad = { 0, 1000000000 }, negative = { -1, 0 };
	char data[3][8] = {};
	struct mmsghdr m[3];
	struct iovec iov[3];
	int s, p;

	pair(&s, &p);
	messages(m, iov, data, 3);
	CALL(recvmmsg(s, m, 3, 0, &bad));
	CALL(recvmmsg(s, m, 3, 0, &negative));
	/* The time is looked at after each message only. */
	PUT(p, "message another ");
	await_bytes(s, 16);
	CALL(recvmmsg(s, m, 3, 0, &now));
	CALL(recvmmsg(s, m, 3, 0, &now));
	RECV(s, 32, MSG_DONTWAIT);
}

CASE(vec_recvmmsg_and_end, ENDS)
{
	char data[3][8] = {};
	struct mmsghdr m[3];
	struct iovec iov[3];
	int s, p;

	pair(&s, &p);
	messages(m, iov, data, 3);
	PUT(p, "message");
	close(p);
	await(s, POLLRDHUP);
	CALL(recvmmsg(s, m, 3, 0, NULL));
	record("%u %u %u", m[0].msg_len, m[1].msg_len, m[2].msg_len);
}

CASE(vec_name_length, ENDS)
{
	struct iovec iov = { "x", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_name = &iov };
	int s, p;

	pair(&s, &p);
	m.msg_namelen = -1;
	CALL(sendmsg(s, &m, 0));
	CALL(recvmsg(s, &m, MSG_DONTWAIT));
	m.msg_name = bad;
	m.msg_namelen = 16;
	CALL(sendmsg(s, &m, 0));
}

CASE(vec_control_bad, ENDS)
{
	char control[64] __attribute__((aligned(16))) = {};
	struct iovec iov = { "x", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *c = (void *)control;
	int s, p, value = 1;

	pair(&s, &p);
	/* Too long for its room, too short for itself. */
	m.msg_controllen = 32;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SO_MARK;
	c->cmsg_len = 64;
	CALL(sendmsg(s, &m, 0));
	c->cmsg_len = 3;
	CALL(sendmsg(s, &m, 0));
	m.msg_control = bad;
	CALL(sendmsg(s, &m, 0));
	m.msg_controllen = 1 << 30;
	CALL(sendmsg(s, &m, 0));
	/* What there is not, and what belongs to others. */
	CALL(send_cmsg(s, NULL, "1", SOL_SOCKET, 9999, &value, sizeof(value)));
	CALL(send_cmsg(s, NULL, "2", SOL_SOCKET, SO_MARK, &value, 1));
	CALL(send_cmsg(s, NULL, "3", IPPROTO_IP, IP_TTL, &value, sizeof(value)));
	CALL(send_cmsg(s, NULL, "4", IPPROTO_TCP, 1, &value, sizeof(value)));
	CALL(send_cmsg(s, NULL, "5", SOL_SOCKET, SO_MARK, &value, sizeof(value)));
	CALL(send_cmsg(s, NULL, "6", SOL_SOCKET, SCM_RIGHTS, &value, sizeof(value)));
	PUT(s, "end");
	for (char last = 0; last != 'd'; record("got %c", last))
		get(p, &last, 1);
}
