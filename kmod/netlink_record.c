// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control plane: records of sockets' stacks, and captures of their entries. For the
 * machine's administrator alone: sequence numbers and secrets are in them.
 */
#include <linux/slab.h>

#include "capture.h"
#include "compat.h"
#include "netlink.h"
#include "sock.h"

/* Of a capture, in one message. */
#define CAPTURE_PART	3072

static u64 record_u64(const struct genl_info *info, int attr)
{
	return info->attrs[attr] ? nla_get_u64(info->attrs[attr]) : 0;
}

/* ---- records ---- */

static int put_names(struct sk_buff *skb, const struct atmos_sock *as)
{
	const struct sock *sk = (const struct sock *)as;
	u64 cookie = atomic64_read(&sk->sk_cookie), inode = sock_i_ino((struct sock *)sk);
	const struct atmos_flow_key *key = &as->key;
	char text[ATMOS_NL_ENDPOINT];

	if (cookie && nla_put_u64_64bit(skb, ATMOS_A_RECORD_SOCKET, cookie, ATMOS_A_RECORD_PAD))
		return -EMSGSIZE;
	if (inode && nla_put_u64_64bit(skb, ATMOS_A_RECORD_INODE, inode, ATMOS_A_RECORD_PAD))
		return -EMSGSIZE;
	if (as->dom && nla_put_u64_64bit(skb, ATMOS_A_RECORD_DOMAIN, as->dom->id,
					 ATMOS_A_RECORD_PAD))
		return -EMSGSIZE;
	atmos_nl_endpoint(text, key->family, &key->laddr, key->lport);
	if (nla_put_string(skb, ATMOS_A_RECORD_LOCAL, text))
		return -EMSGSIZE;
	if (!key->rport)
		return 0;
	atmos_nl_endpoint(text, key->family, &key->raddr, key->rport);
	return nla_put_string(skb, ATMOS_A_RECORD_REMOTE, text);
}

static int fill_record(struct sk_buff *skb, const void *socket)
{
	const struct atmos_sock *as = socket;
	const u8 *record = as->dom ? as->dom->shadow : as->record;
	u32 len = as->dom ? as->dom->shadow_used : as->record ? as->record_len : 0;

	if (put_names(skb, as))
		return -EMSGSIZE;
	if (as->image && nla_put_string(skb, ATMOS_A_RECORD_IMAGE, as->image->manifest.name))
		return -EMSGSIZE;
	if (!len)
		return 0;
	if (nla_put_u32(skb, ATMOS_A_RECORD_VERSION,
			((const struct record_head *)record)->version) ||
	    nla_put(skb, ATMOS_A_RECORD_DATA, len, record))
		return -EMSGSIZE;
	return 0;
}

/* The socket that a request names, with a reference; ERR_PTR with the reason told. */
static struct atmos_sock *record_socket(struct genl_info *info, u64 cookie, u64 domain, u64 inode)
{
	struct atmos_sock *as;

	if (!!cookie + !!domain + !!inode != 1) {
		GENL_SET_ERR_MSG(info, "wants a socket, a domain or an inode");
		return ERR_PTR(-EINVAL);
	}
	as = atmos_nl_socket(cookie, domain, inode);
	if (as)
		return as;
	GENL_SET_ERR_MSG(info, "no such socket, or a domain that is not one's stack");
	return ERR_PTR(-ENOENT);
}

/* As it is at one moment, with the socket's lock held. */
static int fill_record_locked(struct sk_buff *skb, const void *socket)
{
	struct atmos_sock *as = (struct atmos_sock *)socket;
	int err;

	spin_lock_bh(&as->lock);
	err = fill_record(skb, as);
	spin_unlock_bh(&as->lock);
	return err;
}

int atmos_nl_record_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct atmos_sock *as;
	int err;

	as = record_socket(info, record_u64(info, ATMOS_A_RECORD_SOCKET),
			   record_u64(info, ATMOS_A_RECORD_DOMAIN),
			   record_u64(info, ATMOS_A_RECORD_INODE));
	if (IS_ERR(as))
		return PTR_ERR(as);
	err = atmos_nl_reply(info, fill_record_locked, as);
	sock_put(atmos_sock_sk(as));
	return err;
}

int atmos_nl_record_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct atmos_flow_iter iter;
	struct atmos_sock *as;
	/* Sockets that were told before. */
	long skip = cb->args[0], at = 0;
	int err;

	err = atmos_nl_may(cb->skb, cb->extack) ?: atmos_nl_no_attr(cb, ATMOS_A_RECORD_SOCKET) ?:
	      atmos_nl_no_attr(cb, ATMOS_A_RECORD_DOMAIN) ?:
	      atmos_nl_no_attr(cb, ATMOS_A_RECORD_INODE);
	if (err)
		return err;
	atmos_flow_iter_begin(&iter, atmos_net(sock_net(skb->sk)));
	while (!err) {
		as = atmos_flow_iter_next(&iter);
		if (!as)
			break;
		if (at++ >= skip)
			err = atmos_nl_dump(skb, cb, ATMOS_CMD_RECORD_GET, fill_record_locked, as);
		sock_put(atmos_sock_sk(as));
		if (!err)
			cb->args[0] = max(at, skip);
	}
	atmos_flow_iter_end(&iter);
	return skb->len;
}

/* ---- captures ---- */

