// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams whose bytes are checked one by one: word i of a direction is a hash
 * of its key and i, so that a byte that is lost, repeated, moved or another
 * stream's differs.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"

/* Bytes of one call. */
#define CHUNK 16384

/* A peer that is gone is noticed: seconds, and milliseconds. */
#define KEEP_IDLE    2
#define KEEP_INTVL   1
#define KEEP_COUNT   3
#define USER_TIMEOUT 5000

u64 mix64(u64 x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

int atmos_family(void)
{
	FILE *file = fopen("/sys/module/atmos/parameters/family", "r");
	int family = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &family) != 1)
		family = -1;
	fclose(file);
	return family;
}

/* The stream's bytes from a position on, into a buffer with room to the next word. */
static void pattern(u64 key, u64 pos, u8 *buf, u32 len)
{
	u64 word = pos / 8;
	u32 skip = pos % 8, done;

	for (done = 0; done < len + skip; done += 8) {
		u64 value = mix64(key ^ word++);

		memcpy(buf + done, &value, 8);
	}
	if (skip)
		memmove(buf, buf + skip, len);
}

static socklen_t loopback(int family, struct sockaddr_storage *addr)
{
	struct sockaddr_in *in = (void *)addr;
	struct sockaddr_in6 *in6 = (void *)addr;

	memset(addr, 0, sizeof(*addr));
	addr->ss_family = family;
	if (family == AF_INET) {
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof(*in);
	}
	in6->sin6_addr = in6addr_loopback;
	return sizeof(*in6);
}

int stream_listen(int domain, int family, struct sockaddr_storage *addr)
{
	socklen_t len = loopback(family, addr);
	int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, (void *)addr, len) || listen(fd, 16) ||
	    getsockname(fd, (void *)addr, &len)) {
		close(fd);
		return -1;
	}
	return fd;
}

int stream_connect(int domain, const struct sockaddr_storage *addr)
{
	socklen_t len = addr->ss_family == AF_INET
				? sizeof(struct sockaddr_in)
				: sizeof(struct sockaddr_in6);
	int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (void *)addr, len)) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

int stream_accept(int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	int n = poll(&p, 1, STALL_MS);

	if (n == 0)
		errno = ETIMEDOUT;
	return n == 1 ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
}

static void option(int fd, int level, int name, int value)
{
	setsockopt(fd, level, name, &value, sizeof(value));
}

void stream_setup(struct stream *s, int fd, u64 key_out, u64 key_in)
{
	*s = (struct stream){
		.fd = fd,
		.key_out = key_out,
		.key_in = key_in,
		.progress_ns = now_ns(),
	};
	option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE);
	option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTVL);
	option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
	option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void stream_abort(struct stream *s)
{
	struct linger hard = { .l_onoff = 1 };

	if (s->fd < 0)
		return;
	setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(s->fd);
	s->fd = -1;
}

static bool failed(struct stream *s, enum outcome outcome, int err, u64 at)
{
	s->outcome = outcome;
	s->err = err;
	s->at = at;
	stream_abort(s);
	return false;
}

/* Something was received. */
static void progress(struct stream *s)
{
	u64 now = now_ns();

	if (now - s->progress_ns > s->gap_ns)
		s->gap_ns = now - s->progress_ns;
	s->progress_ns = now;
}

/* Return: bytes taken, all of them right; 0: none now; -1: failed. */
static int take(struct stream *s, u64 most)
{
	u8 got[CHUNK], want[CHUNK + 16];
	ssize_t n = recv(s->fd, got, most < CHUNK ? most : CHUNK, 0);
	ssize_t i;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0) {
		failed(s, ERROR, errno, s->in);
		return -1;
	}
	if (n == 0) {
		failed(s, CORRUPT, 0, s->in);
		return -1;
	}
	pattern(s->key_in, s->in, want, n);
	if (memcmp(got, want, n)) {
		for (i = 0; got[i] == want[i]; i++)
			;
		failed(s, CORRUPT, 0, s->in + i);
		return -1;
	}
	s->in += n;
	progress(s);
	return n;
}

/* Return: bytes given; 0: none now; -1: failed. */
static int give(struct stream *s, u64 most)
{
	u8 buf[CHUNK + 16];
	u32 len = most < CHUNK ? most : CHUNK;
	ssize_t n;

	pattern(s->key_out, s->out, buf, len);
	n = send(s->fd, buf, len, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0) {
		failed(s, ERROR, errno, s->out);
		return -1;
	}
	s->out += n;
	return n;
}

bool stream_move(struct stream *s, u64 send, u64 receive)
{
	int n, m;

	while (send || receive) {
		struct pollfd p = { .fd = s->fd };

		n = send ? give(s, send) : 0;
		if (n < 0)
			return false;
		send -= n;
		m = receive ? take(s, receive) : 0;
		if (m < 0)
			return false;
		receive -= m;
		if (n || m)
			continue;
		p.events = (send ? POLLOUT : 0) | (receive ? POLLIN : 0);
		if (poll(&p, 1, STALL_MS) == 0)
			return failed(s, STALLED, 0, s->in);
	}
	return true;
}

bool stream_end(struct stream *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	char byte;
	ssize_t n;

	if (shutdown(s->fd, SHUT_WR))
		return failed(s, ERROR, errno, s->out);
	for (;;) {
		n = recv(s->fd, &byte, 1, 0);
		if (n > 0)
			return failed(s, CORRUPT, 0, s->in);
		if (n == 0)
			break;
		if (errno != EAGAIN && errno != EINTR)
			return failed(s, ERROR, errno, s->in);
		if (poll(&p, 1, STALL_MS) == 0)
			return failed(s, STALLED, 0, s->in);
	}
	close(s->fd);
	s->fd = -1;
	return true;
}
