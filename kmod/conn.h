/* SPDX-License-Identifier: GPL-2.0-only */
/* What conn.c and conn_events.c share. */
#ifndef _ATMOS_CONN_H
#define _ATMOS_CONN_H

#include <linux/ktime.h>
#include <linux/time64.h>

#include "sock.h"

/* The clock of DEADLINE and dom_in.now_us. */
static inline u64 conn_now_us(void)
{
	return ktime_get_mono_fast_ns() / NSEC_PER_USEC;
}

void conn_config_init(void);
void conn_config(struct atmos_sock *as);
u32 conn_events(struct atmos_sock *as);

#endif /* _ATMOS_CONN_H */
