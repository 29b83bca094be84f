// SPDX-License-Identifier: GPL-2.0-only
/*
 * sock WORKLOAD FAMILY COUNT PORT: one measurement of socket traffic between two
 * network namespaces of a guest whose time-stamp counter counts instructions.
 *
 *	peer (10.9.0.2, native)  ==veth==  here (10.9.0.1, FAMILY)
 *
 * FAMILY is the number of the address family of the server's sockets: 2 for
 * the native stack, or Atmos's. The client is always native, and the same
 * binary measures both. The whole guest is counted: both programs, both
 * stacks, the wire between them.
 *
 * Prints one JSON object: operations, ticks, and the ticks in which the CPU
 * was idle as the kernel accounts them (10 ms each): tools/bench/run takes
 * them off, and refuses a measurement in which they are many.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mark.h"

#define HERE	 "10.9.0.1"
#define PEER_NS	 "/var/run/netns/peer"
#define CHUNK	 65536
#define JIFFY_NS 10000000ull /* of /proc/stat; an instruction is 1 ns */
#define WARM_UP	 20	     /* part of the operations that is not counted */

struct workload {
	const char *name;
	int type;
	uint32_t bytes; /* of a message each way, or of each operation */
	void (*serve)(const struct workload *w, int fd);
	void (*ask)(const struct workload *w, int fd, uint64_t count);
};

static char buffer[CHUNK];
static uint16_t port;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *fmt,
								...)
{
	va_list args;

	fprintf(stderr, "sock: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return low | (uint64_t)high << 32;
}

/* Idle time of the one CPU so far, in ticks. */
static uint64_t idle(void)
{
	unsigned long long user, nice, sys, idle_time;
	FILE *f = fopen("/proc/stat", "r");

	if (!f || fscanf(f, "cpu %llu %llu %llu %llu", &user, &nice, &sys,
			 &idle_time) != 4)
		die("/proc/stat");
	fclose(f);
	return idle_time * JIFFY_NS;
}

static bool take(int fd, uint32_t len)
{
	while (len) {
		ssize_t n = recv(fd, buffer, len < CHUNK ? len : CHUNK, 0);

		if (n < 0)
			die("recv");
		if (!n)
			return false;
		len -= n;
	}
	return true;
}

static void give(int fd, uint32_t len)
{
	while (len) {
		ssize_t n = send(fd, buffer, len < CHUNK ? len : CHUNK, 0);

		if (n < 0)
			die("send");
		len -= n;
	}
}

/* ---- request and reply ---- */

static void rr_serve(const struct workload *w, int fd)
{
	while (take(fd, w->bytes))
		give(fd, w->bytes);
}

static void rr_ask(const struct workload *w, int fd, uint64_t count)
{
	while (count--) {
		give(fd, w->bytes);
		if (!take(fd, w->bytes))
			die("server is gone");
	}
}

/* ---- bulk: an operation is a chunk ---- */

static void tx_serve(const struct workload *w, int fd)
{
	uint64_t count;

	while (recv(fd, &count, sizeof(count), MSG_WAITALL) == sizeof(count))
		while (count--)
			give(fd, w->bytes);
}

static void tx_ask(const struct workload *w, int fd, uint64_t count)
{
	if (send(fd, &count, sizeof(count), 0) != sizeof(count))
		die("send");
	while (count--)
		if (!take(fd, w->bytes))
			die("server is gone");
}

static void rx_serve(const struct workload *w, int fd)
{
	uint64_t count;

	while (recv(fd, &count, sizeof(count), MSG_WAITALL) == sizeof(count)) {
		while (count--)
			if (!take(fd, w->bytes))
				return;
		give(fd, 1);
	}
}

static void rx_ask(const struct workload *w, int fd, uint64_t count)
{
	if (send(fd, &count, sizeof(count), 0) != sizeof(count))
		die("send");
	while (count--)
		give(fd, w->bytes);
	if (!take(fd, 1))
		die("server is gone");
}

/* ---- connect, request, close ---- */

static struct sockaddr_in server_addr(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(port) };

	inet_pton(AF_INET, HERE, &sin.sin_addr);
	return sin;
}

