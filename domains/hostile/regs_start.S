/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry point of hostile-regs, instead of rt/start.S: saves all registers
 * first (struct hostile_regs), by instructions that change no flag.
 */
	.section .text.start, "ax", @progbits
	.globl	_start
	.hidden	_start, entry_regs
	.type	_start, @function
_start:
	endbr64
	mov	%rax, entry_regs + 0(%rip)
	mov	%rbx, entry_regs + 8(%rip)
	mov	%rcx, entry_regs + 16(%rip)
	mov	%rdx, entry_regs + 24(%rip)
	mov	%rsi, entry_regs + 32(%rip)
	mov	%rdi, entry_regs + 40(%rip)
	mov	%rbp, entry_regs + 48(%rip)
	mov	%rsp, entry_regs + 56(%rip)
	mov	%r8, entry_regs + 64(%rip)
	mov	%r9, entry_regs + 72(%rip)
	mov	%r10, entry_regs + 80(%rip)
	mov	%r11, entry_regs + 88(%rip)
	mov	%r12, entry_regs + 96(%rip)
	mov	%r13, entry_regs + 104(%rip)
	mov	%r14, entry_regs + 112(%rip)
	mov	%r15, entry_regs + 120(%rip)
	pushfq
	popq	entry_regs + 128(%rip)
	xor	%ebp, %ebp
	and	$-16, %rsp
	call	dom_main
	int	$15			/* DOM_EXIT_VECTOR */
	ud2
	.size	_start, . - _start

	.section .note.GNU-stack, "", @progbits
