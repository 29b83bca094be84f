// SPDX-License-Identifier: GPL-2.0-only
/* UDP: control messages in both directions. */
#include <arpa/inet.h>
#include <linux/net_tstamp.h>

#include "cases.h"

static int ip(void)
{
	return v6() ? IPPROTO_IPV6 : IPPROTO_IP;
}

static struct addr bound_pair(int *s, int *p)
{
	struct addr at = any(0), pt = {};

	*s = bound(sut(SOCK_DGRAM), &at);
	*p = bound(peer(SOCK_DGRAM), &pt);
	return loopback(port_of(&at));
}

CASE(cmsg_pktinfo, ENDS)
{
	int s, p;
	struct addr a = bound_pair(&s, &p);

	CALL(set_int(s, ip(), v6() ? IPV6_RECVPKTINFO : IP_PKTINFO, 1));
	CALL(sendto(p, "x", 1, 0, SA(a)));
	await(s, POLLIN);
	RECVMSG(s, 8, 0);
	CALL(set_int(s, ip(), v6() ? IPV6_RECVPKTINFO : IP_PKTINFO, 0));
	CALL(sendto(p, "y", 1, 0, SA(a)));
	await(s, POLLIN);
	RECVMSG(s, 8, 0);
}

CASE(cmsg_pktinfo_other_address, V4 | PEER)
{
	int s, p;
	struct addr a = bound_pair(&s, &p);

	CALL(set_int(s, IPPROTO_IP, IP_PKTINFO, 1));
	a = address("127.1.2.3", port_of(&a));
	CALL(sendto(p, "x", 1, 0, SA(a)));
	await(s, POLLIN);
	RECVMSG(s, 8, 0);
}

