// SPDX-License-Identifier: GPL-2.0-only
/*
 * many serve|connect FAMILY ADDRESS PORT CONNECTIONS BYTES [pause]
 *
 * One end of many TCP connections at once, all with epoll from one thread.
 * FAMILY is "native" or the number of Atmos's. The client names each connection
 * by a header of 8 bytes, which the server sends back. Then each end sends BYTES
 * that depend on the name, the end and the position alone, shuts down, and
 * compares what it gets with what the other must have sent, up to the end.
 *
 * "listening" and "connected" are lines on standard output, the latter when all
 * connections have had their header; with "pause" the client then waits for a
 * line of input, and the server for what each client sends. At the end:
 * "exact N of N". Status 0 only if that is all.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/atmos_socket.h>

/* Connections that the client begins at once, and what is moved at once. */
#define BEGIN 256
#define CHUNK 16384

/* Nothing at all on any connection for so long is the end. */
#define PATIENCE_MS 240000

struct conn {
	int fd;
	bool held; /* its data waits */
	bool out_over, in_over;
	u_int32_t events;
	u_int8_t header[8];
	unsigned int header_in, header_out;
	u_int64_t name, sent, got;
};

static bool serving, pausing;
static int family, epoll_fd, listener = -1;
static unsigned int wanted, begun, named, over, exact;
static u_int64_t bytes;
static struct sockaddr_storage where;
static socklen_t where_len;
static struct conn *conns;
static char block[CHUNK], expected[CHUNK];

/* ---- data ---- */

static u_int64_t mix(u_int64_t x)
{
	x = (x ^ x >> 31) * 0x9e3779b97f4a7c15ull;
	return x ^ x >> 29;
}

/* What the server (or the client) sends from @pos of connection @name on. */
static void fill(char *to, size_t len, u_int64_t name, bool server,
		 u_int64_t pos)
{
	u_int64_t key = mix(name * 2 + server + 1), word, at = pos & ~7ull;
	size_t skip = pos & 7, n, done = 0;

	for (; done < len; at += 8, skip = 0, done += n) {
		word = mix(key + at);
		n = 8 - skip < len - done ? 8 - skip : len - done;
		memcpy(to + done, (char *)&word + skip, n);
	}
}

/* ---- one connection ---- */

static void give_up(const struct conn *c, const char *what)
{
	printf("# connection %llu (of %u): %s: %s; sent %llu, got %llu\n",
	       (unsigned long long)c->name, named, what, strerror(errno),
	       (unsigned long long)c->sent, (unsigned long long)c->got);
	fflush(stdout);
	exit(1);
}

static void watch(struct conn *c, int op, u_int32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	if (op == EPOLL_CTL_MOD && events == c->events)
		return;
	c->events = events;
	if (epoll_ctl(epoll_fd, op, c->fd, &event))
		error(1, errno, "epoll_ctl");
}

static void tell(const char *line)
{
	puts(line);
	fflush(stdout);
}

/* A connection has had its header in both directions, or the client's reply. */
static void has_name(struct conn *c)
{
	memcpy(&c->name, c->header, sizeof(c->name));
	if (++named == wanted)
		tell("connected");
	c->held = pausing;
}

/* Bytes got, 0 at the end or when there are none now. */
static ssize_t get(struct conn *c, void *to, size_t len)
{
	ssize_t n = recv(c->fd, to, len, 0);

	if (n < 0) {
		if (errno == EAGAIN)
			return -1;
		give_up(c, "recv");
	}
	return n;
}

static void receive(struct conn *c)
{
	ssize_t n;

	while (c->header_in < sizeof(c->header)) {
		u_int8_t part[8];

		n = get(c, part, sizeof(part) - c->header_in);
		if (n < 0)
			return;
		errno = 0;
		if (!n)
			give_up(c, "no header");
		if (!serving && memcmp(c->header + c->header_in, part, n))
			give_up(c, "another header");
		memcpy(c->header + c->header_in, part, n);
		c->header_in += n;
		if (c->header_in == sizeof(c->header))
			has_name(c);
	}
	while (!c->in_over) {
		n = get(c, block, sizeof(block));
		if (n < 0)
			return;
		errno = 0;
		if (!n) {
			if (c->got != bytes)
				give_up(c, "ended early");
			c->in_over = true;
			return;
		}
		fill(expected, n, c->name, !serving, c->got);
		if (c->got + n > bytes || memcmp(block, expected, n))
			give_up(c, "wrong data");
		c->got += n;
		c->held = false;
	}
}

