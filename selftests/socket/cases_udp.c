// SPDX-License-Identifier: GPL-2.0-only
/* UDP: connected and not, sizes, flags. */
#include <linux/sockios.h>
#include <stdlib.h>

#include "cases.h"

static struct addr none = { .sa.sa_family = AF_UNSPEC, .len = sizeof(struct sockaddr_in6) };

CASE(udp_send_without_address, IPS)
{
	int s = sut(SOCK_DGRAM);

	CALL(send(s, "x", 1, 0));
	CALL(write(s, "x", 1));
	CALL(send(s, "x", 0, 0));
	NAMES(s);
	SIGNALS(SIGPIPE);
}

CASE(udp_send_and_receive, ENDS)
{
	struct addr a = {};
	int s = sut(SOCK_DGRAM), p = bound(peer(SOCK_DGRAM), &a);

	CALL(sendto(s, "hello", 5, 0, SA(a)));
	NAMES(s);
	a = name_of(s);
	await(p, POLLIN);
	RECVMSG(p, 16, 0);
	a = loopback(port_of(&a));
	CALL(sendto(p, "there", 5, 0, SA(a)));
	await(s, POLLIN);
	RECVMSG(s, 16, 0);
}

CASE(udp_bad_addresses, IPS)
{
	struct addr a = {}, b;
	int s = sut(SOCK_DGRAM);

	bound(peer(SOCK_DGRAM), &a);
	for (int len = 0; len < (int)a.len; len += len < 14 ? 2 : 1)
		record("sendto with %d bytes of address: %s", len,
		       sendto(s, "x", 1, 0, &a.sa, len) == 1 ? "done" : errno_name(errno));
	CALL(sendto(s, "x", 1, 0, &a.sa, -1));
	CALL(sendto(s, "x", 1, 0, bad, a.len));
	CALL(sendto(s, "x", 1, 0, &a.sa, sizeof(a.ss)));
	b = a;
	b.sa.sa_family = AF_UNIX;
	CALL(sendto(s, "x", 1, 0, SA(b)));
	b.sa.sa_family = AF_UNSPEC;
	CALL(sendto(s, "x", 1, 0, SA(b)));
	b.sa.sa_family = 18;
	CALL(sendto(s, "x", 1, 0, SA(b)));
	b = address(v6() ? "127.0.0.1" : "::1", port_of(&a));
	CALL(sendto(s, "x", 1, 0, SA(b)));
	b = a;
	set_port(&b, 0);
	CALL(sendto(s, "x", 1, 0, SA(b)));
	b = nowhere(9);
	CALL(sendto(s, "x", 1, 0, SA(b)));
}

CASE(udp_connect, ENDS)
{
	struct addr a = {};
	int s = sut(SOCK_DGRAM), p = bound(peer(SOCK_DGRAM), &a);

	CALL(connect(s, SA(a)));
	NAMES(s);
	CALL(send(s, "connected", 9, 0));
	await(p, POLLIN);
	RECVMSG(p, 16, 0);
	CALL(connect(s, SA(a)));
	CALL(write(s, "", 0));
	await(p, POLLIN);
	RECVMSG(p, 16, 0);
}

CASE(udp_connect_errors, IPS)
{
	struct addr a = {}, b;
	int s = sut(SOCK_DGRAM);

	bound(peer(SOCK_DGRAM), &a);
	for (int len = 0; len < (int)a.len; len += len < 14 ? 2 : 1) {
		int ret = connect(s, &a.sa, len);

		record("connect of %d bytes: %s", len, ret ? errno_name(errno) : "done");
		if (!ret)
			s = sut(SOCK_DGRAM);
	}
	b = a;
	b.sa.sa_family = AF_UNIX;
	CALL(connect(s, SA(b)));
	b = address(v6() ? "127.0.0.1" : "::1", port_of(&a));
	CALL(connect(s, SA(b)));
	b = loopback(port_of(&a));
	if (v6())
		CALL(connect(s, SA(b)));
	s = sut(SOCK_DGRAM);
	CALL(connect(s, SA(a)));
	b = nowhere(9);
	CALL(connect(s, SA(b)));
	NAMES(s);
	b = loopback(0);
	CALL(connect(s, SA(b)));
	NAMES(s);
}

CASE(udp_connect_odd_v4, V4)
{
	static const char *const texts[] = { "127.255.255.255", "255.255.255.255", "224.0.0.1",
					     "0.0.0.0", "240.0.0.1" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct addr a = address(texts[i], 9);
		int s = sut(SOCK_DGRAM);

		record("%s", texts[i]);
		CALL(connect(s, SA(a)));
		NAMES(s);
	}
}

