// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control plane: domains, their counters, the limits on them.
 *
 * Fields of a domain are read without its lock, for an entry holds that as
 * long as it runs: each value is true by itself, together they may be from
 * different moments. Dumps resume by id, and ids only grow, so a domain that
 * lives through a dump is in it exactly once, whatever comes and goes.
 */
#include <linux/mutex.h>

#include "compat.h"
#include "netlink.h"
#include "sock.h"

/* A request changes one limit or both: the other one stays as it was. */
static DEFINE_MUTEX(limits_mutex);

static_assert((int)ATMOS_DOMAIN_STATUS_READY == (int)ATMOS_DOM_READY, "status");
static_assert((int)ATMOS_DOMAIN_STATUS_GIVEN_UP == (int)ATMOS_DOM_GIVEN_UP, "status");
static_assert((int)ATMOS_DOMAIN_STATUS_QUARANTINED == (int)ATMOS_DOM_QUARANTINED, "status");
static_assert((int)ATMOS_DOMAIN_STATUS_ENDING == (int)ATMOS_DOM_DEAD, "status");
static_assert((int)ATMOS_PRIVILEGE_LEVEL_USER == (int)ATMOS_PRIV_USER, "privilege");
static_assert((int)ATMOS_PRIVILEGE_LEVEL_KERNEL == (int)ATMOS_PRIV_KERNEL, "privilege");

/**
 * atmos_nl_fill_domain() - write the attributes of a domain
 * @skb: message
 * @domain: struct atmos_domain, held
 *
 * Return: 0 or -EMSGSIZE.
 */
int atmos_nl_fill_domain(struct sk_buff *skb, const void *domain)
{
	const struct atmos_domain *dom = domain;
	const struct dom_manifest *m = &dom->image->manifest;
	u64 last_fault = READ_ONCE(dom->last_fault);
	u32 last_cpu = READ_ONCE(dom->last_cpu);

	if (nla_put_u64_64bit(skb, ATMOS_A_DOMAIN_ID, dom->id, ATMOS_A_DOMAIN_PAD) ||
	    nla_put_u32(skb, ATMOS_A_DOMAIN_STATUS, READ_ONCE(dom->state)) ||
	    nla_put_u32(skb, ATMOS_A_DOMAIN_PRIVILEGE, dom->privilege) ||
	    nla_put_string(skb, ATMOS_A_DOMAIN_IMAGE, m->name) ||
	    nla_put(skb, ATMOS_A_DOMAIN_BUILD_ID, sizeof(m->build_id), m->build_id) ||
	    nla_put_u32(skb, ATMOS_A_DOMAIN_PAGES, atmos_domain_pages(dom)) ||
	    nla_put_u32(skb, ATMOS_A_DOMAIN_RECORD_LEN, READ_ONCE(dom->shadow_len)) ||
	    nla_put_u64_64bit(skb, ATMOS_A_DOMAIN_RESTARTS, READ_ONCE(dom->restarts),
			      ATMOS_A_DOMAIN_PAD))
		return -EMSGSIZE;
	if (last_cpu && nla_put_u32(skb, ATMOS_A_DOMAIN_LAST_CPU, last_cpu - 1))
		return -EMSGSIZE;
	if (last_fault && nla_put_u64_64bit(skb, ATMOS_A_DOMAIN_LAST_FAULT, last_fault,
					    ATMOS_A_DOMAIN_PAD))
		return -EMSGSIZE;
	return 0;
}

static int fill_stats(struct sk_buff *skb, const void *domain)
{
	const struct atmos_domain *dom = domain;

	if (nla_put_u64_64bit(skb, ATMOS_A_STATS_DOMAIN, dom->id, ATMOS_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, ATMOS_A_STATS_CROSSINGS, READ_ONCE(dom->crossings),
			      ATMOS_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, ATMOS_A_STATS_ENTRIES, READ_ONCE(dom->entries),
			      ATMOS_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, ATMOS_A_STATS_RESTARTS, READ_ONCE(dom->restarts),
			      ATMOS_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, ATMOS_A_STATS_CYCLES, READ_ONCE(dom->cycles),
			      ATMOS_A_STATS_PAD) ||
	    nla_put_u32(skb, ATMOS_A_STATS_DEATHS_RECENT, READ_ONCE(dom->deaths_in_window)))
		return -EMSGSIZE;
	return 0;
}

/* The domain that attribute @attr names, held; ERR_PTR with the reason told. */
static struct atmos_domain *request_domain(struct genl_info *info, int attr)
{
	struct atmos_domain *dom;

