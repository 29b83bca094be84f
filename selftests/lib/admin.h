/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The administrator's calls over generic netlink, for C tests; atmosctl is not
 * in every guest. (The control suite tests the interface itself.)
 */
#ifndef _SELFTEST_ADMIN_H
#define _SELFTEST_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

/* Kill a domain, as "atmosctl domain kill". Return: 0 or -errno. */
int admin_kill(uint64_t domain);

/* Keep a domain from being entered, or let it again. Return: 0 or -errno. */
int admin_quarantine(uint64_t domain, bool on);

#endif /* _SELFTEST_ADMIN_H */
