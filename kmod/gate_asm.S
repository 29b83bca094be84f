/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gate: the only code that changes CR3.
 *
 * Documentation/gate.rst argues its security line by line. In short:
 *
 * - On a domain's CR3 the CPU's IDTR, GDTR and TR point, at unchanged linear
 *   addresses, to our IDT, the real GDT and our TSS. So "mov cr3" switches
 *   memory, interrupt table and interrupt stacks at once, both ways.
 * - Every vector of our IDT runs on a stack of the gate block (IST), and finds
 *   that block by masking its stack pointer; it trusts nothing else until it
 *   is back on the kernel's CR3.
 * - On the kernel's CR3 the kernel's own entry code handles whatever comes. It
 *   copes with any GS base and any stack (paranoid entry; FSGSBASE is required).
 * - On a domain's CR3 at CPL0 the stack pointer is always in the gate block, so
 *   an NMI there can return through a copy of its frame below it.
 *
 * Everything here runs with interrupts off but for one instruction in each
 * stub of atmos_gate_raise.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/alternative.h>
#include <asm/asm.h>
#include <asm/cpufeatures.h>
#include <asm/ibt.h>
#include <asm/nospec-branch.h>
#include <asm/segment.h>
#include <asm/smap.h>
#include <asm/unwind_hints.h>

#include "compat_asm.h"
#include "gate.h"

#define CR0_TS		8
#define CR4_PGE		0x80
#define SPEC_CTRL_MSR	0x48
#define PRED_CMD_MSR	0x49

.macro PUSH_REGS
	push	%rax
	push	%rbx
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%rbp
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
.endm

.macro POP_REGS_IRET
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rbp
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rbx
	pop	%rax
	add	$16, %rsp		/* vector, error code */
	iretq
.endm

/* All but rdi and rsi, the arguments; rbp..r15 hold values of the kernel. */
.macro CLEAR_REGS
	xor	%eax, %eax
	xor	%ebx, %ebx
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%ebp, %ebp
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
.endm

/* ZF is set if DS, ES, FS and GS are all null. Clobbers rax, rcx. */
.macro OR_SELECTORS
	mov	%ds, %eax
	mov	%es, %ecx
	or	%ecx, %eax
	mov	%fs, %ecx
	or	%ecx, %eax
	mov	%gs, %ecx
	or	%ecx, %eax
.endm

.macro SAVE_AND_NULL_SELECTORS
	mov	%ds, G_SEL_DS(%rdi)
	mov	%es, G_SEL_ES(%rdi)
	mov	%fs, G_SEL_FS(%rdi)
	mov	%gs, G_SEL_GS(%rdi)
	orl	$GATE_HID_SELECTORS, G_HIDDEN(%rdi)
	NULL_SELECTORS
.endm

.macro NULL_SELECTORS
	xor	%eax, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
.endm

/*
 * With CR4.PGE on, global entries of the kernel would shadow what we map at
 * the addresses of its descriptor tables. Clearing the bit flushes them all.
 * Where PGE is off for as long as domains exist (cpu.c), the kernel may have
 * turned it on again with any change of its cached CR4.
 */
.macro PGE_OFF
#ifndef ATMOS_TEST_PGE_ON
	mov	%cr4, %rax
	test	$CR4_PGE, %al
	jz	.Lpge_off\@
	and	$~CR4_PGE, %rax
	mov	%rax, %cr4
	incq	G_PGE_REPAIRS(%rdi)
.Lpge_off\@:
#endif
.endm

/*
 * All of the program's state that CPL3 code could change or see, put away.
 * In: rdi the gate block. Clobbers rax, rcx, rdx. On the kernel's CR3; leaves
 * with the domain's GS base, so only "mov cr3" and iretq may follow.
 */
.macro HIDE_PROGRAM
	PGE_OFF
	mov	%cr3, %rax
	or	G_CR3_NOFLUSH(%rdi), %rax
	mov	%rax, G_KERNEL_CR3(%rdi)

	rdfsbase %rax
	mov	%rax, G_USER_FS(%rdi)
	swapgs
	rdgsbase %rax
	mov	%rax, G_USER_GS(%rdi)

	OR_SELECTORS
	jz	.Lselectors_null\@
	SAVE_AND_NULL_SELECTORS
.Lselectors_null\@:
	xor	%eax, %eax
	wrfsbase %rax
	wrgsbase %rax

	ALTERNATIVE "jmp .Lpkru_done\@", "", X86_FEATURE_OSPKE
	xor	%ecx, %ecx
	rdpkru
	mov	%eax, G_USER_PKRU(%rdi)
	cmp	$GATE_PKRU, %eax
	je	.Lpkru_done\@
	mov	$GATE_PKRU, %eax
	wrpkru				/* ecx and edx are 0 */
