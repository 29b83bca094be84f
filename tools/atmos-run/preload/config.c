// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the launcher has asked for, read from the environment once per program.
 * The launcher has checked all of it; what does not make sense here was set by
 * hand, and is as if it were not set.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "preload.h"

struct config config;

/* Where it is counted when nobody wants to know. */
static struct run_stats nowhere;
struct run_stats *stats = &nowhere;

/* A bit for each port of --ports. */
static uint64_t ports[65536 / 64];

/* config_port - does a port lie in the ranges of --ports? */
bool config_port(uint16_t port)
{
	return ports[port / 64] >> (port % 64) & 1;
}

/* "80,8000-8100" */
static void read_ports(const char *text)
{
	unsigned long low, high, port;
	char *end;

	while (*text) {
		low = strtoul(text, &end, 10);
		if (end == text)
			break;
		high = *end == '-' ? strtoul(end + 1, &end, 10) : low;
		for (port = low; port <= high && port <= 65535; port++)
			ports[port / 64] |= 1ULL << (port % 64);
		if (*end != ',')
			break;
		text = end + 1;
	}
}

/* Maps the counters if @fd is the file that has them. */
static bool map_stats(int fd, unsigned long long device,
		      unsigned long long inode)
{
	struct stat st;
	void *map;

	if (fstat(fd, &st) || st.st_dev != device || st.st_ino != inode ||
	    st.st_size < (off_t)sizeof(*stats))
		return false;
	map = mmap(NULL, sizeof(*stats), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	if (map == MAP_FAILED)
		return false;
	stats = map;
	return true;
}

static void read_stats(const char *text)
{
	unsigned long long device, inode;
	char path[48];
	int pid, fd;

	if (sscanf(text, "%d:%d:%llu:%llu", &pid, &fd, &device, &inode) != 4)
		return;
	if (map_stats(fd, device, inode))
		return;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	map_stats(fd, device, inode);
	close(fd);
}

/* config_read - reads the environment, before the program's main() */
void config_read(void)
{
	const char *family = getenv(RUN_ENV_FAMILY);
	const char *only = getenv(RUN_ENV_ONLY);
	const char *list = getenv(RUN_ENV_PORTS);
	const char *counters = getenv(RUN_ENV_STATS);

	if (!family)
		return;
	config.tcp = !only || !strcmp(only, "tcp");
	config.udp = !only || !strcmp(only, "udp");
	config.strict = getenv(RUN_ENV_STRICT);
	config.verbose = getenv(RUN_ENV_VERBOSE);
	config.report = getenv(RUN_ENV_CRASH);
	config.late = list;
	if (list)
		read_ports(list);
	if (counters)
		read_stats(counters);
	config.family = atoi(family);
}
