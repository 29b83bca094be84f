// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control plane: live update of sockets' stacks.
 *
 * Sockets are changed one after the other, each under its own lock, while all
 * others go on. "All" walks the flow tables until a walk finds nothing to do: a
 * listener that was not reached yet makes connections of its old image. New
 * sockets get the image after a first walk that has shown nothing against it.
 */
#include <linux/rwsem.h>
#include <net/net_namespace.h>

#include "compat.h"
#include "net.h"
#include "netlink.h"
#include "sock.h"

/* Walks over all sockets, at most. */
#define UPDATE_WALKS	8

struct update_sum {
	u32 updated;
	u32 unchanged;
	u32 refused;
	u32 rolled_back;
	u32 failed;
};

/* ---- which sockets ---- */

static struct atmos_sock *socket_in(struct atmos_net *an, u64 cookie, u64 inode)
{
	struct atmos_flow_iter iter;
	struct atmos_sock *as;

	atmos_flow_iter_begin(&iter, an);
	while ((as = atmos_flow_iter_next(&iter))) {
		struct sock *sk = atmos_sock_sk(as);

		if (cookie ? atomic64_read(&sk->sk_cookie) == cookie : sock_i_ino(sk) == inode)
			break;
		sock_put(sk);
	}
	atmos_flow_iter_end(&iter);
	return as;
}

struct atmos_sock *atmos_nl_socket(u64 cookie, u64 domain, u64 inode)
{
	struct atmos_sock *as = NULL;
	struct net *net;

	if (!cookie && domain)
		return atmos_conn_of_domain(domain);
	if (!cookie && !inode)
		return NULL;
	down_read(&net_rwsem);
	for_each_net(net) {
		as = socket_in(atmos_net(net), cookie, inode);
		if (as)
			break;
	}
	up_read(&net_rwsem);
	return as;
}

/* ---- the update ---- */

/* Counts the outcome. Returns whether the socket has changed. */
static bool update_one(struct atmos_sock *as, struct atmos_image *img, struct update_sum *sum)
{
	switch (atmos_conn_update(as, img)) {
	case 0:
		sum->updated++;
		return true;
	case -EALREADY:
		sum->unchanged++;
		break;
	case -EBADMSG:
		sum->refused++;
		break;
	case -ECANCELED:
		sum->rolled_back++;
		break;
	case -ENOTCONN:
		break;
	default:
		sum->failed++;
	}
	return false;
}

static bool update_walk(struct atmos_net *an, struct atmos_image *img, struct update_sum *sum)
{
	struct atmos_flow_iter iter;
	struct atmos_sock *as;
	bool changed = false;

	atmos_flow_iter_begin(&iter, an);
	while ((as = atmos_flow_iter_next(&iter))) {
		changed |= update_one(as, img, sum);
		sock_put(atmos_sock_sk(as));
		cond_resched();
	}
	atmos_flow_iter_end(&iter);
	return changed;
}

static bool update_bad(const struct update_sum *sum)
{
	return sum->refused || sum->rolled_back;
}

/* What a walk did not change is counted once. */
static void update_all(struct atmos_image *img, struct update_sum *sum)
{
	u32 updated = 0, before = 0;
	int walks = 0;
	bool changed;

	do {
		struct net *net;

		changed = false;
		*sum = (struct update_sum) {};
		down_read(&net_rwsem);
		for_each_net(net)
			changed |= update_walk(atmos_net(net), img, sum);
		up_read(&net_rwsem);
		updated += sum->updated;
		if (!walks) {
			before = sum->unchanged;
			if (!update_bad(sum))
				changed |= atmos_conn_image_default(img);
		}
	} while (changed && !update_bad(sum) && ++walks < UPDATE_WALKS);
	sum->updated = updated;
	sum->unchanged = before;
}

/* ---- the request ---- */

static u64 update_u64(const struct genl_info *info, int attr)
{
	return info->attrs[attr] ? nla_get_u64(info->attrs[attr]) : 0;
}

/* The image that a request names, held; ERR_PTR with the reason told. */
static struct atmos_image *update_image(struct genl_info *info)
{
	const struct nlattr *name = info->attrs[ATMOS_A_UPDATE_IMAGE];
	const struct nlattr *id = info->attrs[ATMOS_A_UPDATE_BUILD_ID];
	struct atmos_image *img;

	if (!name == !id) {
		GENL_SET_ERR_MSG(info, "an image is named by its name or by its build id");
		return ERR_PTR(-EINVAL);
	}
	img = atmos_image_find(name ? nla_data(name) : NULL, id ? nla_data(id) : NULL);
	if (!img) {
		NL_SET_ERR_MSG_ATTR(info->extack, name ?: id,
				    "no image of this name or build id is loaded");
		return ERR_PTR(-ENOENT);
	}
	if (img->manifest.image_class != DOM_CLASS_STACK || !img->manifest.record_size) {
		NL_SET_ERR_MSG_ATTR(info->extack, name ?: id,
				    "the image is not one of a socket's stack");
		atmos_image_release(img);
		return ERR_PTR(-EINVAL);
	}
	return img;
}

static int fill_sum(struct sk_buff *skb, const void *object)
{
	const struct update_sum *sum = object;

	if (nla_put_u32(skb, ATMOS_A_UPDATE_UPDATED, sum->updated) ||
	    nla_put_u32(skb, ATMOS_A_UPDATE_UNCHANGED, sum->unchanged) ||
	    nla_put_u32(skb, ATMOS_A_UPDATE_REFUSED, sum->refused) ||
	    nla_put_u32(skb, ATMOS_A_UPDATE_ROLLED_BACK, sum->rolled_back) ||
	    nla_put_u32(skb, ATMOS_A_UPDATE_FAILED, sum->failed))
		return -EMSGSIZE;
	return 0;
}

static int update_request(struct genl_info *info, struct atmos_image *img, struct update_sum *sum)
{
	u64 cookie = update_u64(info, ATMOS_A_UPDATE_SOCKET);
	u64 domain = update_u64(info, ATMOS_A_UPDATE_DOMAIN);
	u64 inode = update_u64(info, ATMOS_A_UPDATE_INODE);
	bool all = info->attrs[ATMOS_A_UPDATE_ALL], next = info->attrs[ATMOS_A_UPDATE_DEFAULT];
	int whom = !!cookie + !!domain + !!inode + all;
	struct atmos_sock *as;

	if (whom > 1 || !(whom || next)) {
		GENL_SET_ERR_MSG(info, "wants a socket, a domain, an inode, all or the default");
		return -EINVAL;
	}
	if (cookie || domain || inode) {
		as = atmos_nl_socket(cookie, domain, inode);
		if (!as) {
			GENL_SET_ERR_MSG(info,
					 "no such socket, or a domain that is not one's stack");
			return -ENOENT;
		}
		update_one(as, img, sum);
		sock_put(atmos_sock_sk(as));
	}
	if (next)
		atmos_conn_image_default(img);
	if (all)
		update_all(img, sum);
	return 0;
}

int atmos_nl_domain_update_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct update_sum sum = {};
	struct atmos_image *img;
	int err;

	img = update_image(info);
	if (IS_ERR(img))
		return PTR_ERR(img);
	err = update_request(info, img, &sum) ?: atmos_nl_reply(info, fill_sum, &sum);
	atmos_image_release(img);
	return err;
}