.Lpkru_done\@:
	mov	%cr0, %rax
	or	$CR0_TS, %rax
	mov	%rax, %cr0
	testb	$GATE_NEEDS_VERW, G_FEATURES(%rdi)
	jz	.Lverw_done\@
	verw	G_VERW_SEL(%rdi)
.Lverw_done\@:
.endm

/*
 * The reverse, from the domain's CR3. In: rdi the gate block.
 * Clobbers rax, rcx, rdx. The selectors end up null; atmos_gate_run() loads
 * those of the few programs that have others, where a fault can be handled.
 */
.macro SHOW_PROGRAM
	mov	G_KERNEL_CR3(%rdi), %rax
	mov	%rax, %cr3
	/*
	 * The way in from CPL3 has made SS null, which the kernel's way back
	 * from a system call does not expect (X86_BUG_SYSRET_SS_ATTRS).
	 */
	mov	$__KERNEL_DS, %eax
	mov	%eax, %ss
	testb	$GATE_NEEDS_EXIT, G_FEATURES(%rdi)
	jz	.Lmitigated\@
	call	gate_mitigate
.Lmitigated\@:
	clts
	OR_SELECTORS
	jz	.Lselectors_null\@
	NULL_SELECTORS
.Lselectors_null\@:
	mov	G_USER_GS(%rdi), %rax
	wrgsbase %rax
	swapgs
	mov	G_USER_FS(%rdi), %rax
	wrfsbase %rax
	ALTERNATIVE "jmp .Lpkru_done\@", "", X86_FEATURE_OSPKE
	xor	%ecx, %ecx
	rdpkru
	cmp	G_USER_PKRU(%rdi), %eax
	je	.Lpkru_done\@
	mov	G_USER_PKRU(%rdi), %eax
	wrpkru
.Lpkru_done\@:
.endm

	.section .noinstr.text, "ax"
	.balign	4096, 0xcc
SYM_CODE_START_NOALIGN(atmos_gate_text)
	ANNOTATE_NOENDBR
	UNWIND_HINT_GATE
	ud2
SYM_CODE_END(atmos_gate_text)

/*
 * Run the domain that the gate block in rdi is set up for.
 *
 * Context: interrupts and preemption off, not in hard interrupt. Called by
 * gate_run() in gate.c with a convention of its own: keeps rdi and rbp,
 * clobbers all other registers. eax is 0 if the domain ended the entry itself,
 * else what atmos_gate_event() said.
 */
	.balign	64, 0xcc
SYM_FUNC_START_NOALIGN(atmos_gate_enter)
	push	%rbp
	mov	%rsp, G_KERNEL_SP(%rdi)
	HIDE_PROGRAM
	mov	G_FRAME_PTR(%rdi), %rsp
	mov	G_DOMAIN_CR3(%rdi), %rax
	mov	G_ARG1(%rdi), %rsi
	mov	G_ARG0(%rdi), %rdx
	mov	%rax, %cr3
	mov	%rdx, %rdi
	CLEAR_REGS
	iretq

	/* Back on the kernel's CR3; eax is the result, rdi the gate block. */
SYM_INNER_LABEL(gate_return, SYM_L_LOCAL)
	UNWIND_HINT_GATE_RETURN
	mov	G_KERNEL_SP(%rdi), %rsp
	pop	%rbp
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(atmos_gate_enter)

/* Vector 15: the domain has finished. */
	.balign	64, 0xcc
SYM_CODE_START_LOCAL_NOALIGN(gate_exit)
	UNWIND_HINT_GATE
	ASM_CLAC
	cld
	mov	%rsp, %rdi
	and	$GATE_BLOCK_MASK, %rdi
	SHOW_PROGRAM
	/*
	 * What the domain left in registers is no use to speculation. The
	 * caller pops the others at once.
	 */
	xor	%esi, %esi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%eax, %eax
	mov	G_KERNEL_SP(%rdi), %rsp
	UNWIND_HINT_GATE_RETURN
	pop	%rbp
	UNWIND_HINT_FUNC
	RET
SYM_CODE_END(gate_exit)

/*
 * Every other vector but NMI, #DB, #MC and #DF. Interrupts cannot come while
 * the gate runs; an exception that the gate itself causes is a bug.
 * On the main stack: vector, error code, frame.
 */
	.balign	64, 0xcc
SYM_CODE_START_LOCAL_NOALIGN(gate_event)
	UNWIND_HINT_GATE
	ASM_CLAC
	cld
	PUSH_REGS
	mov	%rsp, %rdi
	and	$GATE_BLOCK_MASK, %rdi
	testb	$3, GATE_REGS_CS(%rsp)
	jnz	gate_event_saved
	mov	GATE_REGS_RIP(%rsp), %rax
	lea	atmos_gate_text(%rip), %rcx
	sub	%rcx, %rax
	cmp	$(atmos_gate_text_end - atmos_gate_text), %rax
	jb	gate_bug

