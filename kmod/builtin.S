/* SPDX-License-Identifier: GPL-2.0-only */
/* The images that come with the module; Kbuild names where make built them. */
#include <linux/linkage.h>

	.section .rodata, "a"

.macro builtin name
	.balign	16
SYM_DATA_START(atmos_builtin_\name)
	.incbin "atmos/\name\().elf"
SYM_DATA_END_LABEL(atmos_builtin_\name, SYM_L_GLOBAL, atmos_builtin_\name\()_end)
.endm

builtin echo
builtin stack
builtin reasm
