// SPDX-License-Identifier: GPL-2.0-only
/* bind(): who may have which port together with whom. */
#include <sys/wait.h>

#include "cases.h"

enum who { SUT, NATIVE };

static int of(enum who who, int type)
{
	return who == SUT ? sut(type) : native(type);
}

/* The second binds what the first has, with options set on either. */
static void second_bind(enum who first, enum who second, int type, int reuse1, int reuse2,
			bool listens)
{
	int a_fd = of(first, type), b_fd = of(second, type);
	struct addr a = loopback(0);

	if (reuse1)
		set_int(a_fd, SOL_SOCKET, reuse1, 1);
	if (reuse2)
		set_int(b_fd, SOL_SOCKET, reuse2, 1);
	CALL(bind(a_fd, SA(a)));
	if (listens)
		CALL(listen(a_fd, 1));
	a = name_of(a_fd);
	CALL(bind(b_fd, SA(a)));
	if (type == SOCK_STREAM)
		CALL(listen(b_fd, 1));
	/* And when the first is gone, with another socket. */
	close(a_fd);
	close(b_fd);
	b_fd = of(second, type);
	CALL(bind(b_fd, SA(a)));
}

#define SECOND(name, type, reuse1, reuse2, listens)                              \
	CASE(bind_shared_##name##_own, IPS)                                      \
	{                                                                        \
		second_bind(SUT, SUT, type, reuse1, reuse2, listens);            \
	}                                                                        \
	CASE(bind_shared_##name##_native_first, IPS)                             \
	{                                                                        \
		second_bind(NATIVE, SUT, type, reuse1, reuse2, listens);         \
	}                                                                        \
	CASE(bind_shared_##name##_native_second, IPS)                            \
	{                                                                        \
		second_bind(SUT, NATIVE, type, reuse1, reuse2, listens);         \
	}

SECOND(tcp, SOCK_STREAM, 0, 0, false)
SECOND(tcp_listening, SOCK_STREAM, 0, 0, true)
SECOND(tcp_addr, SOCK_STREAM, SO_REUSEADDR, SO_REUSEADDR, false)
SECOND(tcp_addr_listening, SOCK_STREAM, SO_REUSEADDR, SO_REUSEADDR, true)
SECOND(tcp_addr_first_only, SOCK_STREAM, SO_REUSEADDR, 0, false)
SECOND(tcp_addr_second_only, SOCK_STREAM, 0, SO_REUSEADDR, false)
SECOND(tcp_port, SOCK_STREAM, SO_REUSEPORT, SO_REUSEPORT, true)
SECOND(tcp_port_first_only, SOCK_STREAM, SO_REUSEPORT, 0, true)
SECOND(tcp_port_second_only, SOCK_STREAM, 0, SO_REUSEPORT, true)
SECOND(tcp_port_and_addr, SOCK_STREAM, SO_REUSEPORT, SO_REUSEADDR, true)
SECOND(udp, SOCK_DGRAM, 0, 0, false)
SECOND(udp_addr, SOCK_DGRAM, SO_REUSEADDR, SO_REUSEADDR, false)
SECOND(udp_addr_first_only, SOCK_DGRAM, SO_REUSEADDR, 0, false)
SECOND(udp_port, SOCK_DGRAM, SO_REUSEPORT, SO_REUSEPORT, false)
SECOND(udp_port_first_only, SOCK_DGRAM, SO_REUSEPORT, 0, false)

/* One has the address, the other all of them. */
static void wildcard(enum who first, enum who second, int type, bool any_first, int reuse)
{
	int a_fd = of(first, type), b_fd = of(second, type);
	struct addr a = any_first ? any(0) : loopback(free_port(type)), b;

	if (reuse) {
		set_int(a_fd, SOL_SOCKET, reuse, 1);
		set_int(b_fd, SOL_SOCKET, reuse, 1);
	}
	CALL(bind(a_fd, SA(a)));
	a = name_of(a_fd);
	b = any_first ? loopback(port_of(&a)) : any(port_of(&a));
	CALL(bind(b_fd, SA(b)));
	if (type == SOCK_STREAM) {
		CALL(listen(a_fd, 1));
		CALL(listen(b_fd, 1));
	}
}

#define WILDCARD(name, type, reuse)                                                       \
	CASE(bind_wildcard_first_##name, IPS)                                             \
	{                                                                                 \
		record("own");                                                            \
		wildcard(SUT, SUT, type, true, reuse);                                    \
		record("native first");                                                   \
		wildcard(NATIVE, SUT, type, true, reuse);                                 \
		record("native second");                                                  \
		wildcard(SUT, NATIVE, type, true, reuse);                                 \
	}                                                                                 \
	CASE(bind_wildcard_second_##name, IPS)                                            \
	{                                                                                 \
		record("own");                                                            \
		wildcard(SUT, SUT, type, false, reuse);                                   \
		record("native first");                                                   \
		wildcard(NATIVE, SUT, type, false, reuse);                                \
		record("native second");                                                  \
		wildcard(SUT, NATIVE, type, false, reuse);                                \
	}

WILDCARD(tcp, SOCK_STREAM, 0)
WILDCARD(tcp_addr, SOCK_STREAM, SO_REUSEADDR)
WILDCARD(tcp_port, SOCK_STREAM, SO_REUSEPORT)
WILDCARD(udp, SOCK_DGRAM, 0)
WILDCARD(udp_addr, SOCK_DGRAM, SO_REUSEADDR)

/* An IPv6 socket for both families, and an IPv4 one. */
static void dual(int type, int v6only, const char *text, bool v4_first)
{
	int six = sut_of(AF_INET6, type), four = sut_of(AF_INET, type);
	/* Free for both: not one where a connection of the other family lingers. */
	int port = free_port(type);
	struct addr a = address("::", port), b = address(text, port);

	set_int(six, IPPROTO_IPV6, IPV6_V6ONLY, v6only);
	if (v4_first) {
		CALL(bind(four, SA(b)));
		CALL(bind(six, SA(a)));
	} else {
		CALL(bind(six, SA(a)));
		CALL(bind(four, SA(b)));
	}
	NAMES(six);
	NAMES(four);
}

static void dual_all(int type)
{
	for (int i = 0; i < 8; i++) {
		record("v6only %d, v4 %s %s", i & 1, i & 2 ? "any" : "address",
		       i & 4 ? "first" : "second");
		dual(type, i & 1, i & 2 ? "0.0.0.0" : "127.0.0.1", i & 4);
	}
}

CASE(bind_both_families_tcp, V6)
{
	dual_all(SOCK_STREAM);
}

CASE(bind_both_families_udp, V6)
{
	dual_all(SOCK_DGRAM);
}

CASE(bind_both_families_mapped, V6)
{
	struct addr a = address("::ffff:127.0.0.1", 0), b;
	int six = sut(SOCK_STREAM), four = sut_of(AF_INET, SOCK_STREAM);

	CALL(bind(six, SA(a)));
	a = name_of(six);
	b = address("127.0.0.1", port_of(&a));
	CALL(bind(four, SA(b)));
	b = address("127.0.0.2", port_of(&a));
	CALL(bind(four, SA(b)));
	b = address("::1", port_of(&a));
	CALL(bind(sut(SOCK_STREAM), SA(b)));
}

CASE(bind_same_port_other_protocol, IPS)
{
	struct addr a = loopback(free_port(SOCK_STREAM));

	CALL(bind(sut(SOCK_STREAM), SA(a)));
	CALL(bind(sut(SOCK_DGRAM), SA(a)));
}

CASE(bind_same_port_other_address, V4)
{
	struct addr a = address("127.0.0.1", 0), b;
	int s = bound(sut(SOCK_STREAM), &a), d;

	b = address("127.0.0.2", port_of(&a));
	CALL(bind(sut(SOCK_STREAM), SA(b)));
	b = address("127.0.0.3", port_of(&a));
	CALL(bind(native(SOCK_STREAM), SA(b)));
	NAMES(s);
	a = address("127.0.0.1", 0);
	d = bound(sut(SOCK_DGRAM), &a);
	b = address("127.0.0.2", port_of(&a));
	CALL(bind(sut(SOCK_DGRAM), SA(b)));
	b = address("127.0.0.3", port_of(&a));
	CALL(bind(native(SOCK_DGRAM), SA(b)));
	NAMES(d);
}

/* SO_REUSEPORT is for one user only. */
static void two_users(enum who first, enum who second, int type)
{
	int fd = of(first, type), status;
	struct addr a = loopback(0);

	set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	CALL(bind(fd, SA(a)));
	a = name_of(fd);
	if (!fork()) {
		become_nobody();
		fd = of(second, type);
		set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
		_exit(bind(fd, &a.sa, a.len) ? errno : 0);
	}
	wait(&status);
	record("another user's bind: %s", status ? errno_name(WEXITSTATUS(status)) : "done");
}

CASE(bind_reuseport_of_two_users, IPS)
{
	two_users(SUT, SUT, SOCK_STREAM);
	two_users(NATIVE, SUT, SOCK_STREAM);
	two_users(SUT, NATIVE, SOCK_STREAM);
	two_users(SUT, SUT, SOCK_DGRAM);
}

CASE(bind_reuse_set_after_bind, IPS)
{
	struct addr a = {};
	int s = bound(sut(SOCK_STREAM), &a), s2 = sut(SOCK_STREAM);

	CALL(set_int(s, SOL_SOCKET, SO_REUSEADDR, 1));
	CALL(set_int(s2, SOL_SOCKET, SO_REUSEADDR, 1));
	CALL(bind(s2, SA(a)));
	CALL(set_int(s, SOL_SOCKET, SO_REUSEPORT, 1));
	s2 = sut(SOCK_STREAM);
	CALL(set_int(s2, SOL_SOCKET, SO_REUSEPORT, 1));
	CALL(bind(s2, SA(a)));
}

/* A port that a connection has from connect() is taken, too. */
static void port_of_connection(enum who who, int reuse)
{
	int s, p, other = of(who, SOCK_STREAM);
	struct addr a;

	pair(&s, &p);
	a = name_of(s);
	if (reuse)
		set_int(other, SOL_SOCKET, reuse, 1);
	CALL(bind(other, SA(a)));
}

CASE(bind_port_of_connection, IPS)
{
	port_of_connection(SUT, 0);
	port_of_connection(SUT, SO_REUSEADDR);
	port_of_connection(NATIVE, 0);
	port_of_connection(NATIVE, SO_REUSEADDR);
}

CASE(bind_port_of_native_connection, IPS)
{
	struct addr a = {};
	int listener = listening(native(SOCK_STREAM), 1, &a), p = native(SOCK_STREAM), accepted, s;

	connected(p, listener, &accepted);
	a = name_of(p);
	s = sut(SOCK_STREAM);
	CALL(bind(s, SA(a)));
	CALL(set_int(s, SOL_SOCKET, SO_REUSEADDR, 1));
	CALL(bind(s, SA(a)));
}

/* The listener is gone, its connection lives on. */
static void port_of_accepted(enum who who, int reuse_old, int reuse_new)
{
	struct addr a = loopback(0);
	int listener = sut(SOCK_STREAM), p = native(SOCK_STREAM), s, other = of(who, SOCK_STREAM);

	if (reuse_old)
		set_int(listener, SOL_SOCKET, SO_REUSEADDR, 1);
	listening(listener, 1, &a);
	connected(p, listener, &s);
	close(listener);
	if (reuse_new)
		set_int(other, SOL_SOCKET, SO_REUSEADDR, 1);
	record("old %d, new %d", reuse_old, reuse_new);
	CALL(bind(other, SA(a)));
	CALL(listen(other, 1));
}

CASE(bind_port_of_accepted, IPS)
{
	for (int i = 0; i < 4; i++)
		port_of_accepted(SUT, i & 1, i & 2);
}

CASE(bind_port_of_accepted_native, IPS)
{
	for (int i = 0; i < 3; i++)
		port_of_accepted(NATIVE, i & 1, i & 2);
}

CASE(bind_port_of_accepted_reuse_native, IPS)
{
	port_of_accepted(NATIVE, 1, 2);
}

/* This side closed first: its port is in TIME_WAIT. */
static void port_in_time_wait(enum who who, int reuse)
{
	struct addr a = loopback(0);
	int listener = sut(SOCK_STREAM), p = peer(SOCK_STREAM), s, other = of(who, SOCK_STREAM);

	if (reuse)
		set_int(listener, SOL_SOCKET, SO_REUSEADDR, 1);
	listening(listener, 1, &a);
	connected(p, listener, &s);
	close(listener);
	shutdown(s, SHUT_WR);
	RECV(p, 1, 0);
	close(p);
	await(s, POLLHUP);
	close(s);
	if (reuse)
		set_int(other, SOL_SOCKET, SO_REUSEADDR, 1);
	CALL(bind(other, SA(a)));
	CALL(listen(other, 1));
}

CASE(bind_port_in_time_wait, ENDS)
{
	port_in_time_wait(SUT, 0);
	port_in_time_wait(SUT, 1);
	port_in_time_wait(NATIVE, 0);
}

CASE(bind_port_in_time_wait_reuse_native, ENDS)
{
	port_in_time_wait(NATIVE, 1);
}

/* The port is free at once when nothing was connected, or all was reset. */
CASE(bind_port_free_again, ENDS)
{
	struct addr a = {};
	int listener = listening(sut(SOCK_STREAM), 1, &a), p = peer(SOCK_STREAM), s;

	connected(p, listener, &s);
	close(listener);
	reset(s);
	await(p, POLLHUP);
	CALL(bind(sut(SOCK_STREAM), SA(a)));
}

CASE(bind_port_free_after_connection, ENDS)
{
	int s, p;
	struct addr a;

	/* The other side keeps TIME_WAIT. */
	pair(&s, &p);
	a = name_of(s);
	shutdown(p, SHUT_WR);
	RECV(s, 1, 0);
	close(s);
	await(p, POLLHUP);
	/* Its last ACK may still be on its way. */
	for (int i = 0; i < patience(); i++, usleep(1000)) {
		s = native(SOCK_STREAM);
		if (!bind(s, &a.sa, a.len))
			break;
		close(s);
	}
	NAMES(s);
}
