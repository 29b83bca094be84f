// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two ends of a case: their addresses, their sockets, and waiting for what
 * they come to.
 */
#include <arpa/inet.h>
#include <limits.h>
#include <linux/atmos_socket.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

#include "cases.h"

/* ---- addresses ---- */

struct addr address(const char *text, int port)
{
	struct addr a = {};

	if (inet_pton(AF_INET, text, &a.in.sin_addr) == 1) {
		a.in.sin_family = AF_INET;
		a.in.sin_port = htons(port);
		a.len = sizeof(a.in);
	} else if (inet_pton(AF_INET6, text, &a.in6.sin6_addr) == 1) {
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = htons(port);
		a.len = sizeof(a.in6);
	} else {
		give_up(text);
	}
	return a;
}

struct addr loopback(int port)
{
	return address(v6() ? "::1" : "127.0.0.1", port);
}

struct addr any(int port)
{
	return address(v6() ? "::" : "0.0.0.0", port);
}

/* Addresses for documentation (RFC 5737, RFC 3849): nobody has them. */
struct addr nowhere(int port)
{
	return address(v6() ? "2001:db8::1" : "192.0.2.1", port);
}

int port_of(const struct addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->in6.sin6_port : a->in.sin_port);
}

void set_port(struct addr *a, int port)
{
	if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons(port);
	else
		a->in.sin_port = htons(port);
}

struct addr name_of(int fd)
{
	struct addr a = { .len = sizeof(a.ss) };

	if (getsockname(fd, &a.sa, &a.len))
		give_up("getsockname");
	return a;
}

static const char *port_name(int port)
{
	static int seen[64], nr;
	static char text[2][16];
	static unsigned int turn;
	char *out = text[turn++ % 2];
	int i;

	/* Those that a case asks for by number are below. */
	if (port < 10000) {
		snprintf(text[turn % 2], sizeof(text[0]), "%d", port);
		return text[turn % 2];
	}
	for (i = 0; i < nr && seen[i] != port; i++)
		;
	if (i == nr && nr < 64)
		seen[nr++] = port;
	snprintf(out, sizeof(text[0]), "P%d", i + 1);
	return out;
}

const char *addr_text(const struct sockaddr *sa, socklen_t len)
{
	static char text[2][128];
	static unsigned int turn;
	char *out = text[turn++ % 2], ip[INET6_ADDRSTRLEN];
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;

	if (len == 0)
		return "no address";
	if (len >= sizeof(*in) && sa->sa_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip));
		snprintf(out, sizeof(text[0]), "%s:%s", ip, port_name(ntohs(in->sin_port)));
	} else if (len >= sizeof(*in6) && sa->sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof(ip));
		snprintf(out, sizeof(text[0]), "[%s]:%s flow %x scope %u", ip,
			 port_name(ntohs(in6->sin6_port)), ntohl(in6->sin6_flowinfo),
			 in6->sin6_scope_id);
	} else {
		snprintf(out, sizeof(text[0]), "%u bytes of family %u", len,
			 len >= sizeof(sa->sa_family) ? sa->sa_family : 0);
	}
	return out;
}

void record_names(const char *what, int fd)
{
	struct addr a = { .len = sizeof(a.ss) };

	if (getsockname(fd, &a.sa, &a.len))
		record("getsockname(%s): %s", what, errno_name(errno));
	else
		record("getsockname(%s): %s, %u bytes", what, addr_text(SA(a)), a.len);
	a.len = sizeof(a.ss);
	if (getpeername(fd, &a.sa, &a.len))
		record("getpeername(%s): %s", what, errno_name(errno));
	else
		record("getpeername(%s): %s, %u bytes", what, addr_text(SA(a)), a.len);
}

/* ---- sockets ---- */

/* Before 6.7 the kernel asks no family about SOL_SOCKET. */
static bool kernel_keeps_sol_socket(void)
{
	struct utsname name;
	int major, minor;

	return !uname(&name) && sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
	       (major < 6 || (major == 6 && minor < 7));
}

