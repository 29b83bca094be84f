/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The preloaded library's own interfaces.
 *
 * It runs inside programs that know nothing of it, in any thread, in signal
 * handlers, and between fork() and exec(). So nothing here allocates or takes a
 * lock, the calls used are async-signal-safe, errno is left as the program
 * expects it, and nothing is written to standard output.
 *
 *	wrap.c		the C library's functions that it stands in for
 *	config.c	what the launcher has asked for
 *	turn.c		making Atmos sockets, falling back
 *	late.c		--ports: sockets that are decided at bind() or connect()
 *	say.c		messages
 */
#ifndef ATMOS_RUN_PRELOAD_H
#define ATMOS_RUN_PRELOAD_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../shared.h"

/* What stands below: the C library, or another preloaded one. */
struct real {
	int (*socket)(int domain, int type, int protocol);
	int (*getsockopt)(int fd, int level, int name, void *value,
			  socklen_t *len);
	int (*setsockopt)(int fd, int level, int name, const void *value,
			  socklen_t len);
	int (*bind)(int fd, const struct sockaddr *addr, socklen_t len);
	int (*connect)(int fd, const struct sockaddr *addr, socklen_t len);
	int (*epoll_ctl)(int epoll, int op, int fd, struct epoll_event *event);
	int (*ioctl)(int fd, unsigned long request, ...);
};

extern struct real real;

/* Constant once config_read() has been called. */
struct config {
	int family; /* 0: do nothing */
	bool tcp, udp, strict, verbose, report;
	bool late; /* --ports */
};

extern struct config config;
extern struct run_stats *stats;

void config_read(void);
bool config_port(uint16_t port);

int turn_kind(int domain, int type, int protocol);
int turn_make(int domain, int type, int protocol);
int turn_socket(int kind, int domain, int type, int protocol);
int turn_setsockopt(int fd, int level, int name, const void *value,
		    socklen_t len);
int turn_family(int fd);
void turn_count(int kind, int fd);
void turn_fall_back(int kind, const char *why);

void late_init(void);
int late_socket(int domain, int type, int protocol);
int late_decide(int fd, const struct sockaddr *addr, socklen_t len);
void late_option(int fd, int level, int name, const void *value, socklen_t len);
void late_epoll(int epoll, int op, int fd, const struct epoll_event *event);

void say_init(void);
void say_turned(int kind, int fd);
void say_trouble(const char *what, const char *why);

/*
 * Leaves errno alone. close() is a point where threads are cancelled, which
 * socket() is not: the system call itself is none.
 */
static inline void quiet_close(int fd)
{
	int saved = errno;

	syscall(SYS_close, fd);
	errno = saved;
}

#endif /* ATMOS_RUN_PRELOAD_H */
