// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control plane: generic netlink family "atmos" (uapi/atmos.yaml), what
 * all its operations share, and the notices to its multicast group.
 *
 * Operations run in process context, several at once: each relies on the locks
 * of the objects that it calls. Notices are sent from any context.
 *
 * Images and domains are the whole machine's: only the initial network namespace
 * and the machine's own administrator see them. Sockets and steering belong to
 * a namespace; their operations are for each.
 */
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "compat.h"
#include "netlink.h"

enum {
	GROUP_EVENTS,
};

static const struct genl_multicast_group atmos_nl_groups[] = {
	[GROUP_EVENTS] = { .name = ATMOS_MCGRP_EVENTS },
};

/* Operations that are about the caller's network namespace, or about nobody. */
static bool of_namespace(u8 cmd)
{
	switch (cmd) {
	case ATMOS_CMD_INFO_GET:
	case ATMOS_CMD_SOCKET_GET:
	case ATMOS_CMD_STEER_GET:
	case ATMOS_CMD_STEER_ATTACH:
	case ATMOS_CMD_STEER_DETACH:
		return true;
	}
	return false;
}

/**
 * atmos_nl_may() - may the sender of a request see the whole machine's objects
 * @skb: request
 * @extack: for the reason
 *
 * Return: 0 or -EPERM.
 */
int atmos_nl_may(const struct sk_buff *skb, struct netlink_ext_ack *extack)
{
	if (net_eq(sock_net(skb->sk), &init_net) || netlink_capable(skb, CAP_NET_ADMIN))
		return 0;
	NL_SET_ERR_MSG(extack, "only for the initial network namespace");
	return -EPERM;
}

static int pre_doit(const compat_genl_pre_ops *ops, struct sk_buff *skb, struct genl_info *info)
{
	return of_namespace(info->genlhdr->cmd) ? 0 : atmos_nl_may(skb, info->extack);
}

static struct genl_family atmos_nl_family __ro_after_init = {
	.name = ATMOS_FAMILY_NAME,
	.version = ATMOS_FAMILY_VERSION,
	.module = THIS_MODULE,
	.parallel_ops = true,
	.netnsok = true,
	.pre_doit = pre_doit,
	.ops = atmos_nl_ops,
	.n_ops = ARRAY_SIZE(atmos_nl_ops),
	/* From the first operation on, the header's reserved bits are checked. */
	.resv_start_op = ATMOS_CMD_DOMAIN_GET,
	.mcgrps = atmos_nl_groups,
	.n_mcgrps = ARRAY_SIZE(atmos_nl_groups),
};

/* Notices come from domains that may outlive the family, or be there before. */
static bool atmos_nl_ready;

/**
 * atmos_nl_missing() - is an attribute missing that the operation needs
 * @info: request
 * @attr: attribute
 *
 * Return: 0, or -EINVAL with the attribute named in the answer.
 */
int atmos_nl_missing(struct genl_info *info, int attr)
{
	if (!GENL_REQ_ATTR_CHECK(info, attr))
		return 0;
	GENL_SET_ERR_MSG(info, "a required attribute is missing");
	return -EINVAL;
}

/**
 * atmos_nl_no_attr() - refuse an attribute in a dump that only "do" knows
 * @cb: dump
 * @attr: attribute
 *
 * Kernels before 6.2 have one policy for both.
 *
 * Return: 0 or -EINVAL.
 */
int atmos_nl_no_attr(struct netlink_callback *cb, int attr)
{
	struct nlattr **attrs = compat_genl_dump_attrs(cb);

	if (!attrs || !attrs[attr])
		return 0;
	NL_SET_ERR_MSG_ATTR(cb->extack, attrs[attr], "a dump takes no such attribute");
	return -EINVAL;
}

/**
 * atmos_nl_reply() - answer a request with an object
 * @info: request; the answer has the same command
 * @fill: writes the object's attributes
 * @object: for @fill
 *
 * Return: 0 or a negative errno.
 */
