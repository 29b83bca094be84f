/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gate block: what gate.S and gate.c share, one per CPU.
 *
 * GATE_BLOCK_SIZE bytes, aligned to their size, so that any stack pointer into
 * the block finds its start by masking. It is mapped in every domain's page
 * table at its kernel address, supervisor-only, so it holds no secret: state
 * of the program that was interrupted stays on the kernel stack, but for what
 * a domain could overwrite (FS and GS base, selectors, PKRU).
 *
 *	page 0	struct gate; the frame that enters a domain at its end
 *	page 1	stack of interrupts, exceptions and the exit vector
 *	page 2	stacks of NMI and #DB
 *	page 3	stacks of #MC and #DF
 */
#ifndef _ATMOS_GATE_H
#define _ATMOS_GATE_H

#define GATE_BLOCK_SIZE		0x4000
#define GATE_BLOCK_MASK		(~(GATE_BLOCK_SIZE - 1))
#define GATE_BLOCK_ORDER	2

#define GATE_FRAME		(0x1000 - 40)	/* rip cs rflags rsp ss */
#define GATE_MAIN_TOP		0x2000
#define GATE_NMI_TOP		0x2800
#define GATE_DB_TOP		0x3000
#define GATE_MC_TOP		0x3800
#define GATE_DF_TOP		0x4000

#define GATE_IST_MAIN		1
#define GATE_IST_NMI		2
#define GATE_IST_DB		3
#define GATE_IST_MC		4
#define GATE_IST_DF		5

#define GATE_EXIT_VECTOR	15	/* DOM_EXIT_VECTOR */
#define GATE_STUB_SIZE		16

/* Offsets into struct gate, checked in gate.c. */
#define G_KERNEL_SP		0
#define G_KERNEL_CR3		8
#define G_CR3_NOFLUSH		16
#define G_DOMAIN_CR3		24
#define G_ARG0			32
#define G_ARG1			40
#define G_USER_FS		48
#define G_USER_GS		56
#define G_KERNEL_GS		64
#define G_SELECTORS		72
#define G_SEL_DS		72
#define G_SEL_ES		74
#define G_SEL_FS		76
#define G_SEL_GS		78
#define G_USER_PKRU		80
#define G_FEATURES		84
#define G_VERW_SEL		88
#define G_PGE_REPAIRS		96
#define G_NMIS_IN_GATE		104
#define G_FRAME_PTR		112
#define G_SPEC_CTRL		120
#define G_HIDDEN		128

/* Bits of G_FEATURES: what this CPU needs on the way in and out. */
#define GATE_NEEDS_VERW		2
#define GATE_NEEDS_IBRS		4
#define GATE_NEEDS_IBPB		8
#define GATE_NEEDS_UNTRAIN	16
#define GATE_NEEDS_BHB		32
#define GATE_TOGGLES_PGE	64
#define GATE_NEEDS_EXIT		(4 | 8 | 16 | 32 | 64)

/* Bits of G_HIDDEN: state that only some programs have, put away now. */
#define GATE_HID_SELECTORS	1
#define GATE_HID_RARE		2	/* breakpoints, shadow stack, LSTAR */

/* PKRU inside a domain: the kernel's initial value; key 0, the only one a
 * domain's pages have, is open.
 */
#define GATE_PKRU		0x55555554

/* Layout of what gate.S pushes, struct gate_regs. */
#define GATE_REGS_VECTOR	(15 * 8)
#define GATE_REGS_RIP		(17 * 8)
#define GATE_REGS_CS		(18 * 8)
#define GATE_REGS_RSP		(20 * 8)
#define GATE_REGS_WORDS		22

#ifndef __ASSEMBLY__

#include <linux/types.h>

struct gate_regs {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector, error_code;
	u64 rip, cs, rflags, rsp, ss;
};

struct gate_frame {
	u64 rip, cs, rflags, rsp, ss;
};

/**
 * struct gate_fault - how an entry ended, if not by the exit vector
 * @kind: enum atmos_fault_kind
 * @vector: exception vector
 * @error_code: the CPU's
 * @address: CR2 of a page fault
 * @regs: the domain's
 */
struct gate_fault {
	u32 kind;
	u32 vector;
	u64 error_code;
	u64 address;
	struct gate_regs regs;
};

struct atmos_domain;

/**
 * struct gate - state of one CPU's gate
 * @kernel_sp: where gate_enter() was called, for the way back
 * @kernel_cr3: the kernel's, read anew after every forwarded interrupt, with
 *	@cr3_noflush or'ed in
 * @cr3_noflush: bit 63 when PCIDs are on
 * @domain_cr3: table, PCID, and the no-flush bit when nothing is stale
 * @arg: registers the domain starts with
 * @user_fs: FS base of the interrupted program
 * @user_gs: GS base of it
 * @kernel_gs: this CPU's per-CPU base
 * @selectors: DS, ES, FS, GS of the interrupted program
 * @user_pkru: PKRU of it
 * @features: GATE_HAS_*, GATE_NEEDS_*
 * @verw_sel: operand of VERW
 * @pad: not used
 * @pge_repairs: CR4.PGE found on
 * @nmis_in_gate: NMIs and machine checks that hit the gate's own code
 * @frame: GATE_FRAME of this block
 * @spec_ctrl: SPEC_CTRL as the kernel wants it
 * @hidden: GATE_HID_*
 * @timer_seen: only C, like all that follows: @crossings when the budget timer
 *	last came inside
 * @over_budget: it came for the second time in one entry
 * @forwarding: an interrupt that arrived inside is being handled
 * @dom: the domain that @frame and @arg are set up for
 * @u_cet: the program's, when it was turned off
 * @lstar: the CPU's, when it was turned off
 * @crossings: entries that have ended
 * @irqs: interrupts that arrived inside
 * @nmis: NMIs that arrived inside
 * @fault: how the entry ended, if not by the exit vector
 */
struct gate {
	u64 kernel_sp;
	u64 kernel_cr3;
	u64 cr3_noflush;
	u64 domain_cr3;
	u64 arg[2];
	u64 user_fs;
	u64 user_gs;
	u64 kernel_gs;
	u16 selectors[4];
	u32 user_pkru;
	u32 features;
	u16 verw_sel;
	u16 pad[3];
	u64 pge_repairs;
	u64 nmis_in_gate;
	struct gate_frame *frame;
	u64 spec_ctrl;

	u32 hidden;
	bool forwarding;
	bool over_budget;
	u64 timer_seen;
	struct atmos_domain *dom;
	u64 u_cet;
	u64 lstar;
	u64 crossings;
	u64 irqs;
	u64 nmis;
	struct gate_fault *fault;
};

extern char atmos_gate_text[], atmos_gate_text_end[];
extern char atmos_gate_stubs[], atmos_gate_raise[];

u32 atmos_gate_event(struct gate *g, struct gate_regs *regs);
void atmos_gate_bug(struct gate *g, struct gate_regs *regs);

#endif /* __ASSEMBLY__ */
#endif /* _ATMOS_GATE_H */
