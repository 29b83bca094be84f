// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control plane: steering in the caller's network namespace.
 */
#include "compat.h"
#include "net.h"
#include "netlink.h"
#include "steer.h"

static int put_steered(struct sk_buff *skb, const struct atmos_steer_device *d)
{
	return nla_put_u32(skb, ATMOS_A_STEER_IFINDEX, d->ifindex) ||
	       nla_put_u32(skb, ATMOS_A_STEER_MODE, d->mode) ? -EMSGSIZE : 0;
}

/* An interface, and atmos0's number. */
struct told {
	struct atmos_steer_device dev;
	u32 device;
};

static int fill_device(struct sk_buff *skb, const void *object)
{
	const struct told *t = object;

	if (put_steered(skb, &t->dev) || nla_put_u32(skb, ATMOS_A_STEER_DEVICE, t->device))
		return -EMSGSIZE;
	return 0;
}

static int fill_info(struct sk_buff *skb, const void *object)
{
	const struct atmos_steer_info *info = object;
	const struct atmos_rx_stats *s = &info->stats;
	u32 i;

	if (info->device && nla_put_u32(skb, ATMOS_A_STEER_DEVICE, info->device))
		return -EMSGSIZE;
	for (i = 0; i < STEER_MAPS; i++)
		if (info->map_id[i] &&
		    nla_put_u32(skb, ATMOS_A_STEER_PORTS_ID + i, info->map_id[i]))
			return -EMSGSIZE;
	if (nla_put_u32(skb, ATMOS_A_STEER_ATTACHED, info->attached) ||
	    nla_put_u32(skb, ATMOS_A_STEER_PORTS, info->ports) ||
	    nla_put_u64_64bit(skb, ATMOS_A_STEER_FRAMES, s->frames, ATMOS_A_STEER_PAD) ||
	    nla_put_u64_64bit(skb, ATMOS_A_STEER_BYTES, s->bytes, ATMOS_A_STEER_PAD) ||
	    nla_put_u64_64bit(skb, ATMOS_A_STEER_NATIVE, s->native, ATMOS_A_STEER_PAD) ||
	    nla_put_u64_64bit(skb, ATMOS_A_STEER_DROPPED, s->dropped, ATMOS_A_STEER_PAD) ||
	    nla_put_u64_64bit(skb, ATMOS_A_STEER_CHECKSUM_ERRORS, s->csum, ATMOS_A_STEER_PAD))
		return -EMSGSIZE;
	return 0;
}

static_assert(ATMOS_A_STEER_TX_FD - ATMOS_A_STEER_PORTS_FD == STEER_TX, "order of maps");
static_assert(ATMOS_A_STEER_TX_ID - ATMOS_A_STEER_PORTS_ID == STEER_TX, "order of maps");

/* ---- get ---- */

static int find_device(const struct atmos_steer_device *d, void *arg)
{
	struct told *t = arg;

	if (d->ifindex != t->dev.ifindex)
		return 0;
	t->dev = *d;
	return 1;
}

static int reply_device(struct genl_info *info, u32 ifindex)
{
	struct atmos_net *an = atmos_net(genl_info_net(info));
	struct told t = { .dev.ifindex = ifindex };
	struct atmos_steer_info all;

	if (!atmos_steer_for_each(an, find_device, &t)) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[ATMOS_A_STEER_IFINDEX],
				    "the interface is not attached");
		return -ENOENT;
	}
	atmos_steer_info(an, &all);
	t.device = all.device;
	return atmos_nl_reply(info, fill_device, &t);
}

int atmos_nl_steer_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct atmos_steer_info all;

	if (info->attrs[ATMOS_A_STEER_IFINDEX])
		return reply_device(info, nla_get_u32(info->attrs[ATMOS_A_STEER_IFINDEX]));
	atmos_steer_info(atmos_net(genl_info_net(info)), &all);
	return atmos_nl_reply(info, fill_info, &all);
}

struct steer_dump {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	struct told told;
	long index;
};

static int dump_device(const struct atmos_steer_device *d, void *arg)
{
	struct steer_dump *dump = arg;

	if (dump->index++ < dump->cb->args[0])
		return 0;
	dump->told.dev = *d;
	if (atmos_nl_dump(dump->skb, dump->cb, ATMOS_CMD_STEER_GET, fill_device, &dump->told))
		return 1;
	dump->cb->args[0] = dump->index;
	return 0;
}

int atmos_nl_steer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct atmos_net *an = atmos_net(sock_net(skb->sk));
	struct steer_dump dump = { .skb = skb, .cb = cb };
	struct atmos_steer_info all;
	int err;

	err = atmos_nl_no_attr(cb, ATMOS_A_STEER_IFINDEX);
	if (err)
		return err;
	atmos_steer_info(an, &all);
	dump.told.device = all.device;
	atmos_steer_for_each(an, dump_device, &dump);
	return skb->len;
}

/* ---- attach, detach ---- */

/* All of them or none: 1, 0, or a negative errno. */
static int get_fds(struct genl_info *info, u32 *fds)
{
	u32 i, nr = 0;

	for (i = 0; i < STEER_MAPS; i++) {
		struct nlattr *attr = info->attrs[ATMOS_A_STEER_PORTS_FD + i];

		if (!attr)
			continue;
		fds[i] = nla_get_u32(attr);
		nr++;
	}
	if (!nr || nr == STEER_MAPS)
		return !!nr;
	GENL_SET_ERR_MSG(info, "the maps belong together: all or none");
	return -EINVAL;
}

int atmos_nl_steer_attach_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct atmos_net *an = atmos_net(genl_info_net(info));
	u32 fds[STEER_MAPS], ifindex, mode;
	const char *why;
	int err;

	err = atmos_nl_missing(info, ATMOS_A_STEER_IFINDEX);
	if (!err)
		err = atmos_nl_missing(info, ATMOS_A_STEER_MODE);
	if (err)
		return err;
	ifindex = nla_get_u32(info->attrs[ATMOS_A_STEER_IFINDEX]);
	mode = nla_get_u32(info->attrs[ATMOS_A_STEER_MODE]);
	err = get_fds(info, fds);
	if (err < 0)
		return err;
	err = atmos_steer_attach(an, ifindex, mode, err ? fds : NULL, &why);
	if (err) {
		/* Not a constant string, so not for GENL_SET_ERR_MSG(). */
		if (info->extack && why)
			info->extack->_msg = why;
		return err;
	}
	return reply_device(info, ifindex);
}

int atmos_nl_steer_detach_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	err = atmos_nl_missing(info, ATMOS_A_STEER_IFINDEX);
	if (err)
		return err;
	err = atmos_steer_detach(atmos_net(genl_info_net(info)),
				 nla_get_u32(info->attrs[ATMOS_A_STEER_IFINDEX]));
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[ATMOS_A_STEER_IFINDEX],
				    "the interface is not attached");
	return err;
}
