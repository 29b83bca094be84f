/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between kernel versions that the gate's assembly meets. */
#ifndef _ATMOS_COMPAT_ASM_H
#define _ATMOS_COMPAT_ASM_H

#include <linux/version.h>

#include "compat_barriers.h"

/* On a domain's CR3 there is nothing to unwind to. */
.macro UNWIND_HINT_GATE
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	UNWIND_HINT_EMPTY	/* renamed in 6.4 */
#else
	UNWIND_HINT_UNDEFINED
#endif
.endm

/* rbp and the return address of atmos_gate_enter() on the stack. */
.macro UNWIND_HINT_GATE_RETURN
	UNWIND_HINT type=UNWIND_HINT_TYPE_CALL sp_reg=ORC_REG_SP sp_offset=16
.endm

#endif /* _ATMOS_COMPAT_ASM_H */
