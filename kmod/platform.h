/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the machine is: may the module run here, and what the gate must do
 * against the CPU's known weaknesses.
 */
#ifndef _ATMOS_PLATFORM_H
#define _ATMOS_PLATFORM_H

#include <linux/types.h>

struct gate;

#define ATMOS_FACT_NX		0x01
#define ATMOS_FACT_SMEP		0x02
#define ATMOS_FACT_FSGSBASE	0x04
#define ATMOS_FACT_XENPV	0x08
#define ATMOS_FACT_FRED		0x10
#define ATMOS_FACT_CONFIDENTIAL	0x20	/* lockdown=confidentiality */
#define ATMOS_FACT_ENCRYPTED	0x40	/* SEV-ES, SEV-SNP, TDX guest */
#define ATMOS_FACT_ARCH_PEBS	0x80	/* SDM volume 3, architectural PEBS */

/**
 * atmos_platform_refusal() - why the module must not load
 * @facts: ATMOS_FACT_*
 *
 * Pure, so that each case is tested on the host too.
 * Return: a message, or NULL if nothing is against it.
 */
static inline const char *atmos_platform_refusal(u32 facts)
{
	if (!(facts & ATMOS_FACT_NX))
		return "no NX: data pages of a domain would be executable";
	if (!(facts & ATMOS_FACT_FSGSBASE))
		return "no FSGSBASE: the gate could not keep GS base safe from NMIs";
	if (facts & ATMOS_FACT_XENPV)
		return "Xen PV guest: the hypervisor owns page and descriptor tables";
	if (facts & ATMOS_FACT_FRED)
		return "FRED, whose entry points do not follow the page table: boot with fred=off";
	if (facts & ATMOS_FACT_ENCRYPTED)
		return "SEV-ES, SEV-SNP or TDX guest: its exceptions do not fit a domain";
	if (facts & ATMOS_FACT_ARCH_PEBS)
		return "architectural PEBS, whose buffers no domain maps";
	if (facts & ATMOS_FACT_CONFIDENTIAL)
		return "the kernel is locked down for confidentiality";
	return NULL;
}

#ifdef __KERNEL__

extern bool atmos_platform_user_cet;
extern bool atmos_platform_vmx;
extern bool atmos_platform_ds;
extern bool atmos_platform_special;
extern bool atmos_ibpb;

int atmos_platform_check(void);
bool atmos_platform_kernel_privilege(void);
bool atmos_platform_pcid(void);
bool atmos_platform_toggles_pge(void);
void atmos_platform_gate_features(struct gate *g);
size_t atmos_platform_describe(char *buf, size_t len);
bool atmos_platform_async_pf(void);
void atmos_platform_barrier(void);

/* Has gate_hide_special() anything to do on this CPU? */
static __always_inline bool atmos_platform_is_special(void)
{
	return atmos_platform_special;
}

static __always_inline bool atmos_platform_has_ds(void)
{
	return atmos_platform_ds;
}

static __always_inline bool atmos_platform_has_vmx(void)
{
	return atmos_platform_vmx;
}

static __always_inline bool atmos_platform_has_user_cet(void)
{
	return atmos_platform_user_cet;
}

#endif
#endif /* _ATMOS_PLATFORM_H */
