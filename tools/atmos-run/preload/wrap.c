// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of the C library that the preloaded library stands in for.
 * Called by the program, in any thread and in signal handlers.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "preload.h"

#define EXPORT __attribute__((visibility("default")))

struct real real;

static atomic_bool ready;

/*
 * The constructor of another library may call us before ours has run; then
 * there is one thread yet. Doing it twice does no harm.
 */
__attribute__((constructor)) static void init(void)
{
	int saved = errno;

	if (atomic_load_explicit(&ready, memory_order_acquire))
		return;
	real.socket = dlsym(RTLD_NEXT, "socket");
	real.getsockopt = dlsym(RTLD_NEXT, "getsockopt");
	real.setsockopt = dlsym(RTLD_NEXT, "setsockopt");
	real.bind = dlsym(RTLD_NEXT, "bind");
	real.connect = dlsym(RTLD_NEXT, "connect");
	real.epoll_ctl = dlsym(RTLD_NEXT, "epoll_ctl");
	real.ioctl = dlsym(RTLD_NEXT, "ioctl");
	say_init();
	config_read();
	late_init();
	atomic_store_explicit(&ready, true, memory_order_release);
	errno = saved;
}

static inline void need_init(void)
{
	if (!atomic_load_explicit(&ready, memory_order_acquire))
		init();
}

EXPORT int socket(int domain, int type, int protocol)
{
	int kind;

	need_init();
	kind = turn_kind(domain, type, protocol);
	if (kind < 0)
		return real.socket(domain, type, protocol);
	if (config.late)
		return late_socket(domain, type, protocol);
	return turn_socket(kind, domain, type, protocol);
}

/* SO_DOMAIN of a turned socket is what the program has asked socket() for. */
EXPORT int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	int err, family;

	need_init();
	err = real.getsockopt(fd, level, name, value, len);
	if (err || level != SOL_SOCKET || name != SO_DOMAIN)
		return err;
	family = turn_family(fd);
	/* As the kernel has done: a short buffer gets a part. */
	if (family)
		memcpy(value, &family, *len);
	return 0;
}

EXPORT int setsockopt(int fd, int level, int name, const void *value,
		      socklen_t len)
{
	int err;

	need_init();
	err = turn_setsockopt(fd, level, name, value, len);
	if (config.late && !err)
		late_option(fd, level, name, value, len);
	return err;
}

EXPORT int bind(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
	need_init();
	if (config.late && late_decide(fd, addr.__sockaddr__, len))
		return -1;
	return real.bind(fd, addr.__sockaddr__, len);
}

EXPORT int connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
	need_init();
	if (config.late && late_decide(fd, addr.__sockaddr__, len))
		return -1;
	return real.connect(fd, addr.__sockaddr__, len);
}

EXPORT int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	int err;

	need_init();
	err = real.epoll_ctl(epoll, op, fd, event);
	if (config.late && !err)
		late_epoll(epoll, op, fd, event);
	return err;
}

/*
 * Programs ask about addresses of interfaces and routes with ioctls of any IP
 * socket, which an Atmos socket does not have: a native one answers them. Those
 * of the socket itself (SIOCATMARK and before) are not among them.
 */
EXPORT int ioctl(int fd, unsigned long request, ...)
{
	int err, native, family, saved = errno;
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	need_init();
	err = real.ioctl(fd, request, arg);
	if (err != -1 || !config.family ||
	    (errno != ENOTTY && errno != EINVAL) || request < SIOCADDRT ||
	    request >= SIOCDEVPRIVATE)
		return err;
	family = turn_family(fd);
	if (!family)
		return err;
	native = real.socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (native < 0)
		return -1;
	err = real.ioctl(native, request, arg);
	if (err != -1)
		errno = saved;
	quiet_close(native);
	return err;
}