int atmos_nl_reply(struct genl_info *info, atmos_nl_fill_fn fill, const void *object)
{
	struct sk_buff *skb;
	void *hdr;
	int err;

	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	err = -EMSGSIZE;
	hdr = genlmsg_put_reply(skb, info, &atmos_nl_family, 0, info->genlhdr->cmd);
	if (hdr)
		err = fill(skb, object);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

/**
 * atmos_nl_dump() - append an object to a dump
 * @skb: dump's buffer
 * @cb: dump
 * @cmd: command of the dump
 * @fill: writes the object's attributes
 * @object: for @fill
 *
 * Return: 0, or -EMSGSIZE when the buffer has no room for it: then nothing was
 * appended, and the object is the first of the next buffer.
 */
int atmos_nl_dump(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		  atmos_nl_fill_fn fill, const void *object)
{
	void *hdr;
	int err;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &atmos_nl_family, NLM_F_MULTI, cmd);
	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	err = fill(skb, object);
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

/**
 * atmos_nl_notify() - tell listeners about an object
 * @cmd: command
 * @fill: writes the object's attributes
 * @object: for @fill
 *
 * Lost when memory is short; listeners that are too slow see ENOBUFS, as with
 * any family.
 *
 * Context: any.
 */
void atmos_nl_notify(u8 cmd, atmos_nl_fill_fn fill, const void *object)
{
	struct sk_buff *skb;
	void *hdr;

	/* atmos_netlink_exit() waits for this. */
	rcu_read_lock();
	if (!READ_ONCE(atmos_nl_ready) ||
	    !genl_has_listeners(&atmos_nl_family, &init_net, GROUP_EVENTS))
		goto unlock;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!skb)
		goto unlock;
	hdr = genlmsg_put(skb, 0, 0, &atmos_nl_family, 0, cmd);
	if (!hdr || fill(skb, object)) {
		nlmsg_free(skb);
		goto unlock;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast(&atmos_nl_family, skb, 0, GROUP_EVENTS, GFP_ATOMIC);
unlock:
	rcu_read_unlock();
}

/**
 * atmos_netlink_domain() - tell listeners what happened to a domain
 * @dom: domain
 * @notice: what happened
 *
 * Context: any, also under the domain's lock.
 */
void atmos_netlink_domain(const struct atmos_domain *dom, enum atmos_notice notice)
{
	static const u8 cmd[] = {
		[ATMOS_NOTICE_CREATED] = ATMOS_CMD_DOMAIN_CREATED_NTF,
		[ATMOS_NOTICE_RESTARTED] = ATMOS_CMD_DOMAIN_RESTARTED_NTF,
		[ATMOS_NOTICE_GIVEN_UP] = ATMOS_CMD_DOMAIN_GIVEN_UP_NTF,
		[ATMOS_NOTICE_QUARANTINED] = ATMOS_CMD_DOMAIN_QUARANTINED_NTF,
		[ATMOS_NOTICE_UPDATED] = ATMOS_CMD_DOMAIN_UPDATED_NTF,
		[ATMOS_NOTICE_ROLLED_BACK] = ATMOS_CMD_DOMAIN_ROLLED_BACK_NTF,
		[ATMOS_NOTICE_DESTROYED] = ATMOS_CMD_DOMAIN_DESTROYED_NTF,
	};

	atmos_nl_notify(cmd[notice], atmos_nl_fill_domain, dom);
}

/**
 * atmos_netlink_fault() - tell listeners that a domain died
 * @f: report
 *
 * Registers and addresses are left out: who may see those asks for the report.
 *
 * Context: any, also under the domain's lock.
 */
void atmos_netlink_fault(const struct atmos_fault *f)
{
	atmos_nl_notify(ATMOS_CMD_DOMAIN_DIED_NTF, atmos_nl_fill_death, f);
}

/**
 * atmos_netlink_init() - offer the control plane; last but sockets in init
 *
 * Return: 0 or a negative errno.
 */
int __init atmos_netlink_init(void)
{
	int err = genl_register_family(&atmos_nl_family);

	if (!err)
		WRITE_ONCE(atmos_nl_ready, true);
	return err;
}

/**
 * atmos_netlink_exit() - undo atmos_netlink_init(); no request is under way
 *	afterwards
 */
void atmos_netlink_exit(void)
{
	WRITE_ONCE(atmos_nl_ready, false);
	synchronize_rcu();
	genl_unregister_family(&atmos_nl_family);
}
