/* SPDX-License-Identifier: GPL-2.0-only */
/* The images that come with the module; Kbuild names where make built them. */
#include <linux/linkage.h>

	.section .rodata, "a"
	.balign	16
SYM_DATA_START(atmos_builtin_echo)
	.incbin "atmos/echo.elf"
SYM_DATA_END_LABEL(atmos_builtin_echo, SYM_L_GLOBAL, atmos_builtin_echo_end)
