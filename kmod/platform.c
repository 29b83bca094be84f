// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the machine is: refusal to load, CPU features, mitigations.
 *
 * Process context at load, but for the two calls that gate.c makes.
 */
#include <linux/cc_platform.h>
#include <linux/io.h>
#include <linux/kvm_para.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/security.h>
#include <asm/cpufeature.h>
#include <asm/kvm_para.h>
#include <asm/nospec-branch.h>
#include <asm/processor.h>
#include <asm/segment.h>
#include <asm/special_insns.h>
#include <xen/xen.h>

#include "atmos.h"
#include "compat.h"
#include "compat_barriers.h"
#include "gate.h"
#include "platform.h"

bool atmos_platform_user_cet __ro_after_init;
bool atmos_platform_vmx __ro_after_init;
bool atmos_platform_ds __ro_after_init;
bool atmos_platform_special __ro_after_init;
static bool platform_kvm_async_pf __ro_after_init;

bool atmos_ibpb;
module_param_named(ibpb, atmos_ibpb, bool, 0444);
MODULE_PARM_DESC(ibpb, "issue a branch predictor barrier between entries of different domains (default: off)");

static u32 platform_facts(void)
{
	u32 facts = 0;

	if (boot_cpu_has(X86_FEATURE_NX) && (compat_rdmsr(MSR_EFER) & EFER_NX))
		facts |= ATMOS_FACT_NX;
	if (__read_cr4() & X86_CR4_SMEP)
		facts |= ATMOS_FACT_SMEP;
	if (__read_cr4() & X86_CR4_FSGSBASE)
		facts |= ATMOS_FACT_FSGSBASE;
	if (xen_pv_domain())
		facts |= ATMOS_FACT_XENPV;
	if (__read_cr4() & X86_CR4_FRED)
		facts |= ATMOS_FACT_FRED;
	if (cc_platform_has(CC_ATTR_GUEST_STATE_ENCRYPT))
		facts |= ATMOS_FACT_ENCRYPTED;
	/* Leaf 23h: its sub-leaves 4 and 5 exist with architectural PEBS. */
	if (boot_cpu_data.cpuid_level >= 0x23 && (cpuid_eax(0x23) & 0x30))
		facts |= ATMOS_FACT_ARCH_PEBS;
	/* Any reason of the confidentiality level tells. */
	if (security_locked_down(LOCKDOWN_KCORE))
		facts |= ATMOS_FACT_CONFIDENTIAL;
	return facts;
}

/* kvm_para_has_feature() is not for modules. */
static bool platform_has_kvm_async_pf(void)
{
	u32 base;

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return false;
	base = compat_cpuid_base(KVM_SIGNATURE, KVM_CPUID_FEATURES);
	return base && (cpuid_eax(base | KVM_CPUID_FEATURES) & BIT(KVM_FEATURE_ASYNC_PF_INT));
}

/**
 * atmos_platform_check() - may the module run on this machine
 *
 * Context: process, first thing at load.
 * Return: 0, or -EOPNOTSUPP after a message that says why.
 */
int atmos_platform_check(void)
{
	const char *why = atmos_platform_refusal(platform_facts());

	if (why) {
		pr_err("not loaded: %s\n", why);
		return -EOPNOTSUPP;
	}
#ifdef X86_FEATURE_USER_SHSTK
	atmos_platform_user_cet = boot_cpu_has(X86_FEATURE_USER_SHSTK);
#endif
	atmos_platform_vmx = boot_cpu_has(X86_FEATURE_VMX);
	atmos_platform_ds = boot_cpu_has(X86_FEATURE_DS);
	atmos_platform_special = atmos_platform_user_cet || atmos_platform_vmx ||
				 atmos_platform_ds || boot_cpu_has(X86_FEATURE_KERNEL_IBRS);
	platform_kvm_async_pf = platform_has_kvm_async_pf();
	return 0;
}

/**
 * atmos_platform_kernel_privilege() - may domains run at CPL0
 *
 * Without SMEP a CPL0 domain's stray jump would not even be stopped from
 * running user memory.
 */
bool atmos_platform_kernel_privilege(void)
{
	return __read_cr4() & X86_CR4_SMEP;
}

/* See ASPACE_PCID_BASE in aspace.c for the exception. */
bool atmos_platform_pcid(void)
{
	if (!(__read_cr4() & X86_CR4_PCIDE))
		return false;
#ifdef X86_FEATURE_INVLPGB
	if (boot_cpu_has(X86_FEATURE_INVLPGB) &&
	    (boot_cpu_has(X86_FEATURE_PTI) ||
	     !IS_ENABLED(CONFIG_MITIGATION_PAGE_TABLE_ISOLATION)))
		return false;
#endif
	return true;
}

/**
 * atmos_platform_toggles_pge() - must CR4.PGE be on whenever the kernel runs
 *
 * See cpu.c. Pure but for the CPU's features.
 */
