/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine around a test: CPUs, threads, memory counts, the module.
 */
#ifndef _SELFTEST_SYSTEM_H
#define _SELFTEST_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A count made smaller for slow machines: divided by the environment's
 * ATMOS_TEST_SCALE (1 if unset), at least @least.
 */
uint64_t sys_scaled(uint64_t count, uint64_t least);

/* CPUs online now; highest CPU number that exists. */
int sys_nr_cpus(void);
int sys_last_cpu(void);

/* Bind the calling thread to a CPU, or to all with -1. Return: 0 or -errno. */
int sys_pin(int cpu);

/* CPU hotplug. Return: 0 or -errno (-ENOENT: this CPU cannot go). */
int sys_cpu_online(int cpu, bool online);

uint64_t sys_now_us(void);

/**
 * struct sys_memory - what must be the same before and after
 * @slab_kb: slab that is not reclaimable
 * @page_tables_kb, @vmalloc_kb, @percpu_kb: as in /proc/meminfo
 * @free_kb: free memory and what the page cache could give back
 * @atmos_vmalloc: areas that /proc/vmallocinfo puts down to the module
 */
struct sys_memory {
	uint64_t slab_kb;
	uint64_t page_tables_kb;
	uint64_t vmalloc_kb;
	uint64_t percpu_kb;
	uint64_t free_kb;
	uint64_t atmos_vmalloc;
};

/* Lets deferred work end (RCU, per-CPU caches), then counts. */
void sys_memory(struct sys_memory *m);

/**
 * sys_memory_grew() - has anything leaked?
 * @before: as sys_memory() counted
 * @slack_kb: growth that is none
 * @after: counted now
 *
 * Newer kernels free in batches, seconds later: waits for what has grown to
 * go. Return: NULL, or what has not.
 */
const char *sys_memory_grew(const struct sys_memory *before, uint64_t slack_kb,
			    struct sys_memory *after);

/*
 * Objects in use of all slab caches, from /proc/slabinfo. Return: their sum of
 * bytes, 0 if the file cannot be read.
 */
uint64_t sys_slab_bytes(void);

/**
 * sys_module_load() - load the module under test
 * @args: parameters
 *
 * The file is the environment's ATMOS_MODULE. Return: 0 or -errno.
 */
int sys_module_load(const char *args);

/* Return: 0 or -errno (-EWOULDBLOCK: in use). */
int sys_module_unload(void);

/* The parameters that the suites' set-up uses. */
#define SYS_MODULE_ARGS \
	"test_interface=1 allow_unsigned=1 giveup_deaths=0 budget_us=100000"

/* Whole text of a small file; false if it cannot be read. */
bool sys_read_file(const char *path, char *text, size_t size);

/* Return: 0 or -errno. */
int sys_write_file(const char *path, const char *text);

#endif /* _SELFTEST_SYSTEM_H */
