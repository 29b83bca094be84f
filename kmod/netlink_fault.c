// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control plane: fault reports.
 *
 * Dumps resume by sequence number. Old reports may leave the ring meanwhile:
 * they are skipped, never told twice or out of order.
 */
#include <linux/slab.h>

#include "compat.h"
#include "netlink.h"

static_assert((int)ATMOS_DEATH_CAUSE_EXCEPTION == (int)ATMOS_FAULT_EXCEPTION, "cause");
static_assert((int)ATMOS_DEATH_CAUSE_BUDGET == (int)ATMOS_FAULT_BUDGET, "cause");
static_assert((int)ATMOS_DEATH_CAUSE_CONTRACT == (int)ATMOS_FAULT_CONTRACT, "cause");
static_assert((int)ATMOS_DEATH_CAUSE_KILLED == (int)ATMOS_FAULT_KILLED, "cause");
static_assert((int)ATMOS_DEATH_CAUSE_SEGMENT == (int)ATMOS_FAULT_SEGMENT, "cause");

static int put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, ATMOS_A_FAULT_PAD);
}

/* What is left out of a message tells that it has no meaning there. */
static int put_vector(struct sk_buff *skb, const struct atmos_fault *f)
{
	if (f->kind != ATMOS_FAULT_EXCEPTION)
		return 0;
	return nla_put_u32(skb, ATMOS_A_FAULT_VECTOR, f->vector) ?:
	       nla_put_string(skb, ATMOS_A_FAULT_VECTOR_NAME, atmos_vector_name(f->vector));
}

/**
 * atmos_nl_fill_death() - write what everybody may know of a report
 * @skb: message
 * @fault: struct atmos_fault
 *
 * Return: 0 or -EMSGSIZE.
 */
int atmos_nl_fill_death(struct sk_buff *skb, const void *fault)
{
	const struct atmos_fault *f = fault;

	if (put_u64(skb, ATMOS_A_FAULT_SEQ, f->seq) ||
	    put_u64(skb, ATMOS_A_FAULT_TIME_NS, f->time_ns) ||
	    put_u64(skb, ATMOS_A_FAULT_DOMAIN, f->domain) ||
	    nla_put_u32(skb, ATMOS_A_FAULT_CAUSE, f->kind) ||
	    nla_put_string(skb, ATMOS_A_FAULT_IMAGE, f->image) ||
	    put_vector(skb, f))
		return -EMSGSIZE;
	return 0;
}

static int fill_where(struct sk_buff *skb, const struct atmos_fault *f)
{
	int i;

	if (put_u64(skb, ATMOS_A_FAULT_RIP, f->rip) ||
	    put_u64(skb, ATMOS_A_FAULT_RFLAGS, f->rflags))
		return -EMSGSIZE;
	if (f->rip_in_window && nla_put_flag(skb, ATMOS_A_FAULT_RIP_IN_WINDOW))
		return -EMSGSIZE;
	if (f->symbol[0] && nla_put_string(skb, ATMOS_A_FAULT_SYMBOL, f->symbol))
		return -EMSGSIZE;
	for (i = 0; i < ATMOS_FAULT_REGS; i++) {
		if (put_u64(skb, ATMOS_A_FAULT_REG, f->regs[i]))
			return -EMSGSIZE;
	}
	return 0;
}

static int fill_fault(struct sk_buff *skb, const void *fault)
{
	const struct atmos_fault *f = fault;
	int i;

	if (atmos_nl_fill_death(skb, f) ||
	    nla_put(skb, ATMOS_A_FAULT_BUILD_ID, sizeof(f->build_id), f->build_id) ||
	    put_u64(skb, ATMOS_A_FAULT_ERROR_CODE, f->error_code) ||
	    put_u64(skb, ATMOS_A_FAULT_ADDRESS, f->address))
		return -EMSGSIZE;
	if (f->why && nla_put_string(skb, ATMOS_A_FAULT_WHY, f->why))
		return -EMSGSIZE;
	/* A violation is found after the domain has left: it has no registers. */
	if (f->kind != ATMOS_FAULT_CONTRACT && fill_where(skb, f))
		return -EMSGSIZE;
	if (nla_put_u32(skb, ATMOS_A_FAULT_NR_EVENTS, f->nr_events))
		return -EMSGSIZE;
	for (i = 0; i < min_t(int, f->nr_events, ATMOS_FAULT_EVENTS); i++) {
		if (nla_put_u32(skb, ATMOS_A_FAULT_EVENT, f->events[i]))
			return -EMSGSIZE;
	}
	return 0;
}

int atmos_nl_fault_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct atmos_fault *f;
	int err;

	err = atmos_nl_missing(info, ATMOS_A_FAULT_SEQ);
	if (err)
		return err;
	if (info->attrs[ATMOS_A_FAULT_DOMAIN]) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[ATMOS_A_FAULT_DOMAIN],
				    "only a dump takes a domain");
		return -EINVAL;
	}
	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	err = atmos_report_get(nla_get_u64(info->attrs[ATMOS_A_FAULT_SEQ]), f);
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[ATMOS_A_FAULT_SEQ],
				    "no report with this number is kept");
	else
		err = atmos_nl_reply(info, fill_fault, f);
	kfree(f);
	return err;
}

int atmos_nl_fault_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = compat_genl_dump_attrs(cb);
	/* First number that was not looked at yet. */
	u64 seq = max_t(u64, cb->args[0], atmos_report_first());
	u64 domain = 0;
	struct atmos_fault *f;
	int err;

	err = atmos_nl_may(cb->skb, cb->extack) ?: atmos_nl_no_attr(cb, ATMOS_A_FAULT_SEQ);
	if (err)
		return err;
	if (attrs && attrs[ATMOS_A_FAULT_DOMAIN])
		domain = nla_get_u64(attrs[ATMOS_A_FAULT_DOMAIN]);
	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	/* Reports that come after this look are for the next dump. */
	if (!cb->args[1])
		cb->args[1] = atmos_report_last() + 1;
	for (; seq < cb->args[1]; seq++) {
		if (!atmos_report_get(seq, f) && (!domain || f->domain == domain) &&
		    atmos_nl_dump(skb, cb, ATMOS_CMD_FAULT_GET, fill_fault, f))
			break;
	}
	cb->args[0] = seq;
	kfree(f);
	return skb->len;
}