SYM_INNER_LABEL(gate_event_saved, SYM_L_LOCAL)
	UNWIND_HINT_GATE
	mov	%rsp, %rbp
	SHOW_PROGRAM
	mov	%rbp, %rsi
	CLEAR_REGS
	mov	%rdi, %rbx
	mov	%rsi, %rbp
	mov	G_KERNEL_SP(%rdi), %rsp
	UNWIND_HINT_GATE_RETURN
	call	atmos_gate_event
	mov	%rbx, %rdi
	test	%eax, %eax
	jnz	gate_return

	/* Back into the domain. */
	HIDE_PROGRAM
	UNWIND_HINT_GATE
	mov	%rbp, %rsp
	mov	G_DOMAIN_CR3(%rdi), %rax
	mov	%rax, %cr3
	POP_REGS_IRET
SYM_CODE_END(gate_event)

/*
 * NMI, #DB and #MC, each on its own stack: they can come anywhere on a
 * domain's CR3. From the domain (which includes the instant after a "syscall"
 * of its, at CPL0 but not in the gate) they go on as any event, on the main
 * stack, which is free then: this stack must be free again before NMIs are
 * unblocked by the kernel's own iret.
 */
	.balign	64, 0xcc
SYM_CODE_START_LOCAL_NOALIGN(gate_paranoid)
	UNWIND_HINT_GATE
	ASM_CLAC
	cld
	PUSH_REGS
	mov	%rsp, %rbx
	and	$GATE_BLOCK_MASK, %rbx
	testb	$3, GATE_REGS_CS(%rsp)
	jnz	.Lfrom_domain
	mov	GATE_REGS_RIP(%rsp), %rax
	lea	atmos_gate_text(%rip), %rcx
	sub	%rcx, %rax
	cmp	$(atmos_gate_text_end - atmos_gate_text), %rax
	jae	.Lfrom_domain

	cmpb	$1, GATE_REGS_VECTOR(%rsp)
	je	.Ldebug_in_gate

	/*
	 * In the gate: call the kernel's handler from here, with CR3 and GS
	 * base set and put back by value.
	 */
	mov	%rbx, %rdi
	mov	%cr3, %r13
	or	G_CR3_NOFLUSH(%rdi), %r13
	rdgsbase %r12
	mov	%cr0, %r14
	mov	G_KERNEL_CR3(%rdi), %rax
	mov	%rax, %cr3
	testb	$GATE_NEEDS_EXIT, G_FEATURES(%rdi)
	jz	.Lmitigated
	call	gate_mitigate
.Lmitigated:
	mov	G_KERNEL_GS(%rdi), %rax
	wrgsbase %rax
	clts
	incq	G_NMIS_IN_GATE(%rdi)
	cmpb	$18, GATE_REGS_VECTOR(%rsp)
	je	.Lmachine_check
	int	$2
	jmp	.Lhandled
.Lmachine_check:
	int	$18
.Lhandled:
	PGE_OFF
	mov	%cr3, %rax
	or	G_CR3_NOFLUSH(%rdi), %rax
	mov	%rax, G_KERNEL_CR3(%rdi)

	/*
	 * NMIs are unblocked now. Once on the domain's CR3 the next one would
	 * overwrite this stack, so return through a copy of the frame below
	 * the interrupted stack pointer, where nothing is live.
	 */
	mov	%rsp, %rsi
	mov	GATE_REGS_RSP(%rsp), %rax
	mov	%rax, %rcx
	and	$GATE_BLOCK_MASK, %rcx
	cmp	%rdi, %rcx
	jne	gate_bug
	lea	-(GATE_REGS_WORDS * 8)(%rax), %rdi
	mov	%rdi, %rax
	mov	$GATE_REGS_WORDS, %ecx
	rep movsq
	mov	%rax, %rsp
	wrgsbase %r12
	mov	%r14, %cr0
	mov	%r13, %cr3
	POP_REGS_IRET

.Ldebug_in_gate:
	/* DR7 and TF are 0 here; whatever it was is not the gate's business. */
	mov	$0xffff0ff0, %eax
	mov	%rax, %db6
	POP_REGS_IRET

.Lfrom_domain:
	mov	%rsp, %rsi
	lea	(GATE_MAIN_TOP - GATE_REGS_WORDS * 8)(%rbx), %rdi
	mov	%rdi, %rax
	mov	$GATE_REGS_WORDS, %ecx
	rep movsq
	mov	%rax, %rsp
	mov	%rbx, %rdi
	jmp	gate_event_saved
SYM_CODE_END(gate_paranoid)

/* #DF, and any exception that the gate caused: tell and panic. */
	.balign	64, 0xcc
