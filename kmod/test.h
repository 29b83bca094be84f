/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of the test interface: what test.c, test_loop.c and test_provoke.c
 * share. Nothing else may include this.
 */
#ifndef _ATMOS_KMOD_TEST_H
#define _ATMOS_KMOD_TEST_H

#include <linux/kref.h>
#include <linux/mutex.h>

#include "../uapi/linux/atmos_test.h"
#include "atmos.h"

/**
 * struct atmos_test_domain - a domain that belongs to an open file
 * @ref: one for the file's table, one for each call under way
 * @lock: placing events and entering belong together, so one call at a time
 * @dom: NULL once destroyed; under @lock
 * @remapped: pages that were mapped by ATMOS_TEST_REMAP, by their lru; kept as
 *	long as the domain, so that a stale translation shows the old contents
 *	and not somebody else's; under @lock
 * @nr_commands: slots filled by the last entry; under @lock
 * @command: committed command slots, inline ones included; under @lock
 */
struct atmos_test_domain {
	struct kref ref;
	struct mutex lock;	/* outside of the domain's own */
	struct atmos_domain *dom;
	struct list_head remapped;
	u32 nr_commands;
	struct dom_msg command[DOM_OUT_SLOTS];
};

void atmos_test_enter_locked(struct atmos_test_domain *td, struct atmos_entry *entry);
long atmos_test_loop_run(struct atmos_test_domain *td, struct atmos_test_loop *loop);
long atmos_test_provoke_run(const struct atmos_test_provoke *p);
int atmos_test_provoke_init(void);
void atmos_test_provoke_exit(void);

#endif /* _ATMOS_KMOD_TEST_H */