	if (atmos_nl_missing(info, attr))
		return ERR_PTR(-EINVAL);
	dom = atmos_domain_get(nla_get_u64(info->attrs[attr]));
	if (!dom) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr], "no domain has this id");
		return ERR_PTR(-ENOENT);
	}
	return dom;
}

static int reply_domain(struct genl_info *info, int attr, atmos_nl_fill_fn fill)
{
	struct atmos_domain *dom = request_domain(info, attr);
	int err;

	if (IS_ERR(dom))
		return PTR_ERR(dom);
	err = atmos_nl_reply(info, fill, dom);
	atmos_domain_put(dom);
	return err;
}

static int dump_domains(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
			atmos_nl_fill_fn fill)
{
	struct atmos_domain *dom;
	/* First id that was not told yet. */
	u64 id = cb->args[0];
	int err = 0;

	while (!err) {
		dom = atmos_domain_next(&id);
		if (!dom)
			break;
		err = atmos_nl_dump(skb, cb, cmd, fill, dom);
		if (!err)
			cb->args[0] = dom->id + 1;
		id = dom->id + 1;
		atmos_domain_put(dom);
	}
	return skb->len;
}

int atmos_nl_domain_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return reply_domain(info, ATMOS_A_DOMAIN_ID, atmos_nl_fill_domain);
}

int atmos_nl_domain_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return atmos_nl_may(cb->skb, cb->extack) ?: atmos_nl_no_attr(cb, ATMOS_A_DOMAIN_ID) ?:
	       dump_domains(skb, cb, ATMOS_CMD_DOMAIN_GET, atmos_nl_fill_domain);
}

int atmos_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return reply_domain(info, ATMOS_A_STATS_DOMAIN, fill_stats);
}

int atmos_nl_stats_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return atmos_nl_may(cb->skb, cb->extack) ?: atmos_nl_no_attr(cb, ATMOS_A_STATS_DOMAIN) ?:
	       dump_domains(skb, cb, ATMOS_CMD_STATS_GET, fill_stats);
}

int atmos_nl_domain_kill_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct atmos_domain *dom = request_domain(info, ATMOS_A_DOMAIN_ID);

	if (IS_ERR(dom))
		return PTR_ERR(dom);
	atmos_domain_kill(dom);
	atmos_domain_put(dom);
	return 0;
}

int atmos_nl_domain_quarantine_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct atmos_domain *dom;
	int err;

	err = atmos_nl_missing(info, ATMOS_A_DOMAIN_QUARANTINED);
	if (err)
		return err;
	dom = request_domain(info, ATMOS_A_DOMAIN_ID);
	if (IS_ERR(dom))
		return PTR_ERR(dom);
	err = atmos_domain_quarantine(dom, nla_get_u8(info->attrs[ATMOS_A_DOMAIN_QUARANTINED]));
	if (err)
		GENL_SET_ERR_MSG(info, "the domain was given up or is being destroyed");
	else
		atmos_conn_halt(dom->id, nla_get_u8(info->attrs[ATMOS_A_DOMAIN_QUARANTINED]));
	atmos_domain_put(dom);
	return err;
}

static int fill_limits(struct sk_buff *skb, const void *limits)
{
	const struct atmos_limits *l = limits;

	if (nla_put_u32(skb, ATMOS_A_LIMITS_DOMAINS, l->domains) ||
	    nla_put_u32(skb, ATMOS_A_LIMITS_DOMAINS_MAX, l->domains_max) ||
	    nla_put_u64_64bit(skb, ATMOS_A_LIMITS_PAGES, l->pages, ATMOS_A_LIMITS_PAD) ||
	    nla_put_u64_64bit(skb, ATMOS_A_LIMITS_PAGES_MAX, l->pages_max, ATMOS_A_LIMITS_PAD))
		return -EMSGSIZE;
	return 0;
}

int atmos_nl_limits_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct atmos_limits limits;

	atmos_domain_limits(&limits);
	return atmos_nl_reply(info, fill_limits, &limits);
}

int atmos_nl_limits_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *domains = info->attrs[ATMOS_A_LIMITS_DOMAINS_MAX];
	const struct nlattr *pages = info->attrs[ATMOS_A_LIMITS_PAGES_MAX];
	struct atmos_limits l;
	int err;

	if (!domains && !pages) {
		GENL_SET_ERR_MSG(info, "no limit given");
		return -EINVAL;
	}
	mutex_lock(&limits_mutex);
	atmos_domain_limits(&l);
	err = atmos_domain_set_limits(domains ? nla_get_u32(domains) : l.domains_max,
				      pages ? nla_get_u64(pages) : l.pages_max);
	mutex_unlock(&limits_mutex);
	return err;
}
