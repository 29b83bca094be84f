/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What hostile-regs tells: its registers at entry. Shared with the tests.
 */
#ifndef _DOM_HOSTILE_REGS_H
#define _DOM_HOSTILE_REGS_H

#include "../abi/types.h"

/**
 * struct hostile_regs - registers in the order regs_start.S stores them
 * @gpr: rax rbx rcx rdx rsi rdi rbp rsp r8..r15
 * @rflags: likewise at entry
 * The others are read a little later; nothing in between changes them.
 */
struct hostile_regs {
	u64 gpr[16];
	u64 rflags;
	u64 fs_base;
	u64 gs_base;
	u16 ds, es, fs, gs, cs, ss;
	u16 reserved[2];
};

#endif /* _DOM_HOSTILE_REGS_H */