static int fill_capture(struct sk_buff *skb, const void *capture)
{
	const struct atmos_capture *cap = capture;

	if (nla_put_u32(skb, ATMOS_A_CAPTURE_ID, cap->id) ||
	    nla_put_u32(skb, ATMOS_A_CAPTURE_BYTES_MAX, cap->max) ||
	    nla_put_u32(skb, ATMOS_A_CAPTURE_ENTRIES, READ_ONCE(cap->nr)) ||
	    nla_put_u32(skb, ATMOS_A_CAPTURE_BYTES, READ_ONCE(cap->bytes)) ||
	    nla_put_u64_64bit(skb, ATMOS_A_CAPTURE_LOST, READ_ONCE(cap->lost),
			      ATMOS_A_CAPTURE_PAD))
		return -EMSGSIZE;
	if (cap->on_death && nla_put_flag(skb, ATMOS_A_CAPTURE_ON_DEATH))
		return -EMSGSIZE;
	if (READ_ONCE(cap->stopped) && nla_put_flag(skb, ATMOS_A_CAPTURE_STOPPED))
		return -EMSGSIZE;
	return 0;
}

int atmos_nl_capture_start_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *max = info->attrs[ATMOS_A_CAPTURE_BYTES_MAX];
	struct atmos_capture *cap;
	struct atmos_sock *as;
	int err;

	as = record_socket(info, record_u64(info, ATMOS_A_CAPTURE_SOCKET),
			   record_u64(info, ATMOS_A_CAPTURE_DOMAIN),
			   record_u64(info, ATMOS_A_CAPTURE_INODE));
	if (IS_ERR(as))
		return PTR_ERR(as);
	cap = atmos_capture_start(as, max ? nla_get_u32(max) : ATMOS_CAPTURE_BYTES,
				  info->attrs[ATMOS_A_CAPTURE_ON_DEATH]);
	sock_put(atmos_sock_sk(as));
	if (IS_ERR(cap)) {
		if (PTR_ERR(cap) == -EBUSY)
			GENL_SET_ERR_MSG(info, "the socket is captured already");
		else if (PTR_ERR(cap) == -ENOSPC)
			GENL_SET_ERR_MSG(info, "too many captures: end one first");
		return PTR_ERR(cap);
	}
	err = atmos_nl_reply(info, fill_capture, cap);
	atmos_capture_put(cap);
	return err;
}

int atmos_nl_capture_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct atmos_capture *cap;
	int err = atmos_nl_may(cb->skb, cb->extack);

	if (err)
		return err;
	while (!err && (cap = atmos_capture_next(cb->args[0]))) {
		err = atmos_nl_dump(skb, cb, ATMOS_CMD_CAPTURE_GET, fill_capture, cap);
		if (!err)
			cb->args[0] = cap->id + 1;
		atmos_capture_put(cap);
	}
	return skb->len;
}

/* The capture that a request names; ERR_PTR with the reason told. */
static struct atmos_capture *request_capture(struct genl_info *info)
{
	struct atmos_capture *cap;

	if (atmos_nl_missing(info, ATMOS_A_CAPTURE_ID))
		return ERR_PTR(-EINVAL);
	cap = atmos_capture_get(nla_get_u32(info->attrs[ATMOS_A_CAPTURE_ID]));
	if (cap)
		return cap;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[ATMOS_A_CAPTURE_ID],
			    "no capture has this number");
	return ERR_PTR(-ENOENT);
}

int atmos_nl_capture_stop_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct atmos_capture *cap = request_capture(info);
	int err;

	if (IS_ERR(cap))
		return PTR_ERR(cap);
	atmos_capture_stop(cap);
	err = atmos_nl_reply(info, fill_capture, cap);
	atmos_capture_put(cap);
	return err;
}

int atmos_nl_capture_end_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct atmos_capture *cap = request_capture(info);

	if (IS_ERR(cap))
		return PTR_ERR(cap);
	atmos_capture_end(cap);
	atmos_capture_put(cap);
	return 0;
}

struct capture_part {
	u32 len;
	u8 data[CAPTURE_PART];
};

static int fill_part(struct sk_buff *skb, const void *object)
{
	const struct capture_part *part = object;

	return nla_put(skb, ATMOS_A_CAPTURE_DATA, part->len, part->data);
}

/* args[0]: bytes told so far. */
static int capture_parts(struct sk_buff *skb, struct netlink_callback *cb,
			 struct atmos_capture *cap)
{
	struct capture_part *part = kmalloc(sizeof(*part), GFP_KERNEL);
	int n;

	if (!part)
		return -ENOMEM;
	for (;;) {
		n = atmos_capture_read(cap, cb->args[0], part->data, sizeof(part->data));
		if (n <= 0)
			break;
		part->len = n;
		if (atmos_nl_dump(skb, cb, ATMOS_CMD_CAPTURE_READ, fill_part, part))
			break;
		cb->args[0] += n;
	}
	kfree(part);
	return n < 0 ? n : skb->len;
}

int atmos_nl_capture_read_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = compat_genl_dump_attrs(cb);
	struct atmos_capture *cap;
	int err = atmos_nl_may(cb->skb, cb->extack);

	if (err)
		return err;
	if (!attrs || !attrs[ATMOS_A_CAPTURE_ID]) {
		NL_SET_ERR_MSG(cb->extack, "a required attribute is missing");
		return -EINVAL;
	}
	cap = atmos_capture_get(nla_get_u32(attrs[ATMOS_A_CAPTURE_ID]));
	if (!cap) {
		NL_SET_ERR_MSG(cb->extack, "no capture has this number");
		return -ENOENT;
	}
	err = capture_parts(skb, cb, cap);
	atmos_capture_put(cap);
	return err;
}