SYM_CODE_START_LOCAL_NOALIGN(gate_double_fault)
	UNWIND_HINT_GATE
	ASM_CLAC
	cld
	PUSH_REGS
SYM_INNER_LABEL(gate_bug, SYM_L_LOCAL)
	UNWIND_HINT_GATE
	mov	%rsp, %rsi
	mov	%rsp, %rdi
	and	$GATE_BLOCK_MASK, %rdi
	mov	G_KERNEL_CR3(%rdi), %rax
	mov	%rax, %cr3
	mov	G_KERNEL_GS(%rdi), %rax
	wrgsbase %rax
	clts
	mov	G_KERNEL_SP(%rdi), %rsp	/* valid since the last way in */
	UNWIND_HINT_GATE_RETURN
	call	atmos_gate_bug
	ud2
SYM_CODE_END(gate_double_fault)

/*
 * What some CPUs need on the way out: what the kernel does on entry from user
 * mode against branch predictors that the domain has trained, and CR4.PGE on
 * again. On the kernel's CR3, before any indirect branch or return.
 * In: rdi. Clobbers rax, rcx, rdx.
 */
	.balign	64, 0xcc
SYM_FUNC_START_LOCAL_NOALIGN(gate_mitigate)
	testb	$GATE_NEEDS_IBRS, G_FEATURES(%rdi)
	jz	1f
	mov	$SPEC_CTRL_MSR, %ecx
	mov	G_SPEC_CTRL(%rdi), %eax
	mov	G_SPEC_CTRL + 4(%rdi), %edx
	wrmsr
1:	testb	$GATE_NEEDS_IBPB, G_FEATURES(%rdi)
	jz	2f
#ifdef COMPAT_KERNEL_BARRIERS
	call	entry_ibpb
#else
	mov	$PRED_CMD_MSR, %ecx
	mov	$1, %eax
	xor	%edx, %edx
	wrmsr
#endif
2:	testb	$GATE_NEEDS_UNTRAIN, G_FEATURES(%rdi)
	jz	3f
	call	entry_untrain_ret
3:
#ifdef COMPAT_KERNEL_BARRIERS
	testb	$GATE_NEEDS_BHB, G_FEATURES(%rdi)
	jz	4f
	call	clear_bhb_loop
4:
#endif
	testb	$GATE_TOGGLES_PGE, G_FEATURES(%rdi)
	jz	5f
	mov	%cr4, %rax
	or	$CR4_PGE, %rax
	mov	%rax, %cr4
5:	RET
SYM_FUNC_END(gate_mitigate)

/*
 * Vectors on which the CPU pushes an error code: #DF #TS #NP #SS #GP #PF #AC
 * #CP #VC #SX (SDM volume 3, 6.3.1; APM volume 2, 8.2).
 */
#define HAS_ERROR_CODE(n) \
	((n) == 8 || ((n) >= 10 && (n) <= 14) || (n) == 17 || (n) == 21 || \
	 (n) == 29 || (n) == 30)

	.balign	4096, 0xcc
SYM_CODE_START_NOALIGN(atmos_gate_stubs)
	.set	n, 0
	.rept	256
	.balign	GATE_STUB_SIZE, 0xcc
	UNWIND_HINT_GATE
	ENDBR
	.if	n == GATE_EXIT_VECTOR
	jmp	gate_exit
	.else
	.if	!HAS_ERROR_CODE(n)
	push	$0
	.endif
	/* Sign-extended; only its low byte is read. */
	.byte	0x6a, n
	.if	n == 1 || n == 2 || n == 18
	jmp	gate_paranoid
	.elseif	n == 8
	jmp	gate_double_fault
	.else
	jmp	gate_event
	.endif
	.endif
	.set	n, n + 1
	.endr
	.balign	4096, 0xcc
SYM_CODE_END(atmos_gate_stubs)
SYM_DATA_START(atmos_gate_text_end)
SYM_DATA_END(atmos_gate_text_end)

/*
 * void atmos_gate_raise[vector](void): give an interrupt that arrived in a
 * domain to the kernel, as if it had arrived here with interrupts on: 7.x
 * re-arms the tick on interrupt exit only then. "sti" holds interrupts off for
 * one instruction, so nothing comes in between. Not mapped in domains.
 */
	.balign	GATE_STUB_SIZE, 0xcc
SYM_CODE_START_NOALIGN(atmos_gate_raise)
	.set	n, 0
	.rept	256
	.balign	GATE_STUB_SIZE, 0xcc
	UNWIND_HINT_FUNC
	ENDBR
	.if	n == 2 || n == 18
	.byte	0xcd, n
	.else
	sti
	.byte	0xcd, n
	cli
	.endif
	RET
	.set	n, n + 1
	.endr
SYM_CODE_END(atmos_gate_raise)