CASE(udp_connect_odd_v6, V6)
{
	static const char *const texts[] = { "ff02::1", "fe80::1", "::", "::ffff:127.0.0.1",
					     "::ffff:224.0.0.1" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct addr a = address(texts[i], 9);
		int s = sut(SOCK_DGRAM);

		record("%s", texts[i]);
		CALL(connect(s, SA(a)));
		NAMES(s);
	}
}

CASE(udp_connect_other, ENDS)
{
	struct addr a = {}, b = {}, me;
	int s = sut(SOCK_DGRAM), p = bound(peer(SOCK_DGRAM), &a), q = bound(peer(SOCK_DGRAM), &b);

	CALL(connect(s, SA(a)));
	NAMES(s);
	me = name_of(s);
	CALL(connect(s, SA(b)));
	NAMES(s);
	/* Only the other is heard now. */
	CALL(sendto(p, "from the first", 14, 0, SA(me)));
	CALL(sendto(q, "from the second", 15, 0, SA(me)));
	await(s, POLLIN);
	RECV(s, 32, 0);
	RECV(s, 32, MSG_DONTWAIT);
}

CASE(udp_connect_keeps_what_came, ENDS)
{
	struct addr a = {}, b = {}, me = {};
	int s = bound(sut(SOCK_DGRAM), &me), p = bound(peer(SOCK_DGRAM), &a);

	bound(peer(SOCK_DGRAM), &b);
	CALL(sendto(p, "early", 5, 0, SA(me)));
	await(s, POLLIN);
	CALL(connect(s, SA(b)));
	RECVMSG(s, 16, MSG_DONTWAIT);
}

CASE(udp_connected_hears_one, ENDS)
{
	struct addr a = {}, me;
	int s, p, q = bound(peer(SOCK_DGRAM), &a);

	udp_pair(&s, &p);
	me = name_of(s);
	CALL(sendto(q, "stranger", 8, 0, SA(me)));
	CALL(send(p, "friend", 6, 0));
	await(s, POLLIN);
	RECVMSG(s, 16, 0);
	RECV(s, 16, MSG_DONTWAIT);
	/* The stranger hears of it. */
	CALL(connect(q, SA(me)));
	CALL(send(q, "again", 5, 0));
	WAIT(q, POLLERR);
	ERROR(q);
}

CASE(udp_connected_sends_elsewhere, ENDS)
{
	struct addr a = {};
	int s, p, q = bound(peer(SOCK_DGRAM), &a);

	udp_pair(&s, &p);
	CALL(sendto(s, "elsewhere", 9, 0, SA(a)));
	await(q, POLLIN);
	RECVMSG(q, 16, 0);
	CALL(send(s, "home", 4, 0));
	RECV(p, 16, 0);
	CALL(sendto(s, "none", 4, 0, SA(none)));
}

CASE(udp_disconnect, ENDS)
{
	struct addr a = {}, b = {}, me;
	int s = sut(SOCK_DGRAM), p = bound(peer(SOCK_DGRAM), &a), q = bound(peer(SOCK_DGRAM), &b);

	CALL(connect(s, SA(none)));
	NAMES(s);
	CALL(connect(s, SA(a)));
	CALL(connect(s, SA(none)));
	NAMES(s);
	CALL(send(s, "x", 1, 0));
	CALL(sendto(s, "x", 1, 0, SA(b)));
	RECV(q, 1, 0);
	NAMES(s);
	me = name_of(s);
	me = loopback(port_of(&me));
	CALL(sendto(p, "y", 1, 0, SA(me)));
	await(s, POLLIN);
	RECVMSG(s, 8, 0);
}

CASE(udp_disconnect_bound, ENDS)
{
	struct addr a = {}, me = {}, wide = any(0);
	int s = bound(sut(SOCK_DGRAM), &me), p = bound(peer(SOCK_DGRAM), &a);

	CALL(connect(s, SA(a)));
	NAMES(s);
	CALL(connect(s, SA(none)));
	NAMES(s);
	s = bound(sut(SOCK_DGRAM), &wide);
	CALL(connect(s, SA(a)));
	NAMES(s);
	CALL(connect(s, SA(none)));
	NAMES(s);
	NAMES(p);
}

