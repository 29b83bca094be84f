// SPDX-License-Identifier: GPL-2.0-only
/*
 * Not an attack: tells every register that the entry found, so that a test
 * can see that nothing of the core or of the program shows in them.
 * regs_start.S saved them before any other instruction.
 */
#include "hostile.h"
#include "regs.h"

struct hostile_regs entry_regs __attribute__((visibility("hidden")));

static u64 attack(const struct attack *t)
{
	struct hostile_regs *r = &entry_regs;

	(void)t;
	asm volatile("rdfsbase %0" : "=r"(r->fs_base));
	asm volatile("rdgsbase %0" : "=r"(r->gs_base));
	asm volatile("mov %%ds, %0" : "=m"(r->ds));
	asm volatile("mov %%es, %0" : "=m"(r->es));
	asm volatile("mov %%fs, %0" : "=m"(r->fs));
	asm volatile("mov %%gs, %0" : "=m"(r->gs));
	asm volatile("mov %%cs, %0" : "=m"(r->cs));
	asm volatile("mov %%ss, %0" : "=m"(r->ss));

	static_assert(sizeof(*r) <= DOM_INLINE_MAX, "registers fit inline");
	memcpy(result_bytes, r, sizeof(*r));
	result_len = sizeof(*r);
	return window_base(t);
}
