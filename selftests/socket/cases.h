/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Corner cases of sockets, each run twice: on native sockets and on Atmos
 * ones. A case records what it sees as text; it passes if both texts are the
 * same. Nothing here says what is right: the native stack does.
 *
 * A case is a function without arguments, see CASE(). It runs in a process of
 * its own, so it leaves its sockets, threads and children behind when it ends.
 * The socket "under test" comes from sut(), what it talks to from peer(). To be
 * the same every time a case never depends on how fast anything is: it waits
 * for what it wants to see, and records that, not what came before it.
 */
#ifndef _CASES_H
#define _CASES_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- cases ---- */

#define V4   0x1u /* runs with IPv4 */
#define V6   0x2u /* runs with IPv6 */
#define PEER 0x4u /* runs with both ends under test, too */
#define IPS  (V4 | V6)
#define ENDS (V4 | V6 | PEER)

/* struct test_case - one case, in the section "cases" in the order of linking */
struct test_case {
	const char *name;
	unsigned int how;
	void (*run)(void);
};

/*
 * CASE(name, how) { ... }: @how says with which addresses it runs, and whether
 * it does with both ends under test, too.
 */
#define CASE(id, ways)                                                           \
	static void case_##id(void);                                             \
	static const struct test_case entry_##id                                 \
		__attribute__((used, no_reorder, section("cases"), aligned(8))) = \
			{ #id, ways, case_##id };                                \
	static void case_##id(void)

/* Made by the linker. */
extern const struct test_case __start_cases[], __stop_cases[];

/**
 * struct run - the run that this process makes
 * @af: AF_INET or AF_INET6
 * @domain: for socket(), of the sockets under test
 * @peer_domain: for socket(), of their peers
 */
struct run {
	int af;
	int domain;
	int peer_domain;
};

extern struct run run;

static inline bool v6(void)
{
	return run.af == AF_INET6;
}

/* What no call can use, and no compiler sees. */
extern void *bad, *null;
extern int minus_one;

/* ---- what is recorded (record.c) ---- */

#define MS_LONG	  10000 /* waiting longer than this for anything is a failure */
#define MS_QUIET  100	/* looking this long for what should not come */
#define TRACE_MAX (64 * 1024)

/**
 * struct trace - what a run recorded; shared with the process that compares
 * @used: bytes of @text
 * @late: something did not come in time
 * @scratch: for children of a case to tell their parent
 * @text: lines
 */
struct trace {
	size_t used;
	bool late;
	long scratch[64];
	char text[TRACE_MAX];
};

extern struct trace *trace;

/* Adds a line. */
void record(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Records that something did not come in time; waits are short from here on. */
void record_late(const char *what);

/* Ends the case where it cannot go on. */
void give_up(const char *what) __attribute__((noreturn));

/* How long to wait for something that should come, in milliseconds. */
int patience(void);

const char *errno_name(int err);
const char *signal_name(int sig);
const char *event_names(short events);

/*
 * Records a call by its text, what it returned, and errno. RET gives a result
 * as it is, FD hides which number a descriptor has.
 */
void record_call(const char *text, long ret, int err);
void record_fd(const char *text, long ret, int err);

#define CALL(call)                                   \
	({                                           \
		errno = 0;                           \
		long ret_ = (long)(call);            \
		record_call(#call, ret_, errno);     \
		ret_;                                \
	})

#define FD(call)                                     \
	({                                           \
		errno = 0;                           \
		int ret_ = (call);                   \
		record_fd(#call, ret_, errno);       \
		ret_;                                \
	})

/* ---- addresses (ends.c) ---- */

struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_storage ss;
	};
	socklen_t len;
};

/* The two arguments that bind(), connect() and such want. */
#define SA(a) (&(a).sa), ((a).len)

/* Addresses of the run's family: its own host, any, unreachable, not ours. */
struct addr loopback(int port);
struct addr any(int port);
struct addr nowhere(int port);
/* From text, of either family. */
struct addr address(const char *text, int port);

int port_of(const struct addr *a);
void set_port(struct addr *a, int port);

/* The socket's own name, quietly. */
struct addr name_of(int fd);

/*
 * An address as text. Ports that are not fixed by the case have names by the
 * order in which they were first seen: P1, P2, ...
 */
const char *addr_text(const struct sockaddr *sa, socklen_t len);

/* Records getsockname() and getpeername(). */
void record_names(const char *what, int fd);
#define NAMES(fd) record_names(#fd, fd)

/* ---- sockets (ends.c) ---- */

/* Under test, and its peer; type may have SOCK_NONBLOCK and SOCK_CLOEXEC. */
int sut(int type);
int peer(int type);
/* Always native, of the run's family. */
int native(int type);
/* Under test, of a given family. */
int sut_of(int af, int type);
/* socket() under test as a case asks for it. Return: descriptor or -1, errno */
int sut_raw(int type, int protocol);

/* Bound to an address; gives up where it cannot. Return: fd */
int bound(int fd, struct addr *a);
/* Bound to the loopback address (or to *a, if that has a family) and listening. */
int listening(int fd, int backlog, struct addr *a);

/* Two connected sockets: first the one that connects, then the accepted one. */
void connected(int from, int on, int *accepted);
/* Under test and its peer, connected; who began it? */
void pair(int *s, int *p);
void pair_accepted(int *s, int *p);
/* UDP: bound to the loopback address, connected to each other. */
void udp_pair(int *s, int *p);

/* An address where no connection is ever accepted: SYNs are not answered. */
struct addr blackhole(void);
/* A port of the loopback address that nobody listens on, held by a socket. */
struct addr closed_port(int type);
/* A native socket bound there, for a port number to use. */
int free_port(int type);

void nonblocking(int fd, bool on);
/* As atmos-run has it: SOL_SOCKET reaches Atmos on kernels that keep it, too. */
int setsockopt_as_run(int fd, int level, int option, const void *value, socklen_t len);
#define setsockopt setsockopt_as_run

int set_int(int fd, int level, int option, int value);
int get_int(int fd, int level, int option);

/* ---- waiting (ends.c) ---- */

/*
 * Waits until poll() shows all of @want, then records what it shows. EVENTS
 * records what it shows now.
 */
short wait_events(const char *what, int fd, short want);
#define WAIT(fd, want) wait_events(#fd, fd, want)
void record_events(const char *what, int fd);
#define EVENTS(fd) record_events(#fd, fd)
/* Only waits. */
void await(int fd, short want);
/* Looks for a while that none of these comes; records it. */
void record_quiet(const char *what, int fd, short events);
#define QUIET(fd, events) record_quiet(#fd, fd, events)

/* Until the network marks packets with the time, some time after it is told to. */
void await_stamps(void);
/* Until FIONREAD says so many bytes; until all sent is acknowledged. */
void await_bytes(int fd, int bytes);
void await_sent(int fd);
/* Until TCP_INFO says so. */
enum {
	ST_ESTABLISHED = 1, ST_SYN_SENT, ST_SYN_RECV, ST_FIN_WAIT1, ST_FIN_WAIT2,
	ST_TIME_WAIT, ST_CLOSE, ST_CLOSE_WAIT, ST_LAST_ACK, ST_LISTEN, ST_CLOSING
};

int tcp_state(int fd);
void await_state(int fd, int state);
#define STATE(fd) record(#fd " is in state %d", tcp_state(fd))

/* ---- data (data.c) ---- */

/* recv(), recorded with what came. Return: as recv() */
ssize_t record_recv(const char *what, int fd, size_t len, int flags);
#define RECV(fd, len, flags) record_recv(#fd, fd, len, flags)

/* recvmsg() with room for control messages, all recorded. */
ssize_t record_recvmsg(const char *what, int fd, size_t len, int flags);
#define RECVMSG(fd, len, flags) record_recvmsg(#fd, fd, len, flags)

/* Sends all; reads exactly that much. Both give up where they cannot. */
void put(int fd, const void *data, size_t len);
void get(int fd, void *data, size_t len);
#define PUT(fd, text) put(fd, text, sizeof(text) - 1)

/* Sends until nothing more fits; nonblocking. Return: bytes */
size_t fill(int fd);
/* Reads until @len bytes are there or the stream ends. Return: bytes */
size_t drain(int fd, size_t len);
/* A closing with RST. */
void reset(int fd);
/* One control message of @len bytes for a sendmsg() of @text to @to, or NULL */
ssize_t send_cmsg(int fd, const struct addr *to, const char *text, int level, int type,
		  const void *data, size_t len);

/* Records an int option, as getsockopt() tells it. */
void record_opt(const char *what, int fd, int level, int option);
#define OPT(fd, level, option) record_opt(#fd " " #option, fd, level, option)
#define ERROR(fd) record_opt(#fd " SO_ERROR", fd, SOL_SOCKET, SO_ERROR)

/* ---- signals, threads, processes (worker.c) ---- */

/* Counts a signal from here on; SIGPIPE is counted in every case. */
void count_signal(int sig, int flags);
/* Records how many came since the last time. */
void record_signals(int sig);
#define SIGNALS(sig) record_signals(sig)
int signals_seen(int sig);

/**
 * struct worker - a thread that makes one system call
 * @thread, @tid: it
 * @nr, @arg: the call
 * @ret, @err: what came of it
 * @done: it has come
 */
struct worker {
	pthread_t thread;
	pid_t tid;
	long nr;
	long arg[6];
	long ret;
	int err;
	sem_t started;
	sem_t done;
};

/* Makes a thread make a call, and waits until it sleeps in it. */
void start(struct worker *w, long nr, long a, long b, long c, long d, long e, long f);
#define START(w, nr, ...) START_(w, nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define START_(w, nr, a, b, c, d, e, f, ...) \
	start(&(w), nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
/* Is it still in there? Records it. */
void record_blocked(const char *what, struct worker *w);
#define BLOCKED(w) record_blocked(#w, &(w))
/* Waits for the call to end, and records how it did. Return: as the call */
long record_joined(const char *what, struct worker *w);
#define JOINED(w) record_joined(#w, &(w))
/* Sends it a signal. */
void interrupt(struct worker *w, int sig);

/* Waits until a process sleeps in a system call. */
void await_asleep(pid_t tid, long nr);
/* Waits for a child and records how it ended. */
void record_reaped(const char *what, pid_t pid);
#define REAPED(pid) record_reaped(#pid, pid)
/* Becomes somebody without any privilege. */
void become_nobody(void);

#endif /* _CASES_H */
