// SPDX-License-Identifier: GPL-2.0-only
/* UDP: errors from the network and how they are told; broadcast. */

#include "cases.h"

static void recverr(int s, int on)
{
	if (v6())
		CALL(set_int(s, IPPROTO_IPV6, IPV6_RECVERR, on));
	else
		CALL(set_int(s, IPPROTO_IP, IP_RECVERR, on));
}

CASE(udp_refused_told_by_poll, IPS)
{
	struct addr a = closed_port(SOCK_DGRAM);
	int s = sut(SOCK_DGRAM);

	CALL(connect(s, SA(a)));
	CALL(send(s, "x", 1, 0));
	WAIT(s, POLLERR);
	ERROR(s);
	ERROR(s);
	EVENTS(s);
}

CASE(udp_refused_told_by_recv, IPS)
{
	struct addr a = closed_port(SOCK_DGRAM);
	int s = sut(SOCK_DGRAM);

	CALL(connect(s, SA(a)));
	CALL(send(s, "x", 1, 0));
	RECV(s, 8, 0);
	RECV(s, 8, MSG_DONTWAIT);
}

CASE(udp_refused_told_by_send, IPS)
{
	struct addr a = closed_port(SOCK_DGRAM);
	int s = sut(SOCK_DGRAM);

	CALL(connect(s, SA(a)));
	CALL(send(s, "x", 1, 0));
	await(s, POLLERR);
	CALL(send(s, "y", 1, 0));
	/* That one was not sent, the next one is. */
	QUIET(s, POLLIN);
	CALL(sendto(s, "z", 1, 0, SA(a)));
	RECV(s, 8, 0);
}

CASE(udp_refused_unconnected, IPS)
{
	struct addr a = closed_port(SOCK_DGRAM);
	int s = sut(SOCK_DGRAM);

	CALL(sendto(s, "x", 1, 0, SA(a)));
	CALL(sendto(s, "y", 1, 0, SA(a)));
	QUIET(s, POLLIN);
	ERROR(s);
	RECV(s, 8, MSG_DONTWAIT);
}

CASE(udp_refused_with_data_waiting, ENDS)
{
	struct addr a = closed_port(SOCK_DGRAM), me = {}, other = {};
	int s = bound(sut(SOCK_DGRAM), &me), p = bound(peer(SOCK_DGRAM), &other);

	CALL(sendto(p, "data", 4, 0, SA(me)));
	await(s, POLLIN);
	CALL(connect(s, SA(a)));
	CALL(send(s, "x", 1, 0));
	WAIT(s, POLLERR | POLLIN);
	/* The error comes first. */
	RECV(s, 8, 0);
	RECV(s, 8, 0);
}

CASE(udp_refused_then_open, ENDS)
{
	struct addr a = closed_port(SOCK_DGRAM);
	int s = sut(SOCK_DGRAM), p = peer(SOCK_DGRAM);

	CALL(connect(s, SA(a)));
	CALL(send(s, "x", 1, 0));
	await(s, POLLERR);
	ERROR(s);
	CALL(bind(p, SA(a)));
	CALL(send(s, "y", 1, 0));
	RECV(p, 8, 0);
}

CASE(udp_refused_by_closing, ENDS)
{
	int s, p;

	udp_pair(&s, &p);
	CALL(close(p));
	CALL(send(s, "x", 1, 0));
	WAIT(s, POLLERR);
	ERROR(s);
}

/* The other way: this side refuses. */
CASE(udp_refuses_closed, ENDS)
{
	int s, p;

	udp_pair(&s, &p);
	CALL(close(s));
	CALL(send(p, "x", 1, 0));
	WAIT(p, POLLERR);
	ERROR(p);
}

CASE(udp_recverr_connected, IPS)
{
	struct addr a = closed_port(SOCK_DGRAM);
	int s = sut(SOCK_DGRAM);

	recverr(s, 1);
	CALL(connect(s, SA(a)));
	CALL(send(s, "payload", 7, 0));
	WAIT(s, POLLERR);
	RECVMSG(s, 32, MSG_ERRQUEUE);
	RECVMSG(s, 32, MSG_ERRQUEUE);
	EVENTS(s);
	ERROR(s);
}

