/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where an entry lets the test interface injure a domain (test_inject.c). No
 * more than a no-op each until the first fault is ordered.
 */
#ifndef _ATMOS_INJECT_H
#define _ATMOS_INJECT_H

#include <linux/jump_label.h>

#include "atmos.h"

#ifdef ATMOS_NO_TEST_INTERFACE
static inline void inject_before(struct atmos_domain *dom) { }
static inline void inject_after(struct atmos_domain *dom, enum atmos_entry_status status) { }
#else
DECLARE_STATIC_KEY_FALSE(atmos_inject_key);

void atmos_inject_before(struct atmos_domain *dom);
void atmos_inject_after(struct atmos_domain *dom, enum atmos_entry_status status);

static inline void inject_before(struct atmos_domain *dom)
{
	if (static_branch_unlikely(&atmos_inject_key))
		atmos_inject_before(dom);
}

static inline void inject_after(struct atmos_domain *dom, enum atmos_entry_status status)
{
	if (static_branch_unlikely(&atmos_inject_key))
		atmos_inject_after(dom, status);
}
#endif

#endif /* _ATMOS_INJECT_H */
