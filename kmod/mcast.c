// SPDX-License-Identifier: GPL-2.0-only
/*
 * Multicast groups that datagram sockets have joined (ip(7), RFC 3493, RFC 3678).
 *
 * The host's devices do the work, IGMP and MLD with it: each membership of a
 * socket is one more user of the group on its device. Linux's own lists of
 * memberships are for its own sockets: those of IPv6 live in a struct ipv6_pinfo.
 * As with IP_MULTICAST_ALL and IPV6_MULTICAST_ALL, a socket takes what comes to
 * its port of all groups that the host has joined; sources cannot be selected.
 *
 * Called by sockopt_ip.c under lock_sock(), and at the socket's end. Takes RTNL.
 */
#include <linux/igmp.h>
#include <linux/inetdevice.h>
#include <linux/rtnetlink.h>
#include <net/addrconf.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "sockopt.h"

/**
 * struct mcast_group - a membership, in &atmos_sock.groups
 * @node: in the list
 * @addr: of the group
 * @ifindex: of the device
 * @family: 4 or 6
 */
struct mcast_group {
	struct list_head node;
	union atmos_addr addr;
	int ifindex;
	u8 family;
};

/* ---- devices; RTNL held ---- */

/* The device that the route to the group leaves by, or NULL. */
static struct net_device *mcast_route_v4(struct net *net, __be32 group)
{
	struct flowi4 fl4 = { .daddr = group };
	struct rtable *rt = ip_route_output_flow(net, &fl4, NULL);
	struct net_device *dev;

	if (IS_ERR(rt))
		return NULL;
	dev = rt->dst.dev;
	ip_rt_put(rt);
	return dev;
}

static struct net_device *mcast_route_v6(struct net *net, const struct in6_addr *group)
{
	struct rt6_info *rt = rt6_lookup(net, group, NULL, 0, NULL, 0);
	struct net_device *dev;

	if (!rt)
		return NULL;
	dev = rt->dst.dev;
	ip6_rt_put(rt);
	return dev;
}

/* Devices stay while RTNL is held. */
static struct net_device *mcast_dev(struct net *net, const struct mcast_group *g)
{
	if (g->ifindex)
		return __dev_get_by_index(net, g->ifindex);
	return g->family == 4 ? mcast_route_v4(net, g->addr.v4) : mcast_route_v6(net, &g->addr.v6);
}

static int mcast_use(struct net_device *dev, const struct mcast_group *g)
{
	struct in_device *in_dev;

	if (g->family == 6)
		return ipv6_dev_mc_inc(dev, &g->addr.v6);
	in_dev = __in_dev_get_rtnl(dev);
	if (!in_dev)
		return -ENODEV;
	ip_mc_inc_group(in_dev, g->addr.v4);
	return 0;
}

/* A device that is gone has forgotten its groups. */
static void mcast_unuse(struct net *net, const struct mcast_group *g)
{
	struct net_device *dev = __dev_get_by_index(net, g->ifindex);
	struct in_device *in_dev;

	if (!dev)
		return;
	if (g->family == 6) {
		ipv6_dev_mc_dec(dev, &g->addr.v6);
		return;
	}
	in_dev = __in_dev_get_rtnl(dev);
	if (in_dev)
		ip_mc_dec_group(in_dev, g->addr.v4);
}

/* ---- join and leave ---- */

/* @ifindex: 0: any. Counts those of the same family. */
static struct mcast_group *mcast_find(struct atmos_sock *as, const struct mcast_group *want,
				      unsigned int *count)
{
	struct mcast_group *g;

	*count = 0;
	list_for_each_entry(g, &as->groups, node) {
		*count += g->family == want->family;
		if (g->family == want->family && atmos_addr_equal(&g->addr, &want->addr) &&
		    (!want->ifindex || g->ifindex == want->ifindex))
			return g;
	}
	return NULL;
}

/* Of IPv6 there is no such limit but that of the socket's memory. */
static bool mcast_too_many(const struct net *net, const struct mcast_group *g, unsigned int count)
{
	return g->family == 4 && count >= READ_ONCE(net->ipv4.sysctl_igmp_max_memberships);
}

static int mcast_join(struct atmos_sock *as, const struct mcast_group *want)
{
	struct sock *sk = atmos_sock_sk(as);
	struct net *net = sock_net(sk);
	struct net_device *dev;
	struct mcast_group *g;
	unsigned int count;
	int err = -ENODEV;

	g = sock_kmalloc(sk, sizeof(*g), GFP_KERNEL);
	if (!g)
		return -ENOBUFS;
	*g = *want;
	rtnl_lock();
	dev = mcast_dev(net, g);
	if (!dev)
		goto out;
	g->ifindex = dev->ifindex;
	err = -EADDRINUSE;
	if (mcast_find(as, g, &count))
		goto out;
	err = mcast_too_many(net, g, count) ? -ENOBUFS : mcast_use(dev, g);
out:
	rtnl_unlock();
	if (err)
		sock_kfree_s(sk, g, sizeof(*g));
	else
		list_add_tail(&g->node, &as->groups);
	return err;
}