CASE(udp_recverr_unconnected, IPS)
{
	struct addr a = closed_port(SOCK_DGRAM);
	int s = sut(SOCK_DGRAM);

	recverr(s, 1);
	CALL(sendto(s, "payload", 7, 0, SA(a)));
	WAIT(s, POLLERR);
	/* The error is told, too, and the queue stays. */
	RECV(s, 8, 0);
	EVENTS(s);
	RECVMSG(s, 32, MSG_ERRQUEUE);
	EVENTS(s);
	CALL(sendto(s, "payload", 7, 0, SA(a)));
	await(s, POLLERR);
	CALL(sendto(s, "next", 4, 0, SA(a)));
	RECVMSG(s, 3, MSG_ERRQUEUE);
	RECV(s, 8, MSG_DONTWAIT);
}

CASE(udp_recverr_small_buffers, IPS)
{
	struct addr a = closed_port(SOCK_DGRAM);
	char control[8] __attribute__((aligned(16))), data[2];
	struct iovec iov = { data, 2 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int s = sut(SOCK_DGRAM);

	recverr(s, 1);
	CALL(sendto(s, "payload", 7, 0, SA(a)));
	await(s, POLLERR);
	CALL(recvmsg(s, &m, MSG_ERRQUEUE));
	record("flags %#x, control %zu", m.msg_flags, m.msg_controllen);
}

CASE(udp_recverr_off_again, IPS)
{
	struct addr a = closed_port(SOCK_DGRAM);
	int s = sut(SOCK_DGRAM);

	recverr(s, 1);
	CALL(sendto(s, "payload", 7, 0, SA(a)));
	await(s, POLLERR);
	/* Turned off it forgets. */
	recverr(s, 0);
	RECVMSG(s, 32, MSG_ERRQUEUE);
	ERROR(s);
	CALL(sendto(s, "payload", 7, 0, SA(a)));
	QUIET(s, POLLIN);
}

CASE(udp_recverr_too_long, IPS)
{
	static char data[70000];
	struct addr a = {};
	int s = sut(SOCK_DGRAM);

	bound(peer(SOCK_DGRAM), &a);
	recverr(s, 1);
	CALL(sendto(s, data, sizeof(data), 0, SA(a)));
	EVENTS(s);
	RECVMSG(s, 8, MSG_ERRQUEUE);
	ERROR(s);
}

CASE(udp_no_broadcast, V4)
{
	static const char *const texts[] = { "127.255.255.255", "255.255.255.255" };

	for (int i = 0; i < 2; i++) {
		struct addr a = address(texts[i], 9);
		int s = sut(SOCK_DGRAM);

		CALL(sendto(s, "x", 1, 0, SA(a)));
		CALL(connect(s, SA(a)));
		CALL(set_int(s, SOL_SOCKET, SO_BROADCAST, 1));
		CALL(sendto(s, "x", 1, 0, SA(a)));
		CALL(connect(s, SA(a)));
		NAMES(s);
	}
}

CASE(udp_broadcast, V4)
{
	struct addr wide = any(0), to;
	int s = sut(SOCK_DGRAM), p = bound(native(SOCK_DGRAM), &wide);

	to = address("127.255.255.255", port_of(&wide));
	CALL(set_int(s, SOL_SOCKET, SO_BROADCAST, 1));
	CALL(sendto(s, "all", 3, 0, SA(to)));
	await(p, POLLIN);
	RECVMSG(p, 8, 0);
}

CASE(udp_broadcast_received, V4)
{
	struct addr wide = any(0), to;
	int s = bound(sut(SOCK_DGRAM), &wide), p = native(SOCK_DGRAM);

	to = address("127.255.255.255", port_of(&wide));
	CALL(set_int(p, SOL_SOCKET, SO_BROADCAST, 1));
	CALL(sendto(p, "all", 3, 0, SA(to)));
	await(s, POLLIN);
	RECVMSG(s, 8, 0);
}

CASE(udp_refused_error_reported_by_connect, IPS)
{
	struct addr a = closed_port(SOCK_DGRAM), b = {};
	int s = sut(SOCK_DGRAM);

	CALL(connect(s, SA(a)));
	CALL(send(s, "x", 1, 0));
	await(s, POLLERR);
	/* It is not connect() that tells. */
	bound(peer(SOCK_DGRAM), &b);
	CALL(connect(s, SA(b)));
	ERROR(s);
}
