/* SPDX-License-Identifier: GPL-2.0-only */
/* Included from C and assembly. */
#ifndef _ATMOS_COMPAT_BARRIERS_H
#define _ATMOS_COMPAT_BARRIERS_H

#include <linux/version.h>

/*
 * entry_ibpb() and clear_bhb_loop() may be called by any module. Later kernels
 * export them, or what took their place, to KVM's modules only.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define COMPAT_KERNEL_BARRIERS
#endif

#endif /* _ATMOS_COMPAT_BARRIERS_H */