static int mcast_leave(struct atmos_sock *as, const struct mcast_group *want)
{
	struct sock *sk = atmos_sock_sk(as);
	struct mcast_group *g;
	unsigned int count;

	g = mcast_find(as, want, &count);
	if (!g)
		return -EADDRNOTAVAIL;
	list_del(&g->node);
	rtnl_lock();
	mcast_unuse(sock_net(sk), g);
	rtnl_unlock();
	sock_kfree_s(sk, g, sizeof(*g));
	return 0;
}

/**
 * atmos_mcast_leave_all() - the socket is over
 * @as: socket, lock_sock() held
 *
 * Context: process.
 */
void atmos_mcast_leave_all(struct atmos_sock *as)
{
	struct mcast_group *g, *next;

	list_for_each_entry_safe(g, next, &as->groups, node)
		mcast_leave(as, g);
}

/* ---- options ---- */

/* IP_ADD_MEMBERSHIP: a device, or an address of one, or neither. */
static int mcast_from_mreq(struct atmos_sock *as, sockptr_t val, unsigned int len,
			   struct mcast_group *g)
{
	struct ip_mreqn mreq = {};
	struct net_device *dev;

	if (len < sizeof(struct ip_mreq))
		return -EINVAL;
	if (copy_from_sockptr(&mreq, val, len >= sizeof(mreq) ? sizeof(mreq) :
								sizeof(struct ip_mreq)))
		return -EFAULT;
	*g = (struct mcast_group) {
		.addr.v4 = mreq.imr_multiaddr.s_addr, .ifindex = mreq.imr_ifindex, .family = 4,
	};
	if (!ipv4_is_multicast(g->addr.v4))
		return -EINVAL;
	if (g->ifindex || !mreq.imr_address.s_addr)
		return 0;
	rcu_read_lock();
	dev = __ip_dev_find(sock_net(atmos_sock_sk(as)), mreq.imr_address.s_addr, false);
	if (dev)
		g->ifindex = dev->ifindex;
	rcu_read_unlock();
	return dev ? 0 : -ENODEV;
}

static int mcast_from_mreq6(sockptr_t val, unsigned int len, struct mcast_group *g)
{
	struct ipv6_mreq mreq;

	if (len < sizeof(mreq))
		return -EINVAL;
	if (copy_from_sockptr(&mreq, val, sizeof(mreq)))
		return -EFAULT;
	*g = (struct mcast_group) {
		.addr.v6 = mreq.ipv6mr_multiaddr, .ifindex = mreq.ipv6mr_ifindex, .family = 6,
	};
	return ipv6_addr_is_multicast(&g->addr.v6) ? 0 : -EINVAL;
}

/* MCAST_JOIN_GROUP, at either level. */
static int mcast_from_group(int family, sockptr_t val, unsigned int len, struct mcast_group *g)
{
	struct group_req req;

	if (len < sizeof(req))
		return -EINVAL;
	if (copy_from_sockptr(&req, val, sizeof(req)))
		return -EFAULT;
	if (req.gr_group.ss_family != family)
		return family == AF_INET ? -EINVAL : -EADDRNOTAVAIL;
	*g = (struct mcast_group) { .ifindex = req.gr_interface, .family = 4 };
	if (family == AF_INET) {
		g->addr.v4 = ((const struct sockaddr_in *)&req.gr_group)->sin_addr.s_addr;
		return ipv4_is_multicast(g->addr.v4) ? 0 : -EINVAL;
	}
	g->family = 6;
	g->addr.v6 = ((const struct sockaddr_in6 *)&req.gr_group)->sin6_addr;
	return ipv6_addr_is_multicast(&g->addr.v6) ? 0 : -EINVAL;
}

/**
 * atmos_mcast_set() - setsockopt() of memberships
 * @as: socket, lock_sock() held
 * @level: SOL_IP or SOL_IPV6
 * @name: IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP, MCAST_JOIN_GROUP, or the same to leave
 * @val: value
 * @len: bytes
 *
 * Return: 0 or as setsockopt(2); -ENOPROTOOPT for all others, those that select
 * sources among them.
 */
int atmos_mcast_set(struct atmos_sock *as, int level, int name, sockptr_t val, unsigned int len)
{
	bool v4 = level == SOL_IP;
	struct mcast_group g;
	bool join;
	int err;

	if (name == MCAST_JOIN_GROUP || name == MCAST_LEAVE_GROUP) {
		join = name == MCAST_JOIN_GROUP;
		err = mcast_from_group(v4 ? AF_INET : AF_INET6, val, len, &g);
	} else if (v4 && (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP)) {
		join = name == IP_ADD_MEMBERSHIP;
		err = mcast_from_mreq(as, val, len, &g);
	} else if (!v4 && (name == IPV6_ADD_MEMBERSHIP || name == IPV6_DROP_MEMBERSHIP)) {
		join = name == IPV6_ADD_MEMBERSHIP;
		err = mcast_from_mreq6(val, len, &g);
	} else {
		return -ENOPROTOOPT;
	}
	if (atmos_sock_sk(as)->sk_type == SOCK_STREAM)
		return name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP || !err ?
		       -EPROTO : err;
	if (err)
		return err;
	return join ? mcast_join(as, &g) : mcast_leave(as, &g);
}
