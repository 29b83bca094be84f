// SPDX-License-Identifier: GPL-2.0-only
/*
 * mem FAMILY COUNT PORT SECONDS: what a connection costs in memory.
 *
 * Opens COUNT connections over loopback, all of this process: the accepted ends
 * are of FAMILY (2: native, or Atmos's number), the others native. Each has
 * carried a byte both ways. After SECONDS of rest tells what of the guest's
 * memory is gone: everything, files and inodes of both ends included, slab
 * among it. Some connections come first, so that tables and caches are there.
 *
 * Prints one JSON object: connections, bytes, and bytes of slab among them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST 256 /* not counted */

static void die(const char *what)
{
	fprintf(stderr, "mem: %s: %s\n", what, strerror(errno));
	exit(1);
}

struct memory {
	unsigned long long total;
	unsigned long long free;
	unsigned long long cache; /* what files left, which others may have */
	unsigned long long slab;
};

/* Free pages that CPUs keep for themselves, megabytes of them: not in MemFree. */
static unsigned long long free_of_cpus(void)
{
	FILE *file = fopen("/proc/zoneinfo", "r");
	unsigned long long pages = 0, count;
	char line[256];

	if (!file)
		die("/proc/zoneinfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %llu", &count) == 1)
			pages += count;
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

static void read_memory(struct memory *m)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long long kib;
	char name[64];

	memset(m, 0, sizeof(*m));
	if (!file)
		die("/proc/meminfo");
	while (fscanf(file, "%63s %llu kB\n", name, &kib) >= 1) {
		if (!strcmp(name, "MemTotal:"))
			m->total = kib << 10;
		else if (!strcmp(name, "MemFree:"))
			m->free = kib << 10;
		else if (!strcmp(name, "Buffers:") || !strcmp(name, "Cached:"))
			m->cache += kib << 10;
		else if (!strcmp(name, "Slab:"))
			m->slab = kib << 10;
	}
	fclose(file);
	m->free += free_of_cpus();
}

static unsigned long long used(const struct memory *m)
{
	return m->total - m->free - m->cache;
}

static int listener(int family, struct sockaddr_in *sin)
{
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)sin, sizeof(*sin)) ||
	    listen(fd, 128))
		die("listen");
	return fd;
}

static void open_one(int listen_fd, const struct sockaddr_in *sin)
{
	int near, far = socket(AF_INET, SOCK_STREAM, 0);
	char byte = 'x';

	if (far < 0 || connect(far, (const struct sockaddr *)sin, sizeof(*sin)))
		die("connect");
	near = accept(listen_fd, NULL, NULL);
	if (near < 0)
		die("accept");
	if (write(far, &byte, 1) != 1 || read(near, &byte, 1) != 1 ||
	    write(near, &byte, 1) != 1 || read(far, &byte, 1) != 1)
		die("a byte each way");
}

int main(int argc, char **argv)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct rlimit files = { 1 << 20, 1 << 20 };
	struct memory before, after;
	unsigned int count, i;
	int fd;

	if (argc != 5) {
		fprintf(stderr, "usage: mem FAMILY COUNT PORT SECONDS\n");
		return 2;
	}
	count = atoi(argv[2]);
	sin.sin_port = htons(atoi(argv[3]));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setrlimit(RLIMIT_NOFILE, &files))
		die("RLIMIT_NOFILE");
	fd = listener(atoi(argv[1]), &sin);
	for (i = 0; i < FIRST; i++)
		open_one(fd, &sin);
	sleep(atoi(argv[4]));
	read_memory(&before);
	for (i = 0; i < count; i++)
		open_one(fd, &sin);
	sleep(atoi(argv[4]));
	read_memory(&after);
	printf("{\"connections\": %u, \"bytes\": %lld, \"slab\": %lld}\n",
	       count, (long long)(used(&after) - used(&before)),
	       (long long)(after.slab - before.slab));
	return 0;
}
