// SPDX-License-Identifier: GPL-2.0-only
/* UDP: who of several gets a datagram. */
#include "cases.h"

static int reusing(int fd, int option, struct addr *a)
{
	if (set_int(fd, SOL_SOCKET, option, 1))
		give_up("setsockopt");
	return bound(fd, a);
}

CASE(udp_last_bound_gets_all, ENDS)
{
	struct addr a = loopback(0);
	int s1 = reusing(sut(SOCK_DGRAM), SO_REUSEADDR, &a);
	int s2 = reusing(sut(SOCK_DGRAM), SO_REUSEADDR, &a), p = peer(SOCK_DGRAM);

	CALL(sendto(p, "1", 1, 0, SA(a)));
	CALL(sendto(p, "2", 1, 0, SA(a)));
	await(s2, POLLIN);
	RECV(s2, 8, 0);
	RECV(s2, 8, 0);
	RECV(s1, 8, MSG_DONTWAIT);
	CALL(close(s2));
	CALL(sendto(p, "3", 1, 0, SA(a)));
	await(s1, POLLIN);
	RECV(s1, 8, 0);
}

CASE(udp_exact_before_any, ENDS)
{
	struct addr a = loopback(0), b;
	int exact = reusing(sut(SOCK_DGRAM), SO_REUSEADDR, &a), wide, p = peer(SOCK_DGRAM);

	b = any(port_of(&a));
	wide = reusing(sut(SOCK_DGRAM), SO_REUSEADDR, &b);
	CALL(sendto(p, "1", 1, 0, SA(a)));
	await(exact, POLLIN);
	RECV(exact, 8, 0);
	RECV(wide, 8, MSG_DONTWAIT);
	CALL(close(exact));
	CALL(sendto(p, "2", 1, 0, SA(a)));
	await(wide, POLLIN);
	RECV(wide, 8, 0);
}

CASE(udp_connected_before_unconnected, ENDS)
{
	struct addr a = loopback(0), b = {}, c = {};
	int p = bound(peer(SOCK_DGRAM), &b), q = bound(peer(SOCK_DGRAM), &c);
	int s1 = reusing(sut(SOCK_DGRAM), SO_REUSEADDR, &a);
	int s2 = reusing(sut(SOCK_DGRAM), SO_REUSEADDR, &a);

	CALL(connect(s1, SA(b)));
	CALL(sendto(p, "friend", 6, 0, SA(a)));
	CALL(sendto(q, "stranger", 8, 0, SA(a)));
	await(s1, POLLIN);
	RECV(s1, 16, 0);
	await(s2, POLLIN);
	RECV(s2, 16, 0);
	RECV(s1, 16, MSG_DONTWAIT);
	RECV(s2, 16, MSG_DONTWAIT);
}

CASE(udp_reuseport_spread, ENDS)
{
	struct addr a = loopback(0);
	int s[4], nr[4] = {}, sum = 0, idle = 0;
	char byte;

	for (int i = 0; i < 4; i++)
		s[i] = reusing(sut(SOCK_DGRAM), SO_REUSEPORT, &a);
	for (int i = 0; i < 100; i++)
		if (sendto(peer(SOCK_DGRAM), "x", 1, 0, &a.sa, a.len) != 1)
			give_up("sendto");
	for (int wait = 0; sum < 100 && wait < patience(); wait++, usleep(1000)) {
		for (int i = 0; i < 4; i++) {
			while (recv(s[i], &byte, 1, MSG_DONTWAIT) == 1) {
				nr[i]++;
				sum++;
			}
		}
	}
	for (int i = 0; i < 4; i++)
		idle += !nr[i];
	record("received %d, by all but %d", sum, idle);
}

/* One sender's datagrams always go to the same socket. */
CASE(udp_reuseport_one_flow, ENDS)
{
	struct addr a = loopback(0);
	int s[4], users = 0, sum = 0, p = peer(SOCK_DGRAM);
	char byte;

	for (int i = 0; i < 4; i++)
		s[i] = reusing(sut(SOCK_DGRAM), SO_REUSEPORT, &a);
	for (int i = 0; i < 40; i++)
		if (sendto(p, "x", 1, 0, &a.sa, a.len) != 1)
			give_up("sendto");
	for (int wait = 0; sum < 40 && wait < patience(); wait++, usleep(1000)) {
		for (int i = 0; i < 4; i++) {
			int before = sum;

			while (recv(s[i], &byte, 1, MSG_DONTWAIT) == 1)
				sum++;
			users |= (sum > before) << i;
		}
	}
	record("received %d, by %d", sum, __builtin_popcount(users));
}

CASE(udp_both_families_one_port, V6)
{
	struct addr a = any(0), b, to;
	int six = sut(SOCK_DGRAM), four = sut_of(AF_INET, SOCK_DGRAM);
	int p = native(SOCK_DGRAM), q = socket(AF_INET, SOCK_DGRAM, 0);

	CALL(set_int(six, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	bound(six, &a);
	b = address("0.0.0.0", port_of(&a));
	CALL(bind(four, SA(b)));
	to = address("::1", port_of(&a));
	CALL(sendto(p, "six", 3, 0, SA(to)));
	to = address("127.0.0.1", port_of(&a));
	CALL(sendto(q, "four", 4, 0, SA(to)));
	await(six, POLLIN);
	RECVMSG(six, 8, 0);
	await(four, POLLIN);
	RECVMSG(four, 8, 0);
}

CASE(udp_bound_device, ENDS)
{
	struct addr a = loopback(0);
	int s = sut(SOCK_DGRAM), p = peer(SOCK_DGRAM);

	CALL(setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	bound(s, &a);
	CALL(sendto(p, "x", 1, 0, SA(a)));
	await(s, POLLIN);
	RECV(s, 8, 0);
	CALL(setsockopt(p, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	CALL(sendto(p, "y", 1, 0, SA(a)));
	await(s, POLLIN);
	RECV(s, 8, 0);
}

CASE(udp_two_processes, ENDS)
{
	struct addr a = {};
	int s = bound(sut(SOCK_DGRAM), &a), p = peer(SOCK_DGRAM);
	pid_t child[2];

	for (int i = 0; i < 2; i++) {
		child[i] = fork();
		if (!child[i]) {
			char byte = 0;

			_exit(recv(s, &byte, 1, 0) == 1 ? byte : 99);
		}
		await_asleep(child[i], SYS_recvfrom);
	}
	CALL(sendto(p, "\5", 1, 0, SA(a)));
	CALL(sendto(p, "\5", 1, 0, SA(a)));
	REAPED(child[0]);
	REAPED(child[1]);
}