static void send_some(struct conn *c)
{
	char own[CHUNK];
	ssize_t n;

	while (c->header_out < (serving ? c->header_in : sizeof(c->header))) {
		n = send(c->fd, c->header + c->header_out,
			 (serving ? c->header_in : sizeof(c->header)) -
				 c->header_out,
			 MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			give_up(c, "send");
		c->header_out += n;
	}
	if (c->header_in < sizeof(c->header) || c->held)
		return;
	while (c->sent < bytes) {
		size_t len = bytes - c->sent < CHUNK ? bytes - c->sent : CHUNK;

		fill(own, len, c->name, serving, c->sent);
		n = send(c->fd, own, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			give_up(c, "send");
		c->sent += n;
	}
	if (!c->out_over && shutdown(c->fd, SHUT_WR))
		give_up(c, "shutdown");
	c->out_over = true;
}

static bool wants_out(const struct conn *c)
{
	if (c->header_in < sizeof(c->header) || c->held)
		return c->header_out <
		       (serving ? c->header_in : sizeof(c->header));
	return !c->out_over;
}

static void turn(struct conn *c, u_int32_t events)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (events & EPOLLERR) {
		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		errno = err;
		give_up(c, "error");
	}
	if (events & (EPOLLIN | EPOLLHUP))
		receive(c);
	if (wants_out(c))
		send_some(c);
	if (!c->in_over || !c->out_over) {
		watch(c, EPOLL_CTL_MOD,
		      (c->in_over ? 0 : EPOLLIN) |
			      (wants_out(c) ? EPOLLOUT : 0));
		return;
	}
	if (close(c->fd))
		give_up(c, "close");
	c->fd = -1;
	over++;
	exact++;
}

/* ---- all ---- */

static int make_socket(void)
{
	int fd = socket(family ? family : where.ss_family,
			SOCK_STREAM | SOCK_NONBLOCK, 0);
	int ip = where.ss_family;

	if (fd < 0)
		error(1, errno, "socket");
	if (family &&
	    setsockopt(fd, SOL_ATMOS, ATMOS_SO_FAMILY, &ip, sizeof(ip)))
		error(1, errno, "ATMOS_SO_FAMILY");
	return fd;
}

static void begin(void)
{
	struct conn *c = &conns[begun];
	u_int64_t name = begun++;

	memcpy(c->header, &name, sizeof(name));
	c->fd = make_socket();
	if (connect(c->fd, (struct sockaddr *)&where, where_len) &&
	    errno != EINPROGRESS)
		give_up(c, "connect");
	watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static void accept_all(void)
{
	struct conn *c;
	int fd;

	while (begun < wanted) {
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED))
			return;
		if (fd < 0)
			error(1, errno, "accept");
		c = &conns[begun++];
		c->fd = fd;
		watch(c, EPOLL_CTL_ADD, EPOLLIN);
	}
}

static void start(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int one = 1;

	if (!serving)
		return;
	listener = make_socket();
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&where, where_len) ||
	    listen(listener, 4096))
		error(1, errno, "bind, listen");
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event))
		error(1, errno, "epoll_ctl");
	tell("listening");
}

/* After the pause: all at once. */
static void release(void)
{
	char line[16];

	if (!fgets(line, sizeof(line), stdin))
		error(1, 0, "no input");
	pausing = false;
	for (unsigned int i = 0; i < wanted; i++) {
		conns[i].held = false;
		watch(&conns[i], EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
	}
}

static void loop(void)
{
	struct epoll_event events[128];
	int n;

	while (over < wanted) {
		while (!serving && begun < wanted && begun - named < BEGIN)
			begin();
		if (!serving && pausing && named == wanted)
			release();
		n = epoll_wait(epoll_fd, events, 128, PATIENCE_MS);
		if (n < 0 && errno != EINTR)
			error(1, errno, "epoll_wait");
		if (!n) {
			printf("# nothing happens: %u begun, %u named, %u over\n",
			       begun, named, over);
			for (unsigned int i = 0, told = 0;
			     i < begun && told < 5; i++) {
				if (conns[i].fd < 0)
					continue;
				told++;
				printf("# %llu: header %u %u, sent %llu%s, got %llu%s\n",
				       (unsigned long long)conns[i].name,
				       conns[i].header_in, conns[i].header_out,
				       (unsigned long long)conns[i].sent,
				       conns[i].out_over ? " all" : "",
				       (unsigned long long)conns[i].got,
				       conns[i].in_over ? " all" : "");
			}
			exit(1);
		}
		while (n-- > 0)
			if (events[n].data.ptr)
				turn(events[n].data.ptr, events[n].events);
			else
				accept_all();
	}
}

static void set_where(const char *address, int port)
{
	struct sockaddr_in6 *six = (void *)&where;
	struct sockaddr_in *four = (void *)&where;

	if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		where_len = sizeof(*four);
	} else if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		where_len = sizeof(*six);
	} else {
		error(2, 0, "no address: %s", address);
	}
}

int main(int argc, char **argv)
{
	struct rlimit files = { 100000, 100000 };

	if (argc < 7)
		error(2, 0,
		      "usage: many serve|connect FAMILY ADDRESS PORT CONNECTIONS BYTES [pause]");
	serving = !strcmp(argv[1], "serve");
	family = strcmp(argv[2], "native") ? atoi(argv[2]) : 0;
	set_where(argv[3], atoi(argv[4]));
	wanted = atoi(argv[5]);
	bytes = strtoull(argv[6], NULL, 10);
	pausing = argc > 7;
	conns = calloc(wanted, sizeof(*conns));
	epoll_fd = epoll_create1(0);
	if (!conns || epoll_fd < 0 || setrlimit(RLIMIT_NOFILE, &files))
		error(1, errno, "start");
	start();
	loop();
	printf("exact %u of %u\n", exact, wanted);
	return exact == wanted ? 0 : 1;
}
