// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine around a test; see system.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "system.h"

uint64_t sys_scaled(uint64_t count, uint64_t least)
{
	const char *text = getenv("ATMOS_TEST_SCALE");
	uint64_t scale = text ? strtoull(text, NULL, 0) : 1;

	if (scale > 1)
		count /= scale;
	return count > least ? count : least;
}

int sys_nr_cpus(void)
{
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

int sys_last_cpu(void)
{
	return (int)sysconf(_SC_NPROCESSORS_CONF) - 1;
}

int sys_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (cpu >= 0)
		CPU_SET(cpu, &set);
	else
		for (int i = 0; i < CPU_SETSIZE; i++)
			CPU_SET(i, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

bool sys_read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t got;

	if (fd < 0)
		return false;
	while (have + 1 < size) {
		got = read(fd, text + have, size - 1 - have);
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	text[have] = 0;
	close(fd);
	return true;
}

int sys_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t done;
	int err = 0;

	if (fd < 0)
		return -errno;
	done = write(fd, text, strlen(text));
	if (done < 0)
		err = -errno;
	else if ((size_t)done != strlen(text))
		err = -EIO;
	close(fd);
	return err;
}

int sys_cpu_online(int cpu, bool online)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	return sys_write_file(path, online ? "1" : "0");
}

uint64_t sys_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

uint64_t sys_slab_bytes(void)
{
	FILE *f = fopen("/proc/slabinfo", "re");
	uint64_t sum = 0;
	char line[512];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		unsigned long active, total, size;

		if (sscanf(line, "%*s %lu %lu %lu", &active, &total, &size) == 3)
			sum += (uint64_t)active * size;
	}
	fclose(f);
	return sum;
}

static uint64_t count_lines(const char *path, const char *what)
{
	FILE *f = fopen(path, "re");
	uint64_t nr = 0;
	char line[512];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		nr += !!strstr(line, what);
	fclose(f);
	return nr;
}

void sys_memory(struct sys_memory *m)
{
	static char text[16384];

	memset(m, 0, sizeof(*m));
	/* membarrier's global form waits for an RCU grace period. */
	for (int i = 0; i < 3; i++) {
		syscall(SYS_membarrier, 1 /* MEMBARRIER_CMD_GLOBAL */, 0, 0);
		usleep(20000);
	}
	sys_write_file("/proc/sys/vm/drop_caches", "3");
	sys_write_file("/proc/sys/vm/compact_memory", "1");
	sys_write_file("/proc/sys/vm/stat_refresh", "1");
	if (!sys_read_file("/proc/meminfo", text, sizeof(text)))
		return;
	m->slab_kb = field(text, "SUnreclaim:");
	m->page_tables_kb = field(text, "PageTables:");
	m->vmalloc_kb = field(text, "VmallocUsed:");
	m->percpu_kb = field(text, "Percpu:");
	m->free_kb = field(text, "MemFree:") + field(text, "\nCached:") +
		     field(text, "Buffers:") + field(text, "SReclaimable:");
	m->atmos_vmalloc = count_lines("/proc/vmallocinfo", "atmos");
}

static const char *memory_grew(const struct sys_memory *b, uint64_t slack_kb,
			       const struct sys_memory *a)
{
	if (a->atmos_vmalloc > b->atmos_vmalloc)
		return "vmalloc areas of the module";
	if (a->percpu_kb > b->percpu_kb)
		return "per-CPU memory";
	if (a->slab_kb > b->slab_kb + slack_kb)
		return "slab";
	if (a->page_tables_kb > b->page_tables_kb + slack_kb)
		return "page tables";
	if (a->vmalloc_kb > b->vmalloc_kb + slack_kb)
		return "vmalloc";
	/*
	 * The page cache, per-CPU lists of free pages and the test's own files
	 * are in this one: it varies by some MiB.
	 */
	if (a->free_kb + 64 * slack_kb < b->free_kb)
		return "memory that is not free";
	return NULL;
}

const char *sys_memory_grew(const struct sys_memory *before, uint64_t slack_kb,
			    struct sys_memory *after)
{
	const char *what = NULL;

	for (int i = 0; i < 15; i++) {
		sys_memory(after);
		what = memory_grew(before, slack_kb, after);
		if (!what)
			return NULL;
		sleep(1);
	}
	return what;
}

int sys_module_load(const char *args)
{
	const char *path = getenv("ATMOS_MODULE");
	int fd, err = 0;

	if (!path)
		return -ENOENT;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, args, 0))
		err = -errno;
	close(fd);
	return err;
}

int sys_module_unload(void)
{
	return syscall(SYS_delete_module, "atmos", O_NONBLOCK) ? -errno : 0;
}
