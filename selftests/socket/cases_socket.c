// SPDX-License-Identifier: GPL-2.0-only
/* socket(): its arguments, and what a new socket is. */
#include <sys/stat.h>

#include "cases.h"

CASE(socket_types, IPS)
{
	FD(sut_raw(SOCK_STREAM, 0));
	FD(sut_raw(SOCK_DGRAM, 0));
	FD(sut_raw(SOCK_STREAM, IPPROTO_TCP));
	FD(sut_raw(SOCK_DGRAM, IPPROTO_UDP));
}

CASE(socket_protocol_of_other_type, IPS)
{
	FD(sut_raw(SOCK_STREAM, IPPROTO_UDP));
	FD(sut_raw(SOCK_DGRAM, IPPROTO_TCP));
}

CASE(socket_protocol_bad, IPS)
{
	FD(sut_raw(SOCK_STREAM, -1));
	FD(sut_raw(SOCK_DGRAM, -1));
	FD(sut_raw(SOCK_STREAM, 100000));
	FD(sut_raw(SOCK_DGRAM, 100000));
	FD(sut_raw(SOCK_STREAM, 254));
}

CASE(socket_type_bad, IPS)
{
	FD(sut_raw(SOCK_RDM, 0));
	FD(sut_raw(0, 0));
	FD(sut_raw(11, 0));
	FD(sut_raw(15, 0));
	FD(sut_raw(-1, 0));
	FD(sut_raw(SOCK_STREAM | 0x100000, 0));
}

CASE(socket_flags, IPS)
{
	int s = sut(SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);

	record("nonblocking %d, closed on exec %d", !!(fcntl(s, F_GETFL) & O_NONBLOCK),
	       !!(fcntl(s, F_GETFD) & FD_CLOEXEC));
	s = sut(SOCK_DGRAM);
	record("nonblocking %d, closed on exec %d", !!(fcntl(s, F_GETFL) & O_NONBLOCK),
	       !!(fcntl(s, F_GETFD) & FD_CLOEXEC));
	record("access mode %#x", fcntl(s, F_GETFL) & O_ACCMODE);
}

CASE(socket_is_what, IPS)
{
	int s = sut(SOCK_STREAM), d = sut(SOCK_DGRAM);

	OPT(s, SOL_SOCKET, SO_TYPE);
	OPT(s, SOL_SOCKET, SO_PROTOCOL);
	OPT(s, SOL_SOCKET, SO_ACCEPTCONN);
	OPT(d, SOL_SOCKET, SO_TYPE);
	OPT(d, SOL_SOCKET, SO_PROTOCOL);
	OPT(d, SOL_SOCKET, SO_ACCEPTCONN);
	/* What it is by name differs on purpose: see linux/atmos_socket.h. */
	record("SO_DOMAIN is what socket() was given: %d",
	       get_int(s, SOL_SOCKET, SO_DOMAIN) == run.domain);
}

CASE(socket_pair, IPS)
{
	int fds[2];

	CALL(socketpair(run.domain, SOCK_STREAM, 0, fds));
	CALL(socketpair(run.domain, SOCK_DGRAM, 0, fds));
}

CASE(socket_names_of_new, IPS)
{
	int s = sut(SOCK_STREAM), d = sut(SOCK_DGRAM);

	NAMES(s);
	NAMES(d);
}

CASE(socket_as_file, IPS)
{
	int s = sut(SOCK_STREAM);
	struct stat st = {};
	char byte = 0;

	CALL(fstat(s, &st));
	record("a socket: %d, size %ld", S_ISSOCK(st.st_mode), (long)st.st_size);
	CALL(lseek(s, 0, SEEK_SET));
	CALL(pread(s, &byte, 1, 0));
	CALL(pwrite(s, &byte, 1, 0));
	CALL(fsync(s));
	CALL(ftruncate(s, 0));
	CALL(fchmod(s, 0600));
}

CASE(socket_closed, IPS)
{
	struct addr a = loopback(1);
	int s = sut(SOCK_STREAM);
	char byte = 0;

	CALL(close(s));
	CALL(close(s));
	CALL(bind(s, SA(a)));
	CALL(listen(s, 1));
	CALL(connect(s, SA(a)));
	CALL(send(s, &byte, 1, 0));
	CALL(recv(s, &byte, 1, 0));
	CALL(shutdown(s, SHUT_RD));
	CALL(getsockname(s, &a.sa, &a.len));
	EVENTS(s);
}

CASE(socket_many, IPS)
{
	int s[200], made = 0;

	for (int i = 0; i < 200; i++)
		made += (s[i] = sut_raw(i & 1 ? SOCK_STREAM : SOCK_DGRAM, 0)) >= 0;
	record("%d sockets", made);
	for (int i = 0; i < 200; i++)
		close(s[i]);
}

CASE(socket_unprivileged, IPS)
{
	become_nobody();
	FD(sut_raw(SOCK_STREAM, 0));
	FD(sut_raw(SOCK_DGRAM, 0));
}