#undef setsockopt

int setsockopt_as_run(int fd, int level, int option, const void *value, socklen_t len)
{
	int domain;

	if (level == SOL_SOCKET && kernel_keeps_sol_socket() &&
	    !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &(socklen_t){ sizeof(domain) }) &&
	    domain != AF_INET && domain != AF_INET6)
		level = SOL_ATMOS_SOCKET;
	return setsockopt(fd, level, option, value, len);
}

#define setsockopt setsockopt_as_run

static int make(int domain, int af, int type, int protocol)
{
	int fd = socket(domain, type, protocol), err;

	if (fd < 0 || domain == af)
		return fd;
	if (!setsockopt(fd, SOL_ATMOS, ATMOS_SO_FAMILY, &af, sizeof(af)))
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static int must(int fd, const char *what)
{
	if (fd < 0)
		give_up(what);
	return fd;
}

int sut_raw(int type, int protocol)
{
	return make(run.domain, run.af, type, protocol);
}

int sut(int type)
{
	return must(sut_raw(type, 0), "socket under test");
}

int sut_of(int af, int type)
{
	int domain = run.domain == run.af ? af : run.domain;

	return must(make(domain, af, type, 0), "socket under test");
}

int peer(int type)
{
	return must(make(run.peer_domain, run.af, type, 0), "the other end's socket");
}

int native(int type)
{
	return must(socket(run.af, type, 0), "a socket of the host");
}

int bound(int fd, struct addr *a)
{
	if (!a->len)
		*a = loopback(0);
	if (bind(fd, &a->sa, a->len))
		give_up("bind");
	*a = name_of(fd);
	return fd;
}

int listening(int fd, int backlog, struct addr *a)
{
	bound(fd, a);
	if (listen(fd, backlog))
		give_up("listen");
	return fd;
}

void connected(int from, int on, int *accepted)
{
	struct addr a = name_of(on);

	if (connect(from, &a.sa, a.len))
		give_up("connect");
	await(on, POLLIN);
	*accepted = must(accept(on, NULL, NULL), "accept");
	/* The connecting side may be behind: its last ACK counts. */
	await_state(*accepted, ST_ESTABLISHED);
}

void pair(int *s, int *p)
{
	struct addr a = {};
	int listener = listening(peer(SOCK_STREAM), 8, &a);

	*s = sut(SOCK_STREAM);
	connected(*s, listener, p);
	close(listener);
}

void pair_accepted(int *s, int *p)
{
	struct addr a = {};
	int listener = listening(sut(SOCK_STREAM), 8, &a);

	*p = peer(SOCK_STREAM);
	connected(*p, listener, s);
	close(listener);
}

void udp_pair(int *s, int *p)
{
	struct addr at = {}, pt = {};

	*s = bound(sut(SOCK_DGRAM), &at);
	*p = bound(peer(SOCK_DGRAM), &pt);
	if (connect(*s, &pt.sa, pt.len) || connect(*p, &at.sa, at.len))
		give_up("connect");
}

struct addr blackhole(void)
{
	struct addr a = {};
	int listener = listening(native(SOCK_STREAM), 1, &a);

	/* One more than the backlog may wait to be accepted; then SYNs are dropped. */
	for (int i = 0; i < 2; i++)
		if (connect(native(SOCK_STREAM), &a.sa, a.len))
			give_up("connect to fill the backlog");
	await(listener, POLLIN);
	return a;
}

struct addr closed_port(int type)
{
	struct addr a = {};

	/* Bound and not listening: TCP answers with RST; nobody else takes it. */
	if (type == SOCK_STREAM) {
		bound(native(type), &a);
		return a;
	}
	a = loopback(free_port(type));
	return a;
}

int free_port(int type)
{
	struct addr a = {};

	/* Not where the kernel takes ports for others from: they stay free. */
	for (int port = 10000 + getpid() % 10000, last = port + 5000; port < last; port++) {
		int fd = native(type);

		a = any(port);
		if (!bind(fd, &a.sa, a.len)) {
			close(fd);
			return port;
		}
		close(fd);
	}
	give_up("a free port");
}

void nonblocking(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK))
		give_up("O_NONBLOCK");
}