static int dial(int type)
{
	struct sockaddr_in sin = server_addr();
	int fd = socket(AF_INET, type, 0), on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		die("connect");
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void crr_serve(const struct workload *w, int fd)
{
	if (take(fd, w->bytes))
		give(fd, w->bytes);
}

static void crr_ask(const struct workload *w, int fd, uint64_t count)
{
	(void)fd;
	while (count--) {
		int one = dial(SOCK_STREAM);

		give(one, w->bytes);
		if (!take(one, w->bytes) || take(one, 1))
			die("server did not close");
		close(one);
	}
}

/* ---- UDP ---- */

static void udp_serve(const struct workload *w, int fd)
{
	struct sockaddr_in from;
	socklen_t len;
	ssize_t n;

	(void)w;
	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, buffer, CHUNK, 0, (struct sockaddr *)&from,
			     &len);
		if (n < 0)
			die("recvfrom");
		if (!n)
			return;
		if (sendto(fd, buffer, n, 0, (struct sockaddr *)&from, len) !=
		    n)
			die("sendto");
	}
}

static const struct workload workloads[] = {
	{ "rr.1", SOCK_STREAM, 1, rr_serve, rr_ask },
	{ "rr.64", SOCK_STREAM, 64, rr_serve, rr_ask },
	{ "rr.1024", SOCK_STREAM, 1024, rr_serve, rr_ask },
	{ "rr.16384", SOCK_STREAM, 16384, rr_serve, rr_ask },
	{ "crr", SOCK_STREAM, 64, crr_serve, crr_ask },
	{ "bulk.tx", SOCK_STREAM, CHUNK, tx_serve, tx_ask },
	{ "bulk.rx", SOCK_STREAM, CHUNK, rx_serve, rx_ask },
	{ "udp_rr.64", SOCK_DGRAM, 64, udp_serve, rr_ask },
};

/* ---- the two ends ---- */

static int server_socket(const struct workload *w, int family)
{
	struct sockaddr_in sin = server_addr();
	int fd = socket(family, w->type, 0), on = 1;

	if (fd < 0)
		die("socket of family %d", family);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)))
		die("bind");
	if (w->type == SOCK_STREAM && listen(fd, 16))
		die("listen");
	return fd;
}

static void serve(const struct workload *w, int fd)
{
	int on = 1;

	if (w->type == SOCK_DGRAM) {
		w->serve(w, fd);
		return;
	}
	for (;;) {
		int one = accept(fd, NULL, NULL);

		if (one < 0)
			die("accept");
		setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		w->serve(w, one);
		close(one);
	}
}

static void measure(const struct workload *w, uint64_t count)
{
	uint64_t start, ticks, idle_start, idle_ticks;
	int fd = w->serve == crr_serve ? -1 : dial(w->type);

	w->ask(w, fd, count / WARM_UP + 1);
	idle_start = idle();
	mark(MARK_BEGIN);
	start = now();
	w->ask(w, fd, count);
	ticks = now() - start;
	mark(MARK_END);
	idle_ticks = idle() - idle_start;
	printf("{\"name\": \"%s\", \"operations\": %llu, \"ticks\": %llu, \"idle\": %llu}\n",
	       w->name, (unsigned long long)count, (unsigned long long)ticks,
	       (unsigned long long)idle_ticks);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const struct workload *w = NULL;
	int fd, ns, status;
	pid_t client;

	for (size_t i = 0; argc == 5 && i < sizeof(workloads) / sizeof(*w); i++)
		if (!strcmp(argv[1], workloads[i].name))
			w = &workloads[i];
	if (!w) {
		fprintf(stderr, "usage: sock WORKLOAD FAMILY COUNT PORT\n");
		return 2;
	}
	port = atoi(argv[4]);
	fd = server_socket(w, atoi(argv[2]));
	client = fork();
	if (client < 0)
		die("fork");
	if (!client) {
		close(fd);
		ns = open(PEER_NS, O_RDONLY | O_CLOEXEC);
		if (ns < 0 || setns(ns, CLONE_NEWNET))
			die(PEER_NS);
		measure(w, strtoull(argv[3], NULL, 0));
		return 0;
	}
	/* A child serves, so that its end is ours to decide. */
	ns = fork();
	if (ns < 0)
		die("fork");
	if (!ns) {
		serve(w, fd);
		return 0;
	}
	if (waitpid(client, &status, 0) != client)
		die("waitpid");
	kill(ns, SIGKILL);
	waitpid(ns, NULL, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
