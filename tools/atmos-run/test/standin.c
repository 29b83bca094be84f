// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests: a library that stands in for the kernel module. Preloaded below
 * atmos-run's own, it gives native sockets for those of family 18, and answers
 * the options of Atmos for them. Such a socket is known by its priority, which
 * stays with it through dup(), exec() and whatever else.
 *
 * In the environment:
 *	STANDIN_SOCKET	errno that socket() fails with
 *	STANDIN_FAMILY	errno that setting ATMOS_SO_FAMILY fails with
 *	STANDIN_REFUSE	an option of the level SOL_ATMOS_SOCKET that is not there
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../uapi/linux/atmos_socket.h"

#define EXPORT __attribute__((visibility("default")))
/* Looked up before main(): dlsym() is not for signal handlers. */
#define REAL(name)    real_##name
#define DECLARE(name) static typeof(&(name)) real_##name
#define FIND(name)    (real_##name = (typeof(&(name)))dlsym(RTLD_NEXT, #name))

DECLARE(socket);
DECLARE(setsockopt);
DECLARE(getsockopt);
DECLARE(ioctl);

__attribute__((constructor)) static void find(void)
{
	FIND(socket);
	FIND(setsockopt);
	FIND(getsockopt);
	FIND(ioctl);
}

/* Priorities: the family is not set yet; it is. */
enum { NEW = 5, SET = 6 };

static int number_in(const char *variable)
{
	const char *text = getenv(variable);

	return text ? atoi(text) : 0;
}

static int get_int(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value;

	return REAL(getsockopt)(fd, level, name, &value, &len) ? -1 : value;
}

static bool mark(int fd, int priority)
{
	return !REAL(setsockopt)(fd, SOL_SOCKET, SO_PRIORITY, &priority,
				 sizeof(priority));
}

static bool is_atmos(int fd)
{
	int priority, saved = errno;

	priority = get_int(fd, SOL_SOCKET, SO_PRIORITY);
	errno = saved;
	return priority == NEW || priority == SET;
}

EXPORT int socket(int domain, int type, int protocol)
{
	int fd;

	if (domain != ATMOS_FAMILY_DEFAULT)
		return REAL(socket)(domain, type, protocol);
	errno = number_in("STANDIN_SOCKET");
	if (errno)
		return -1;
	fd = REAL(socket)(AF_INET, type, protocol);
	if (fd >= 0 && !mark(fd, NEW))
		abort();
	return fd;
}

static int set_family(int fd, int family)
{
	int flags = fcntl(fd, F_GETFL) & O_NONBLOCK, native;
	int cloexec = fcntl(fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0;

	errno = number_in("STANDIN_FAMILY");
	if (errno)
		return -1;
	native = REAL(socket)(family,
			      get_int(fd, SOL_SOCKET, SO_TYPE) |
				      (flags ? SOCK_NONBLOCK : 0),
			      get_int(fd, SOL_SOCKET, SO_PROTOCOL));
	if (native < 0)
		return -1;
	if (!mark(native, SET) || dup3(native, fd, cloexec) < 0)
		abort();
	close(native);
	return 0;
}

/* The kernel before 6.7, which does not ask the module and refuses this. */
static int set_unasked(int fd, int name, const void *value, socklen_t len)
{
	if (name == SO_REUSEPORT) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return REAL(setsockopt)(fd, SOL_SOCKET, name, value, len);
}

EXPORT int setsockopt(int fd, int level, int name, const void *value,
		      socklen_t len)
{
	if (level == SOL_ATMOS && name == ATMOS_SO_FAMILY && is_atmos(fd))
		return set_family(fd, *(const int *)value);
	if (level == SOL_SOCKET && is_atmos(fd))
		return set_unasked(fd, name, value, len);
	if (level == SOL_ATMOS_SOCKET && is_atmos(fd)) {
		if (name == number_in("STANDIN_REFUSE")) {
			errno = ENOPROTOOPT;
			return -1;
		}
		level = SOL_SOCKET;
	}
	return REAL(setsockopt)(fd, level, name, value, len);
}

EXPORT int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	int err = REAL(getsockopt)(fd, level, name, value, len);

	if (level == SOL_SOCKET && name == SO_DOMAIN && !err && is_atmos(fd)) {
		*(char *)value = ATMOS_FAMILY_DEFAULT;
		return 0;
	}
	if (level != SOL_ATMOS || name != ATMOS_SO_FAMILY || !is_atmos(fd))
		return err;
	*(int *)value = 0;
	if (get_int(fd, SOL_SOCKET, SO_PRIORITY) == SET)
		*(int *)value = get_int(fd, SOL_SOCKET, SO_DOMAIN);
	return 0;
}

/* No address family but IP's has this one. */
EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (request == SIOCGIFADDR && is_atmos(fd)) {
		errno = ENOTTY;
		return -1;
	}
	return REAL(ioctl)(fd, request, arg);
}