int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

int get_int(int fd, int level, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, option, &value, &len) ? -errno : value;
}

/* ---- waiting ---- */

#define ALL_EVENTS (POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | \
		    POLLWRBAND | POLLRDHUP)

static short look(int fd)
{
	struct pollfd p = { .fd = fd, .events = ALL_EVENTS };

	return poll(&p, 1, 0) < 0 ? POLLNVAL : p.revents;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* poll() with what is not there yet, so that it does not return at once. */
static short poll_until(int fd, short want)
{
	long end = now_ms() + patience();
	short got;

	while (((got = look(fd)) & want) != want) {
		struct pollfd p = { .fd = fd, .events = want & ~got };
		long left = end - now_ms();

		if (left <= 0)
			break;
		/* POLLERR and POLLHUP come unasked: not a reason to spin. */
		if (got & (POLLERR | POLLHUP) & ~want) {
			usleep(1000);
			continue;
		}
		poll(&p, 1, left);
	}
	return got;
}

void await(int fd, short want)
{
	short got = poll_until(fd, want);

	if ((got & want) != want) {
		record("wanted %s, got %s", event_names(want), event_names(got));
		record_late("poll()");
	}
}

short wait_events(const char *what, int fd, short want)
{
	short got = poll_until(fd, want);

	record("poll(%s): %s", what, event_names(got));
	if ((got & want) != want)
		record_late(event_names(want));
	return got;
}

void record_events(const char *what, int fd)
{
	record("poll(%s): %s", what, event_names(look(fd)));
}

void record_quiet(const char *what, int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	poll(&p, 1, MS_QUIET);
	record("poll(%s) for %s: %s", what, event_names(events), event_names(p.revents));
}

void await_bytes(int fd, int bytes)
{
	long end = now_ms() + patience();
	int got = -1;

	while (!ioctl(fd, FIONREAD, &got) && got != bytes && now_ms() < end)
		usleep(200);
	if (got != bytes) {
		record("wanted %d bytes, got %d", bytes, got);
		record_late("data");
	}
}

void await_sent(int fd)
{
	long end = now_ms() + patience();
	int left = -1;

	while (!ioctl(fd, SIOCOUTQ, &left) && left && now_ms() < end)
		usleep(200);
	if (left) {
		record("%d bytes are not acknowledged", left);
		record_late("acknowledgements");
	}
}

void await_stamps(void)
{
	int value = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	long end = now_ms() + patience();
	struct addr a = {};
	int fd = bound(native(SOCK_DGRAM), &a);

	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &value, sizeof(value)) ||
	    connect(fd, &a.sa, a.len))
		give_up("time stamps");
	/* It stays open, so that the network keeps at it. */
	while (now_ms() < end) {
		char control[256] __attribute__((aligned(16))), byte;
		struct iovec iov = { &byte, 1 };
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
				    .msg_controllen = sizeof(control) };

		if (send(fd, "x", 1, 0) != 1 || recvmsg(fd, &m, 0) != 1)
			give_up("to look for time stamps");
		if (CMSG_FIRSTHDR(&m))
			return;
		usleep(1000);
	}
	record_late("time stamps");
}

int tcp_state(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) ? -errno : info.tcpi_state;
}

void await_state(int fd, int state)
{
	long end = now_ms() + patience();
	int got;

	while ((got = tcp_state(fd)) != state && now_ms() < end)
		usleep(200);
	if (got != state) {
		record("wanted state %d, got %d", state, got);
		record_late("a state");
	}
}