CASE(udp_to_itself, IPS)
{
	struct addr me = {};
	int s = bound(sut(SOCK_DGRAM), &me);

	CALL(sendto(s, "to me", 5, 0, SA(me)));
	await(s, POLLIN);
	RECVMSG(s, 16, 0);
	CALL(connect(s, SA(me)));
	CALL(send(s, "again", 5, 0));
	await(s, POLLIN);
	RECVMSG(s, 16, 0);
}

CASE(udp_to_any, ENDS)
{
	struct addr a = {}, b;
	int s = sut(SOCK_DGRAM), p = bound(peer(SOCK_DGRAM), &a);

	b = any(port_of(&a));
	CALL(sendto(s, "any", 3, 0, SA(b)));
	await(p, POLLIN);
	RECVMSG(p, 16, 0);
	CALL(connect(s, SA(b)));
	NAMES(s);
}

CASE(udp_mapped, V6 | PEER)
{
	struct addr a = any(0), b;
	int s = sut(SOCK_DGRAM), p = bound(peer(SOCK_DGRAM), &a);

	b = address("::ffff:127.0.0.1", port_of(&a));
	CALL(sendto(s, "mapped", 6, 0, SA(b)));
	NAMES(s);
	await(p, POLLIN);
	RECVMSG(p, 16, 0);
	CALL(connect(s, SA(b)));
	NAMES(s);
	b = address("::1", port_of(&a));
	CALL(sendto(s, "v6", 2, 0, SA(b)));
	CALL(connect(s, SA(b)));
	NAMES(s);
	s = sut(SOCK_DGRAM);
	CALL(set_int(s, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	b = address("::ffff:127.0.0.1", port_of(&a));
	CALL(sendto(s, "x", 1, 0, SA(b)));
	CALL(connect(s, SA(b)));
}

CASE(udp_v4_to_dual, V6)
{
	struct addr a = any(0), b;
	int s = bound(sut(SOCK_DGRAM), &a), p = socket(AF_INET, SOCK_DGRAM, 0);

	b = address("127.0.0.1", port_of(&a));
	CALL(sendto(p, "from v4", 7, 0, SA(b)));
	await(s, POLLIN);
	RECVMSG(s, 16, 0);
}

CASE(udp_truncated, ENDS)
{
	int s, p;

	udp_pair(&s, &p);
	PUT(p, "0123456789");
	PUT(p, "next");
	await(s, POLLIN);
	RECVMSG(s, 4, MSG_PEEK);
	RECVMSG(s, 4, 0);
	RECV(s, 16, 0);
	PUT(p, "0123456789");
	await(s, POLLIN);
	RECV(s, 4, MSG_TRUNC | MSG_PEEK);
	RECV(s, 4, MSG_TRUNC);
	RECV(s, 4, MSG_DONTWAIT);
	PUT(p, "0123456789");
	await(s, POLLIN);
	CALL(recv(s, NULL, 0, MSG_TRUNC));
}

CASE(udp_empty, ENDS)
{
	int s, p, value = -1;

	udp_pair(&s, &p);
	CALL(send(p, "", 0, 0));
	WAIT(s, POLLIN);
	CALL(ioctl(s, FIONREAD, &value));
	record("%d", value);
	RECVMSG(s, 8, 0);
	RECV(s, 8, MSG_DONTWAIT);
	CALL(send(s, null, 0, 0));
	WAIT(p, POLLIN);
	RECVMSG(p, 8, 0);
}

CASE(udp_boundaries, ENDS)
{
	int s, p, value = -1;

	udp_pair(&s, &p);
	CALL(send(p, "one", 3, 0));
	CALL(send(p, "three", 5, 0));
	await(s, POLLIN);
	CALL(ioctl(s, FIONREAD, &value));
	record("%d", value);
	RECV(s, 64, 0);
	await(s, POLLIN);
	CALL(ioctl(s, FIONREAD, &value));
	record("%d", value);
	RECV(s, 64, 0);
	CALL(ioctl(s, FIONREAD, &value));
	record("%d", value);
}

CASE(udp_flags, ENDS)
{
	int s, p;

	udp_pair(&s, &p);
	RECV(s, 8, MSG_DONTWAIT);
	RECV(s, 8, MSG_DONTWAIT | MSG_PEEK);
	RECV(s, 8, MSG_OOB | MSG_DONTWAIT);
	CALL(send(s, "x", 1, MSG_OOB));
	RECVMSG(s, 8, MSG_ERRQUEUE);
	PUT(p, "12");
	await(s, POLLIN);
	RECV(s, 8, MSG_PEEK);
	RECV(s, 8, MSG_PEEK);
	RECV(s, 8, MSG_WAITALL);
	CALL(send(s, "eor", 3, MSG_EOR));
	CALL(send(s, "dontroute", 9, MSG_DONTROUTE));
	CALL(send(s, "confirm", 7, MSG_CONFIRM));
	await(p, POLLIN);
	RECV(p, 32, 0);
	RECV(p, 32, 0);
	RECV(p, 32, 0);
}

CASE(udp_more, ENDS)
{
	struct addr a = nowhere(9);
	int s, p;

	udp_pair(&s, &p);
	CALL(send(s, "one ", 4, MSG_MORE));
	CALL(send(s, "two ", 4, MSG_MORE));
	QUIET(p, POLLIN);
	CALL(send(s, "three", 5, 0));
	await(p, POLLIN);
	RECV(p, 32, 0);
	/* The first one's address counts. */
	CALL(send(s, "one ", 4, MSG_MORE));
	CALL(sendto(s, "two", 3, 0, SA(a)));
	await(p, POLLIN);
	RECV(p, 32, 0);
}

static void sizes(int s, int p, const int *some, int nr)
{
	static char data[100000];

	for (int i = 0; i < nr; i++) {
		ssize_t sent = send(s, data, some[i], 0);

		record("%d bytes: %s", some[i], sent == some[i] ? "sent" : errno_name(errno));
		if (sent == some[i]) {
			await(p, POLLIN);
			CALL(recv(p, data, sizeof(data), 0));
		}
	}
}

/* As large as the loopback interface takes in one packet of IPv6. */
#define WHOLE_V6 (65536 - 48)

CASE(udp_sizes, ENDS)
{
	static const int v4s[] = { 1, 1472, 1473, 8000, 65000, 65507 };
	static const int v6s[] = { 1, 1472, 1473, 8000, 65000, WHOLE_V6 };
	int s, p;

	udp_pair(&s, &p);
	sizes(s, p, v6() ? v6s : v4s, 6);
	ERROR(s);
}

/* Those that IPv6 sends in fragments, and too large ones. */
CASE(udp_sizes_too_large, IPS)
{
	static const int some[] = { 65507, 65508, 65527, 65528, 65535, 65536, 100000 };
	int s, p;

	udp_pair(&s, &p);
	sizes(s, p, some, 7);
	ERROR(s);
}

static void size_to_us(size_t size)
{
	static char data[65507];
	int s, p;

	udp_pair(&s, &p);
	for (size_t i = 0; i < size; i++)
		data[i] = i * 2654435761u >> 24;
	put(p, data, size);
	await(s, POLLIN);
	CALL(recv(s, data, sizeof(data), MSG_PEEK | MSG_DONTWAIT));
	CALL(recv(s, data, 100, MSG_TRUNC | MSG_DONTWAIT));
}

CASE(udp_size_to_us, ENDS)
{
	size_to_us(v6() ? WHOLE_V6 : 65507);
}

CASE(udp_fragments_to_us, V6)
{
	size_to_us(65507);
}

CASE(udp_pointers, ENDS)
{
	int s, p;

	udp_pair(&s, &p);
	CALL(send(s, bad, 5, 0));
	CALL(send(s, null, 5, 0));
	PUT(p, "lost");
	await(s, POLLIN);
	CALL(recv(s, bad, 4, 0));
	RECV(s, 8, MSG_DONTWAIT);
	PUT(s, "good");
	RECV(p, 8, 0);
}

CASE(udp_recv_name, ENDS)
{
	struct addr from = { .len = 6 };
	char buffer[8];
	int s, p;

	udp_pair(&s, &p);
	PUT(p, "1");
	PUT(p, "2");
	await(s, POLLIN);
	memset(&from.ss, 0x55, sizeof(from.ss));
	CALL(recvfrom(s, buffer, 8, 0, &from.sa, &from.len));
	record("%u bytes, behind them %#x", from.len, ((unsigned char *)&from.ss)[6]);
	from.len = -1;
	await(s, POLLIN);
	CALL(recvfrom(s, buffer, 8, 0, &from.sa, &from.len));
	RECV(s, 8, MSG_DONTWAIT);
}

CASE(udp_timeout, IPS)
{
	struct timeval tv = { 0, 20000 };
	struct addr a = {};
	int s = bound(sut(SOCK_DGRAM), &a);

	CALL(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	RECV(s, 1, 0);
}

CASE(udp_recv_unbound, IPS)
{
	int s = sut(SOCK_DGRAM);

	RECV(s, 1, MSG_DONTWAIT);
	NAMES(s);
}

CASE(udp_shutdown, ENDS)
{
	int s, p, u = sut(SOCK_DGRAM);

	CALL(shutdown(u, SHUT_RD));
	RECV(u, 8, MSG_DONTWAIT);
	udp_pair(&s, &p);
	CALL(shutdown(s, 3));
	CALL(shutdown(s, SHUT_WR));
	CALL(send(s, "x", 1, MSG_NOSIGNAL));
	CALL(send(s, "x", 1, 0));
	SIGNALS(SIGPIPE);
	PUT(p, "heard");
	await_bytes(s, 5);
	CALL(shutdown(s, SHUT_RD));
	RECV(s, 8, 0);
	RECV(s, 8, 0);
	RECV(s, 8, MSG_DONTWAIT);
	CALL(shutdown(s, SHUT_RDWR));
}

CASE(udp_overflow, ENDS)
{
	char data[200] = {};
	int s, p, got = 0, last = -1, wrong = 0, nr;

	udp_pair(&s, &p);
	CALL(set_int(s, SOL_SOCKET, SO_RCVBUF, 5000));
	for (int i = 0; i < 200; i++) {
		memcpy(data, &i, sizeof(i));
		if (send(p, data, sizeof(data), 0) != sizeof(data))
			give_up("send");
	}
	await(s, POLLIN);
	while (recv(s, &nr, sizeof(nr), MSG_DONTWAIT) == sizeof(nr)) {
		wrong += nr <= last;
		last = nr;
		got++;
	}
	record("some %d, not all %d, out of order %d", got > 0, got < 200, wrong);
	PUT(p, "more");
	await(s, POLLIN);
	RECV(s, 8, 0);
}

CASE(udp_sendmmsg, ENDS)
{
	char text[3][8] = { "first", "second", "third" }, got[4][8] = {};
	struct mmsghdr out[3] = {}, in[4] = {};
	struct timespec soon = { 10, 0 };
	struct iovec iov[3], iov_in[4];
	int s, p;

	udp_pair(&s, &p);
	for (int i = 0; i < 3; i++) {
		iov[i] = (struct iovec){ text[i], strlen(text[i]) };
		out[i].msg_hdr.msg_iov = &iov[i];
		out[i].msg_hdr.msg_iovlen = 1;
	}
	for (int i = 0; i < 4; i++) {
		iov_in[i] = (struct iovec){ got[i], 5 };
		in[i].msg_hdr.msg_iov = &iov_in[i];
		in[i].msg_hdr.msg_iovlen = 1;
	}
	CALL(sendmmsg(s, out, 3, 0));
	record("%u %u %u", out[0].msg_len, out[1].msg_len, out[2].msg_len);
	CALL(recvmmsg(p, in, 3, 0, &soon));
	CALL(recvmmsg(p, in, 4, MSG_DONTWAIT, NULL));
	CALL(sendmmsg(p, out, 3, 0));
	for (int i = 0; i < 3; i++) {
		await(s, POLLIN);
		CALL(recvmmsg(s, in, 1, 0, NULL));
		record("%u %s flags %#x", in[0].msg_len, got[0], in[0].msg_hdr.msg_flags);
	}
	CALL(recvmmsg(s, in, 4, MSG_DONTWAIT, NULL));
	iov[1].iov_base = bad;
	CALL(sendmmsg(s, out, 3, 0));
	CALL(sendmmsg(s, out + 1, 2, 0));
}

CASE(udp_vector, ENDS)
{
	struct iovec out[3] = { { "one ", 4 }, { NULL, 0 }, { "two", 3 } };
	char a[3] = {}, b[8] = {};
	struct iovec in[2] = { { a, 2 }, { b, 7 } };
	int s, p;

	udp_pair(&s, &p);
	CALL(writev(s, out, 3));
	await(p, POLLIN);
	CALL(readv(p, in, 2));
	record("\"%s\" \"%s\"", a, b);
	CALL(writev(p, out, 3));
	await(s, POLLIN);
	CALL(readv(s, in, 2));
	CALL(writev(s, out, 0));
}

CASE(udp_queue_length, ENDS)
{
	int s, p, value = -1;

	udp_pair(&s, &p);
	PUT(s, "x");
	RECV(p, 8, 0);
	CALL(ioctl(s, SIOCOUTQ, &value));
	record("%d", value);
}
