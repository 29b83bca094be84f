/* SPDX-License-Identifier: GPL-2.0-only */
/* The shortest image: in and out again. */
	.section .text.start, "ax", @progbits
	.globl	_start
	.hidden	_start
	.type	_start, @function
_start:
	endbr64
	int	$15			/* DOM_EXIT_VECTOR */
	ud2
	.size	_start, . - _start

	.section .note.GNU-stack, "", @progbits