bool atmos_platform_toggles_pge(void)
{
	return (__read_cr4() & X86_CR4_PCIDE) && !boot_cpu_has(X86_FEATURE_PTI);
}

/**
 * atmos_platform_gate_features() - what this CPU's gate has to do on each crossing
 * @g: gate block, its features, VERW operand and SPEC_CTRL are set
 *
 * The same choices the kernel made for its own entry from user mode.
 * Context: process, on that CPU.
 */
void atmos_platform_gate_features(struct gate *g)
{
	g->verw_sel = __KERNEL_DS;
	if (boot_cpu_has(X86_FEATURE_CLEAR_CPU_BUF))
		g->features |= GATE_NEEDS_VERW;
	if (boot_cpu_has(X86_FEATURE_KERNEL_IBRS))
		g->features |= GATE_NEEDS_IBRS;
	if (atmos_platform_toggles_pge())
		g->features |= GATE_TOGGLES_PGE;
	if (boot_cpu_has(X86_FEATURE_ENTRY_IBPB))
		g->features |= GATE_NEEDS_IBPB;
	if (boot_cpu_has(X86_FEATURE_UNRET))
		g->features |= GATE_NEEDS_UNTRAIN;
#ifdef X86_FEATURE_SRSO_ALIAS
	if (boot_cpu_has(X86_FEATURE_SRSO) || boot_cpu_has(X86_FEATURE_SRSO_ALIAS))
		g->features |= GATE_NEEDS_UNTRAIN;
#endif
#ifdef COMPAT_KERNEL_BARRIERS
	if (boot_cpu_has(X86_FEATURE_CLEAR_BHB_LOOP))
		g->features |= GATE_NEEDS_BHB;
#endif
}

/**
 * atmos_platform_describe() - the mitigations in force, for the log and doctor
 * @buf: text
 * @len: its size
 *
 * Return: length of the text.
 */
size_t atmos_platform_describe(char *buf, size_t len)
{
	struct gate g = {};
	size_t n;

	atmos_platform_gate_features(&g);
	n = scnprintf(buf, len, "%s%s%s%s%s%s%s%s", g.features || atmos_ibpb ? "" : "nothing",
		      g.features & GATE_TOGGLES_PGE ? " flush" : "",
		      g.features & GATE_NEEDS_VERW ? " verw" : "",
		      g.features & GATE_NEEDS_IBRS ? " ibrs" : "",
		      g.features & GATE_NEEDS_IBPB ? " ibpb-on-exit" : "",
		      g.features & GATE_NEEDS_UNTRAIN ? " untrain-ret" : "",
		      g.features & GATE_NEEDS_BHB ? " clear-bhb" : "",
		      atmos_ibpb ? " ibpb-between-domains" : "");
	if (*buf == ' ')
		memmove(buf, buf + 1, n--);
	/* What the kernel does on entry from user mode and the gate does not. */
#ifdef X86_FEATURE_CALL_DEPTH
	if (boot_cpu_has(X86_FEATURE_CALL_DEPTH))
		n += scnprintf(buf + n, len - n, "; NOT covered: call depth (retbleed=stuff)");
#endif
#ifndef COMPAT_KERNEL_BARRIERS
	if (boot_cpu_has(X86_FEATURE_CLEAR_BHB_LOOP))
		n += scnprintf(buf + n, len - n, "; NOT covered: branch history");
#endif
	if (!atmos_platform_kernel_privilege())
		n += scnprintf(buf + n, len - n, "; NOT covered: return predictor (no SMEP)");
	return n;
}

/**
 * atmos_platform_barrier() - forget what other domains taught the predictors
 *
 * Context: interrupts off, before an entry, when the parameter asks for it.
 */
void atmos_platform_barrier(void)
{
	if (boot_cpu_has(X86_FEATURE_IBPB))
		compat_wrmsr(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
}

/**
 * atmos_platform_async_pf() - was this page fault injected by the KVM host
 *
 * A host that swaps may inject vector 14 when it sees CPL3, meaning "do
 * something else while I fetch the page" (Documentation/virt/kvm/x86/msr.rst,
 * MSR_KVM_ASYNC_PF_EN). The reason word tells it from a real fault. Answered
 * by going on: the access is made again, and the host then holds this CPU
 * until the page is there.
 *
 * Context: interrupts off, in the page-fault path of a domain.
 */
noinstr bool atmos_platform_async_pf(void)
{
	struct kvm_vcpu_pv_apf_data *apf;
	bool mine = false;
	u64 msr;

	if (likely(!platform_kvm_async_pf))
		return false;
	instrumentation_begin();
	msr = compat_rdmsr(MSR_KVM_ASYNC_PF_EN);
	apf = phys_to_virt(msr & ~63ull);
	if ((msr & KVM_ASYNC_PF_ENABLED) && READ_ONCE(apf->flags)) {
		WRITE_ONCE(apf->flags, 0);
		mine = true;
	}
	instrumentation_end();
	return mine;
}