CASE(cmsg_pktinfo_of_mapped, V6)
{
	struct addr at = any(0), to;
	int s = bound(sut(SOCK_DGRAM), &at), p = socket(AF_INET, SOCK_DGRAM, 0);

	CALL(set_int(s, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
	CALL(set_int(s, IPPROTO_IP, IP_PKTINFO, 1));
	to = address("127.0.0.1", port_of(&at));
	CALL(sendto(p, "x", 1, 0, SA(to)));
	await(s, POLLIN);
	RECVMSG(s, 8, 0);
}

CASE(cmsg_ttl_and_tos, V4 | PEER)
{
	int s, p;
	struct addr a = bound_pair(&s, &p);

	CALL(set_int(s, IPPROTO_IP, IP_RECVTTL, 1));
	CALL(set_int(s, IPPROTO_IP, IP_RECVTOS, 1));
	CALL(set_int(p, IPPROTO_IP, IP_TTL, 17));
	CALL(set_int(p, IPPROTO_IP, IP_TOS, 0x20));
	CALL(sendto(p, "x", 1, 0, SA(a)));
	await(s, POLLIN);
	RECVMSG(s, 8, 0);
}

CASE(cmsg_hops_and_class, V6 | PEER)
{
	int s, p;
	struct addr a = bound_pair(&s, &p);

	CALL(set_int(s, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1));
	CALL(set_int(s, IPPROTO_IPV6, IPV6_RECVTCLASS, 1));
	CALL(set_int(p, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 17));
	CALL(set_int(p, IPPROTO_IPV6, IPV6_TCLASS, 0x20));
	CALL(sendto(p, "x", 1, 0, SA(a)));
	await(s, POLLIN);
	RECVMSG(s, 8, 0);
}

/* What our own options do to what goes out. */
CASE(cmsg_options_seen_by_peer, ENDS)
{
	struct addr at = any(0), to;
	int s = sut(SOCK_DGRAM), p = bound(peer(SOCK_DGRAM), &at);

	to = loopback(port_of(&at));
	if (v6()) {
		set_int(p, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
		set_int(p, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
		CALL(set_int(s, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 33));
		CALL(set_int(s, IPPROTO_IPV6, IPV6_TCLASS, 0x48));
	} else {
		set_int(p, IPPROTO_IP, IP_RECVTTL, 1);
		set_int(p, IPPROTO_IP, IP_RECVTOS, 1);
		CALL(set_int(s, IPPROTO_IP, IP_TTL, 33));
		CALL(set_int(s, IPPROTO_IP, IP_TOS, 0x48));
	}
	CALL(sendto(s, "x", 1, 0, SA(to)));
	await(p, POLLIN);
	RECVMSG(p, 8, 0);
}

CASE(cmsg_sent_ttl_and_tos, V4 | PEER)
{
	struct addr at = any(0), to;
	int s = sut(SOCK_DGRAM), p = bound(peer(SOCK_DGRAM), &at), value;
	unsigned char byte = 0x10;

	to = loopback(port_of(&at));
	set_int(p, IPPROTO_IP, IP_RECVTTL, 1);
	set_int(p, IPPROTO_IP, IP_RECVTOS, 1);
	value = 5;
	CALL(send_cmsg(s, &to, "ttl", IPPROTO_IP, IP_TTL, &value, sizeof(value)));
	await(p, POLLIN);
	RECVMSG(p, 8, 0);
	value = 0x28;
	CALL(send_cmsg(s, &to, "tos", IPPROTO_IP, IP_TOS, &value, sizeof(value)));
	await(p, POLLIN);
	RECVMSG(p, 8, 0);
	CALL(send_cmsg(s, &to, "byte", IPPROTO_IP, IP_TOS, &byte, 1));
	await(p, POLLIN);
	RECVMSG(p, 8, 0);
	CALL(sendto(s, "plain", 5, 0, SA(to)));
	await(p, POLLIN);
	RECVMSG(p, 8, 0);
	value = 0;
	CALL(send_cmsg(s, &to, "x", IPPROTO_IP, IP_TTL, &value, sizeof(value)));
	value = 256;
	CALL(send_cmsg(s, &to, "x", IPPROTO_IP, IP_TTL, &value, sizeof(value)));
	value = -1;
	CALL(send_cmsg(s, &to, "x", IPPROTO_IP, IP_TTL, &value, sizeof(value)));
	CALL(send_cmsg(s, &to, "x", IPPROTO_IP, IP_TOS, &value, sizeof(value)));
	value = 256;
	CALL(send_cmsg(s, &to, "x", IPPROTO_IP, IP_TOS, &value, sizeof(value)));
	CALL(send_cmsg(s, &to, "x", IPPROTO_IP, IP_TTL, &value, 1));
	CALL(send_cmsg(s, &to, "x", IPPROTO_IP, 99, &value, sizeof(value)));
}

CASE(cmsg_sent_hops_and_class, V6 | PEER)
{
	struct addr at = any(0), to;
	int s = sut(SOCK_DGRAM), p = bound(peer(SOCK_DGRAM), &at), value;

	to = loopback(port_of(&at));
	set_int(p, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	set_int(p, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	value = 5;
	CALL(send_cmsg(s, &to, "hops", IPPROTO_IPV6, IPV6_HOPLIMIT, &value, sizeof(value)));
	await(p, POLLIN);
	RECVMSG(p, 8, 0);
	value = 0x28;
	CALL(send_cmsg(s, &to, "class", IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof(value)));
	await(p, POLLIN);
	RECVMSG(p, 8, 0);
	value = -1;
	CALL(send_cmsg(s, &to, "default", IPPROTO_IPV6, IPV6_HOPLIMIT, &value, sizeof(value)));
	await(p, POLLIN);
	RECVMSG(p, 8, 0);
	value = 256;
	CALL(send_cmsg(s, &to, "x", IPPROTO_IPV6, IPV6_HOPLIMIT, &value, sizeof(value)));
	CALL(send_cmsg(s, &to, "x", IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof(value)));
	value = -2;
	CALL(send_cmsg(s, &to, "x", IPPROTO_IPV6, IPV6_HOPLIMIT, &value, sizeof(value)));
	CALL(send_cmsg(s, &to, "x", IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof(value)));
	CALL(send_cmsg(s, &to, "x", IPPROTO_IPV6, IPV6_HOPLIMIT, &value, 1));
	CALL(send_cmsg(s, &to, "x", IPPROTO_IPV6, 99, &value, sizeof(value)));
}

CASE(cmsg_sent_source_v4, V4 | PEER)
{
	struct in_pktinfo info = {};
	struct addr at = {};
	int s = sut(SOCK_DGRAM), p = bound(peer(SOCK_DGRAM), &at);

	inet_pton(AF_INET, "127.7.7.7", &info.ipi_spec_dst);
	CALL(send_cmsg(s, &at, "source", IPPROTO_IP, IP_PKTINFO, &info, sizeof(info)));
	await(p, POLLIN);
	RECVMSG(p, 8, 0);
	info.ipi_ifindex = 1;
	CALL(send_cmsg(s, &at, "device", IPPROTO_IP, IP_PKTINFO, &info, sizeof(info)));
	await(p, POLLIN);
	RECVMSG(p, 8, 0);
	info.ipi_ifindex = 9999;
	CALL(send_cmsg(s, &at, "x", IPPROTO_IP, IP_PKTINFO, &info, sizeof(info)));
	info.ipi_ifindex = 0;
	inet_pton(AF_INET, "192.0.2.1", &info.ipi_spec_dst);
	CALL(send_cmsg(s, &at, "x", IPPROTO_IP, IP_PKTINFO, &info, sizeof(info)));
	CALL(send_cmsg(s, &at, "x", IPPROTO_IP, IP_PKTINFO, &info, sizeof(info) - 1));
	NAMES(s);
}

CASE(cmsg_sent_source_v6, V6 | PEER)
{
	struct in6_pktinfo info = {};
	struct addr at = {};
	int s = sut(SOCK_DGRAM), p = bound(peer(SOCK_DGRAM), &at);

	inet_pton(AF_INET6, "::1", &info.ipi6_addr);
	CALL(send_cmsg(s, &at, "source", IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info)));
	await(p, POLLIN);
	RECVMSG(p, 8, 0);
	info.ipi6_ifindex = 1;
	CALL(send_cmsg(s, &at, "device", IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info)));
	await(p, POLLIN);
	RECVMSG(p, 8, 0);
	info.ipi6_ifindex = 9999;
	CALL(send_cmsg(s, &at, "x", IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info)));
	info.ipi6_ifindex = 0;
	inet_pton(AF_INET6, "2001:db8::1", &info.ipi6_addr);
	CALL(send_cmsg(s, &at, "x", IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info)));
	CALL(send_cmsg(s, &at, "x", IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info) - 1));
	NAMES(s);
}

CASE(cmsg_no_room, ENDS)
{
	char control[4] __attribute__((aligned(16))), data[8];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int s, p;
	struct addr a = bound_pair(&s, &p);

	CALL(set_int(s, ip(), v6() ? IPV6_RECVPKTINFO : IP_PKTINFO, 1));
	CALL(sendto(p, "x", 1, 0, SA(a)));
	await(s, POLLIN);
	CALL(recvmsg(s, &m, 0));
	record("flags %#x, control %zu", m.msg_flags, m.msg_controllen);
	CALL(sendto(p, "x", 1, 0, SA(a)));
	await(s, POLLIN);
	m.msg_control = NULL;
	m.msg_controllen = 0;
	CALL(recvmsg(s, &m, 0));
	record("flags %#x, control %zu", m.msg_flags, m.msg_controllen);
}

CASE(cmsg_timestamps, ENDS)
{
	static const int options[] = { SO_TIMESTAMP, SO_TIMESTAMPNS };
	int s, p;
	struct addr a = bound_pair(&s, &p);

	for (int i = 0; i < 2; i++) {
		CALL(set_int(s, SOL_SOCKET, options[i], 1));
		CALL(sendto(p, "x", 1, 0, SA(a)));
		await(s, POLLIN);
		RECVMSG(s, 8, 0);
		OPT(s, SOL_SOCKET, SO_TIMESTAMP);
		OPT(s, SOL_SOCKET, SO_TIMESTAMPNS);
	}
	CALL(set_int(s, SOL_SOCKET, SO_TIMESTAMPNS, 0));
	CALL(set_int(s, SOL_SOCKET, SO_TIMESTAMPING,
		     SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE));
	await_stamps();
	CALL(sendto(p, "x", 1, 0, SA(a)));
	await(s, POLLIN);
	RECVMSG(s, 8, 0);
}

CASE(cmsg_mark, ENDS)
{
	struct addr at = {};
	int s = sut(SOCK_DGRAM), value = 7;

	bound(peer(SOCK_DGRAM), &at);
	CALL(send_cmsg(s, &at, "mark", SOL_SOCKET, SO_MARK, &value, sizeof(value)));
	CALL(send_cmsg(s, &at, "none", SOL_SOCKET, 9999, &value, sizeof(value)));
	CALL(send_cmsg(s, &at, "rights", SOL_SOCKET, SCM_RIGHTS, &value, sizeof(value)));
	become_nobody();
	CALL(send_cmsg(s, &at, "mark", SOL_SOCKET, SO_MARK, &value, sizeof(value)));
}

CASE(cmsg_options_unconnected_defaults, IPS)
{
	int s = sut(SOCK_DGRAM);

	if (v6()) {
		OPT(s, IPPROTO_IPV6, IPV6_RECVPKTINFO);
		OPT(s, IPPROTO_IPV6, IPV6_RECVHOPLIMIT);
		OPT(s, IPPROTO_IPV6, IPV6_RECVTCLASS);
		OPT(s, IPPROTO_IPV6, IPV6_RECVERR);
	} else {
		OPT(s, IPPROTO_IP, IP_PKTINFO);
		OPT(s, IPPROTO_IP, IP_RECVTTL);
		OPT(s, IPPROTO_IP, IP_RECVTOS);
		OPT(s, IPPROTO_IP, IP_RECVERR);
	}
}
