// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU's emulator: how often each instruction was executed, between
 * two executions of the marks that sock.c makes around what it measures.
 *
 * Argument out=FILE: each measurement goes to FILE.1, FILE.2, ...: lines of an
 * address and a count. The user's addresses are added up under 0, but those of
 * the window of domains. For one processor. The functions are those of version
 * 1 of the interface (QEMU's documentation, "TCG plugins"); Debian ships no
 * header for it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"

#define EXPORT	__attribute__((visibility("default")))
#define ADD_U64 0
#define NO_REGS 0

#define ADDRESSES (1u << 22)
#define WINDOW	  (0x400000000000ull >> 21) /* in units of its size */

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t n);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_tb_trans_cb(
	plugin_id id, void (*cb)(plugin_id id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
						int op, void *to, uint64_t n);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int cpu,
						       void *data),
					    int flags, void *data);

EXPORT int qemu_plugin_version = 1;

/* Open addressing; the address of kernel code is never 0. */
static struct {
	uint64_t address;
	uint64_t count;
} * table;
static uint64_t others;
static const char *out = "count";

static uint64_t *counter(uint64_t address)
{
	uint32_t i = (address * 0x9e3779b97f4a7c15ull) >> 42;

	if (!(address >> 47) && address >> 21 != WINDOW)
		return &others;
	while (table[i].address && table[i].address != address)
		i = (i + 1) % ADDRESSES;
	table[i].address = address;
	return &table[i].count;
}

static void write_counts(int number)
{
	char name[4096];
	FILE *f;

	snprintf(name, sizeof(name), "%s.%d", out, number);
	f = fopen(name, "w");
	if (!f) {
		perror(name);
		exit(1);
	}
	fprintf(f, "0 %llu\n", (unsigned long long)others);
	for (uint32_t i = 0; i < ADDRESSES; i++)
		if (table[i].count)
			fprintf(f, "%llx %llu\n",
				(unsigned long long)table[i].address,
				(unsigned long long)table[i].count);
	if (fclose(f)) {
		perror(name);
		exit(1);
	}
}

static void begin(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	others = 0;
	for (uint32_t i = 0; i < ADDRESSES; i++)
		table[i].count = 0;
}

static void end(unsigned int cpu, void *data)
{
	static int number;

	(void)cpu;
	(void)data;
	write_counts(++number);
}

static bool is(const struct qemu_plugin_insn *insn, const char *bytes)
{
	return qemu_plugin_insn_size(insn) == MARK_LEN &&
	       !memcmp(qemu_plugin_insn_data(insn), bytes, MARK_LEN);
}

static void translate(plugin_id id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		qemu_plugin_register_vcpu_insn_exec_inline(
			insn, ADD_U64, counter(qemu_plugin_insn_vaddr(insn)),
			1);
		if (is(insn, MARK_BEGIN))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, begin,
							       NO_REGS, NULL);
		if (is(insn, MARK_END))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, end,
							       NO_REGS, NULL);
	}
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc,
			       char **argv);
int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
	table = calloc(ADDRESSES, sizeof(*table));
	if (!table || !out)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	return 0;
}
