// SPDX-License-Identifier: GPL-2.0-only
/*
 * Turning sockets: which, how, and what to do where it fails. Called from the
 * wrappers, in any thread and in signal handlers.
 */
#include <string.h>
#include <netinet/in.h>

#include "preload.h"

/*
 * turn_kind - an enum run_kind if a socket() with these arguments is one to
 * turn, or -1
 */
int turn_kind(int domain, int type, int protocol)
{
	bool six = domain == AF_INET6;

	if (!config.family || (domain != AF_INET && !six))
		return -1;
	switch (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) {
	case SOCK_STREAM:
		if (!config.tcp || (protocol && protocol != IPPROTO_TCP))
			return -1;
		return six ? RUN_TCP6 : RUN_TCP;
	case SOCK_DGRAM:
		if (!config.udp || (protocol && protocol != IPPROTO_UDP))
			return -1;
		return six ? RUN_UDP6 : RUN_UDP;
	}
	return -1;
}

/* turn_make - an Atmos socket that stands in for one of @domain; -1 and errno */
int turn_make(int domain, int type, int protocol)
{
	int fd = real.socket(config.family, type, protocol);
	int report = ATMOS_CRASH_REPORT;

	if (fd >= 0 &&
	    (real.setsockopt(fd, SOL_ATMOS, ATMOS_SO_FAMILY, &domain,
			     sizeof(domain)) ||
	     (config.report && real.setsockopt(fd, SOL_ATMOS, ATMOS_SO_CRASH,
					       &report, sizeof(report))))) {
		quiet_close(fd);
		return -1;
	}
	return fd;
}

/* Whether @fd is an Atmos socket; changes errno. */
static bool is_atmos(int fd)
{
	socklen_t len = sizeof(int);
	int domain;

	return config.family &&
	       !real.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) &&
	       domain == config.family;
}

/*
 * turn_setsockopt - setsockopt(), where options of SOL_SOCKET reach Atmos: kernels
 * before 6.7 do not ask it at that level
 */
int turn_setsockopt(int fd, int level, int name, const void *value,
		    socklen_t len)
{
	int saved = errno;

	if (level == SOL_SOCKET && is_atmos(fd))
		level = SOL_ATMOS_SOCKET;
	errno = saved;
	return real.setsockopt(fd, level, name, value, len);
}

/*
 * turn_family - AF_INET or AF_INET6 if @fd is an Atmos socket that stands in for
 * one, or 0. The kernel knows for each socket, so it does not matter how the
 * program has come by it. Leaves errno alone.
 */
int turn_family(int fd)
{
	int family = 0, saved = errno;
	socklen_t len = sizeof(family);

	if (!is_atmos(fd) ||
	    real.getsockopt(fd, SOL_ATMOS, ATMOS_SO_FAMILY, &family, &len))
		family = 0;
	errno = saved;
	return family;
}

/* turn_count - @fd is a turned socket, new */
void turn_count(int kind, int fd)
{
	atomic_fetch_add_explicit(&stats->turned[kind], 1,
				  memory_order_relaxed);
	if (config.verbose)
		say_turned(kind, fd);
}

/* turn_fall_back - a socket that should have been turned is native; @why: text */
void turn_fall_back(int kind, const char *why)
{
	atomic_fetch_add_explicit(&stats->fell_back[kind], 1,
				  memory_order_relaxed);
	say_trouble("falls back to the native stack", why);
}

/* Not what a native socket would help against: the program's own affair. */
static bool is_shortage(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS ||
	       err == ENOMEM;
}

/* turn_socket - socket() for arguments of which turn_kind() has made @kind */
int turn_socket(int kind, int domain, int type, int protocol)
{
	int fd, why, saved = errno;

	fd = turn_make(domain, type, protocol);
	if (fd >= 0) {
		turn_count(kind, fd);
		errno = saved;
		return fd;
	}
	why = errno;
	if (is_shortage(why))
		return -1;
	if (config.strict) {
		say_trouble("a socket is refused", strerrorname_np(why));
		errno = why;
		return -1;
	}
	fd = real.socket(domain, type, protocol);
	if (fd >= 0) {
		turn_fall_back(kind, strerrorname_np(why));
		errno = saved;
	}
	return fd;
}
