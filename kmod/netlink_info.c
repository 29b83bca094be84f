// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control plane: the module, the machine as it sees it, and its counters.
 */
#include <linux/cpumask.h>
#include <linux/utsname.h>
#include <asm/cpufeature.h>
#include <asm/processor-flags.h>
#include <asm/special_insns.h>

#include "cpu.h"
#include "netlink.h"
#include "platform.h"

#define MITIGATIONS_LEN	256

static int put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, ATMOS_A_INFO_PAD);
}

static int put_flag(struct sk_buff *skb, int attr, bool on)
{
	return on ? nla_put_flag(skb, attr) : 0;
}

static int put_machine(struct sk_buff *skb)
{
	bool la57 = __read_cr4() & X86_CR4_LA57;
	char text[MITIGATIONS_LEN];

	atmos_platform_describe(text, sizeof(text));
	if (nla_put_string(skb, ATMOS_A_INFO_KERNEL, utsname()->release) ||
	    nla_put_string(skb, ATMOS_A_INFO_MITIGATIONS, text) ||
	    nla_put_u32(skb, ATMOS_A_INFO_CPUS, num_online_cpus()) ||
	    put_flag(skb, ATMOS_A_INFO_PCID, atmos_platform_pcid()) ||
	    put_flag(skb, ATMOS_A_INFO_LA57, la57) ||
	    put_flag(skb, ATMOS_A_INFO_PTI, boot_cpu_has(X86_FEATURE_PTI)))
		return -EMSGSIZE;
	return 0;
}

static int put_counters(struct sk_buff *skb)
{
	struct atmos_stats sum;

	atmos_cpu_stats(&sum);
	if (put_u64(skb, ATMOS_A_INFO_CROSSINGS, sum.crossings) ||
	    put_u64(skb, ATMOS_A_INFO_INTERRUPTS, sum.irqs) ||
	    put_u64(skb, ATMOS_A_INFO_NMIS, sum.nmis) ||
	    put_u64(skb, ATMOS_A_INFO_NMIS_IN_GATE, sum.nmis_in_gate) ||
	    put_u64(skb, ATMOS_A_INFO_PGE_REPAIRS, sum.pge_repairs) ||
	    put_u64(skb, ATMOS_A_INFO_REBINDS, sum.rebinds) ||
	    put_u64(skb, ATMOS_A_INFO_FLUSHES, sum.flushes) ||
	    put_u64(skb, ATMOS_A_INFO_OBJECTS, atmos_object_count()) ||
	    put_u64(skb, ATMOS_A_INFO_FAULTS, atmos_report_last()))
		return -EMSGSIZE;
	return 0;
}

static int fill_info(struct sk_buff *skb, const void *unused)
{
	if (nla_put_string(skb, ATMOS_A_INFO_VERSION, ATMOS_VERSION) ||
	    nla_put_u32(skb, ATMOS_A_INFO_ABI, DOM_ABI_VERSION) ||
	    nla_put_u32(skb, ATMOS_A_INFO_PRIVILEGE, atmos_privilege_default) ||
	    nla_put_u32(skb, ATMOS_A_INFO_SLOTS, ATMOS_SLOTS) ||
	    nla_put_u32(skb, ATMOS_A_INFO_BUDGET_US, atmos_budget_us) ||
	    put_flag(skb, ATMOS_A_INFO_TEST_INTERFACE, atmos_test_on()) ||
	    put_flag(skb, ATMOS_A_INFO_UNSIGNED_IMAGES, atmos_image_unsigned_ok()))
		return -EMSGSIZE;
	return put_machine(skb) ?: put_counters(skb);
}

int atmos_nl_info_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return atmos_nl_reply(info, fill_info, NULL);
}
