/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calling program's registers around a system call: set to chosen values,
 * looked at afterwards. For showing that no domain changes or sees them.
 */
#ifndef _SELFTEST_STATE_H
#define _SELFTEST_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_XSAVE_SIZE 4096

/**
 * struct state - everything user mode can set, but rip, rsp and what system
 * calls use (rax, rcx, r11)
 * @gpr: rbx rbp r8 r9 r10 r12 r13 r14 r15 rdi rsi rdx
 * @rflags: status flags, DF, AC, ID, NT
 * @fs_base: the thread's own in C code; state_call() puts it back
 * @ds, @es, @fs, @gs, @ss: selectors
 * @xsave: x87, SSE, AVX, AVX-512, PKRU: those there are
 */
struct state {
	uint64_t gpr[12];
	uint64_t rflags;
	uint64_t fs_base;
	uint64_t gs_base;
	uint16_t ds, es, fs, gs, ss;
	uint16_t reserved[3];
	uint8_t xsave[STATE_XSAVE_SIZE] __attribute__((aligned(64)));
};

/* Values that differ everywhere, made from @seed; sound for state_call(). */
void state_fill(struct state *s, uint64_t seed);

/**
 * state_ioctl() - ioctl() with all registers set
 * @before: what they are; state_fill() and changes to it
 * @after: what they are when it is back
 * @fd: file
 * @cmd: ioctl number
 * @arg: its argument
 *
 * gpr[9..11] (rdi, rsi, rdx) of @before are the arguments' places and become
 * those. Return: 0 or -errno.
 */
long state_ioctl(struct state *before, struct state *after, int fd,
		 unsigned long cmd, void *arg);

/* NULL if they are the same, else the name of the first that differs. */
const char *state_compare(const struct state *a, const struct state *b);

/* Is the XSAVE component there (number as in the CPU's manual)? */
bool state_has(unsigned int component);

#define STATE_PKRU 9

/* PKRU inside an XSAVE area. */
uint32_t state_pkru(const struct state *s);

#endif /* _SELFTEST_STATE_H */
