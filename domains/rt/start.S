/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry point of every image.
 *
 * The gate enters here for each transaction, with rdi = const struct dom_in *,
 * rsi = struct dom_out *, all other registers zero and rsp at the stack's top.
 * The domain leaves by the exit vector; nothing comes back after it.
 */
	.section .text.start, "ax", @progbits
	.globl	_start
	.hidden	_start
	.type	_start, @function
_start:
	endbr64
	xor	%ebp, %ebp
	and	$-16, %rsp
	call	dom_main
	int	$15			/* DOM_EXIT_VECTOR */
	ud2
	.size	_start, . - _start

	.section .note.GNU-stack, "", @progbits
