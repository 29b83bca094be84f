// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options of IPPROTO_IP and IPPROTO_IPV6, and those of IPPROTO_UDP.
 *
 * IPv4's live in struct inet_sock, IPv6's in struct atmos_sock. What the engine
 * has to know of them depends on the family of the packets: atmos_opt_path().
 *
 * Called by sockopt.c under lock_sock().
 */
#include <linux/inetdevice.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>

#include "sockopt.h"

/* ---- what the engine has to know ---- */

static u32 ip_opt_df(unsigned int discover)
{
	switch (discover) {
	case IP_PMTUDISC_DONT:
		return STACK_SO_NO_DF;
	case IP_PMTUDISC_DO:
		return STACK_SO_DF;
	case IP_PMTUDISC_PROBE:
		return STACK_SO_PROBE_DF;
	case IP_PMTUDISC_INTERFACE:
	case IP_PMTUDISC_OMIT:	/* differs for datagrams only: dgram.c */
		return STACK_SO_PROBE_DF | STACK_SO_NO_DF;
	default:
		return 0;
	}
}

/**
 * atmos_opt_path() - give the engine the IP options of its packets' family
 * @as: socket, its lock held; key.family is new, or an option
 *
 * Context: any. The caller tells the engine, if it runs already.
 */
void atmos_opt_path(struct atmos_sock *as)
{
	const struct net *net = sock_net(atmos_sock_sk(as));
	bool v6 = as->key.family ? as->key.family == 6 : as->ip_family == AF_INET6;
	const struct inet_sock *inet = &as->inet;
	struct stack_opts *o = &as->opts;
	int ttl;

	o->flags &= ~(STACK_SO_NO_DF | STACK_SO_DF | STACK_SO_PROBE_DF | STACK_SO_RECVERR);
	/* The same numbers in both families. */
	o->flags |= ip_opt_df(v6 ? as->pmtudisc6 : inet->pmtudisc);
	/* One that has no peer may have both families' packets: dgram.c sorts them. */
	if (v6 ? as->recverr6 || (as->recverr && !as->key.rport) : as->recverr)
		o->flags |= STACK_SO_RECVERR;
	o->tos = v6 ? as->tclass : inet->tos;
	ttl = v6 ? as->hop_limit : inet->uc_ttl;
	if (ttl < 0)
		ttl = v6 ? READ_ONCE(net->ipv6.devconf_all->hop_limit) :
			   READ_ONCE(net->ipv4.sysctl_ip_default_ttl);
	o->ttl = ttl;
}

/* An option of IP is new. */
static int ip_opt_changed(struct atmos_sock *as)
{
	spin_lock_bh(&as->lock);
	atmos_opt_path(as);
	atmos_opt_post(as, 0);
	spin_unlock_bh(&as->lock);
	return 0;
}

/**
 * atmos_opt_init() - options of a new socket
 * @as: socket, nobody else knows it
 */
void atmos_opt_init(struct atmos_sock *as)
{
	as->hop_limit = -1;
	as->mc_hops = IPV6_DEFAULT_MCASTHOPS;
	as->pmtudisc6 = IPV6_PMTUDISC_WANT;
	as->opts.cc = atmos_opt_cc_default(sock_net(atmos_sock_sk(as)));
	atmos_opt_path(as);
}

/*
 * ---- ancillary data of datagrams ----
 *
 * A stream just keeps what was asked for, as Linux's: there it matters to
 * IP_PKTOPTIONS alone, which there is not here.
 */

static int ip_opt_cmsg(struct atmos_sock *as, u32 flag, int on)
{
	as->cmsg_flags = on ? as->cmsg_flags | flag : as->cmsg_flags & ~flag;
	return 0;
}

#define IP_OPT_CMSG(name, flag)						\
static int ip_set_##name(struct atmos_sock *as, int val)		\
{									\
	return ip_opt_cmsg(as, flag, val);				\
}									\
									\
static int ip_get_##name(struct atmos_sock *as, int *err)		\
{									\
	return !!(as->cmsg_flags & (flag));				\
}

IP_OPT_CMSG(pktinfo, ATMOS_CMSG_PKTINFO)
IP_OPT_CMSG(recvttl, ATMOS_CMSG_TTL)
IP_OPT_CMSG(recvtos, ATMOS_CMSG_TOS)
IP_OPT_CMSG(origdst, ATMOS_CMSG_ORIGDST)
IP_OPT_CMSG(pktinfo6, ATMOS_CMSG_PKTINFO6)
IP_OPT_CMSG(recvhops, ATMOS_CMSG_HOPLIMIT)
IP_OPT_CMSG(recvtclass, ATMOS_CMSG_TCLASS)
IP_OPT_CMSG(flowinfo, ATMOS_CMSG_FLOWINFO)
IP_OPT_CMSG(origdst6, ATMOS_CMSG_ORIGDST6)

/* ---- both families ---- */

static int ip_set_freebind(struct atmos_sock *as, int val)
{
	as->freebind = !!val;
	return 0;
}

static int ip_get_freebind(struct atmos_sock *as, int *err)
{
	return as->freebind;
}

/* Of the route to the peer. */
static int ip_get_mtu(struct atmos_sock *as, int *err)
{
	int mtu = atmos_egress_peer_mtu(as);

	*err = min(mtu, 0);
	return mtu;
}

/*
 * Is @ifindex one that packets of the socket may leave by? Its VRF is in
 * @master.
 */
static int ip_opt_dev(const struct atmos_sock *as, int ifindex, int *master)
{
	struct net_device *dev;

	rcu_read_lock();
	dev = dev_get_by_index_rcu(sock_net(&as->inet.sk), ifindex);
	*master = dev ? l3mdev_master_ifindex_rcu(dev) : 0;
	rcu_read_unlock();
	return dev ? 0 : -ENODEV;
}

/* ---- IPv4 ---- */

/* The bits of ECN are TCP's own (RFC 3168). */
static int ip_set_tos(struct atmos_sock *as, int val)
{
	struct sock *sk = atmos_sock_sk(as);

	if (sk->sk_type == SOCK_STREAM)
		val = (val & ~INET_ECN_MASK) | (as->inet.tos & INET_ECN_MASK);
	if (as->inet.tos == (u8)val)
		return 0;
	WRITE_ONCE(as->inet.tos, val);
	WRITE_ONCE(sk->sk_priority, rt_tos2priority(val));
	sk_dst_reset(sk);
	return ip_opt_changed(as);
}

static int ip_get_tos(struct atmos_sock *as, int *err)
{
	return as->inet.tos;
}

static int ip_set_ttl(struct atmos_sock *as, int val)
{
	if (val != -1 && (val < 1 || val > 255))
		return -EINVAL;
	WRITE_ONCE(as->inet.uc_ttl, val);
	return ip_opt_changed(as);
}

static int ip_get_ttl(struct atmos_sock *as, int *err)
{
	const struct net *net = sock_net(&as->inet.sk);

	return as->inet.uc_ttl == -1 ? READ_ONCE(net->ipv4.sysctl_ip_default_ttl) :
				       as->inet.uc_ttl;
}

static int ip_set_mtu_discover(struct atmos_sock *as, int val)
{
	if (val < IP_PMTUDISC_DONT || val > IP_PMTUDISC_OMIT)
		return -EINVAL;
	WRITE_ONCE(as->inet.pmtudisc, val);
	return ip_opt_changed(as);
}

static int ip_get_mtu_discover(struct atmos_sock *as, int *err)
{
	return as->inet.pmtudisc;
}

static int ip_set_recverr(struct atmos_sock *as, int val)
{
	as->recverr = !!val;
	if (!val)
		skb_queue_purge(&as->inet.sk.sk_error_queue);
	return ip_opt_changed(as);
}

static int ip_get_recverr(struct atmos_sock *as, int *err)
{
	return as->recverr;
}

static int ip_set_bind_no_port(struct atmos_sock *as, int val)
{
	as->bind_no_port = !!val;
	return 0;
}

static int ip_get_bind_no_port(struct atmos_sock *as, int *err)
{
	return as->bind_no_port;
}

static int ip_set_multicast_ttl(struct atmos_sock *as, int val)
{
	if (as->inet.sk.sk_type == SOCK_STREAM || val < -1 || val > 255)
		return -EINVAL;
	WRITE_ONCE(as->inet.mc_ttl, val == -1 ? 1 : val);
	return 0;
}

static int ip_get_multicast_ttl(struct atmos_sock *as, int *err)
{
	return as->inet.mc_ttl;
}

/* Linux's defaults; what differs cannot be had. */
static int ip_set_always(struct atmos_sock *as, int val)
{
	return val ? 0 : -ENOPROTOOPT;
}

static int ip_get_always(struct atmos_sock *as, int *err)
{
	return 1;
}

/* An index in network order, whatever for. */
static int ip_set_unicast_if(struct atmos_sock *as, int val)
{
	int ifindex = ntohl((__force __be32)val);
	int bound = as->inet.sk.sk_bound_dev_if;
	int master;

	if (ifindex && ip_opt_dev(as, ifindex, &master))
		return -EADDRNOTAVAIL;
	if (ifindex && bound && master != bound)
		return -EINVAL;
	WRITE_ONCE(as->inet.uc_index, ifindex);
	return 0;
}

static int ip_get_unicast_if(struct atmos_sock *as, int *err)
{
	return (__force int)htonl(as->inet.uc_index);
}

static const struct atmos_opt ip_opts[] = {
	{ IP_TOS, OPT_BOTH, ip_set_tos, ip_get_tos },
	{ IP_TTL, OPT_BOTH | OPT_SOME, ip_set_ttl, ip_get_ttl },
	{ IP_MTU_DISCOVER, OPT_BOTH, ip_set_mtu_discover, ip_get_mtu_discover },
	{ IP_MTU, OPT_BOTH, NULL, ip_get_mtu },
	{ IP_RECVERR, OPT_BOTH, ip_set_recverr, ip_get_recverr },
	{ IP_FREEBIND, OPT_BOTH, ip_set_freebind, ip_get_freebind },
	{ IP_BIND_ADDRESS_NO_PORT, OPT_BOTH, ip_set_bind_no_port, ip_get_bind_no_port },
	{ IP_PKTINFO, OPT_BOTH, ip_set_pktinfo, ip_get_pktinfo },
	{ IP_RECVTTL, OPT_BOTH, ip_set_recvttl, ip_get_recvttl },
	{ IP_RECVTOS, OPT_BOTH, ip_set_recvtos, ip_get_recvtos },
	{ IP_RECVORIGDSTADDR, OPT_BOTH, ip_set_origdst, ip_get_origdst },
	{ IP_MULTICAST_TTL, OPT_BOTH | OPT_SOME, ip_set_multicast_ttl, ip_get_multicast_ttl },
	{ IP_UNICAST_IF, OPT_DGRAM | OPT_INT, ip_set_unicast_if, ip_get_unicast_if },
	{ IP_MULTICAST_LOOP, OPT_DGRAM | OPT_SOME, ip_set_always, ip_get_always },
	{ IP_MULTICAST_ALL, OPT_DGRAM | OPT_SOME, ip_set_always, ip_get_always },
};

/* Which interface a request means; 0: any. */
static int ip_multicast_dev(const struct atmos_sock *as, const struct ip_mreqn *mreq, int *ifindex)
{
	struct net_device *dev;

	*ifindex = mreq->imr_ifindex;
	if (*ifindex || mreq->imr_address.s_addr == htonl(INADDR_ANY))
		return 0;
	rcu_read_lock();
	dev = __ip_dev_find(sock_net(&as->inet.sk), mreq->imr_address.s_addr, false);
	if (dev)
		*ifindex = dev->ifindex;
	rcu_read_unlock();
	return dev ? 0 : -EADDRNOTAVAIL;
}

static int ip_set_multicast_if(struct atmos_sock *as, sockptr_t val, unsigned int len)
{
	int bound = as->inet.sk.sk_bound_dev_if;
	struct ip_mreqn mreq = {};
	int ifindex, master, err;

	if (as->inet.sk.sk_type == SOCK_STREAM || len < sizeof(struct in_addr))
		return -EINVAL;
	/* An address alone, one after a group, or both and an index. */
	if (len >= sizeof(mreq))
		err = copy_from_sockptr(&mreq, val, sizeof(mreq));
	else if (len >= sizeof(struct ip_mreq))
		err = copy_from_sockptr(&mreq, val, sizeof(struct ip_mreq));
	else
		err = copy_from_sockptr(&mreq.imr_address, val, sizeof(struct in_addr));
	if (err)
		return -EFAULT;
	err = ip_multicast_dev(as, &mreq, &ifindex);
	if (err)
		return err;
	if (ifindex && ip_opt_dev(as, ifindex, &master))
		return -EADDRNOTAVAIL;
	if (ifindex && bound && ifindex != bound && master != bound)
		return -EINVAL;
	WRITE_ONCE(as->inet.mc_index, ifindex);
	WRITE_ONCE(as->inet.mc_addr, ifindex ? mreq.imr_address.s_addr : 0);
	return 0;
}

static int ip_opts_set(struct atmos_sock *as, int name, sockptr_t val, unsigned int len)
{
	return name == IP_MULTICAST_IF ? ip_set_multicast_if(as, val, len) :
					 atmos_mcast_set(as, SOL_IP, name, val, len);
}

static int ip_opts_get(struct atmos_sock *as, int name, char __user *val, int __user *len)
{
	__be32 addr = READ_ONCE(as->inet.mc_addr);

	return name == IP_MULTICAST_IF ? atmos_opt_copy(val, len, &addr, sizeof(addr)) :
					 -ENOPROTOOPT;
}

const struct atmos_opt_level atmos_opt_ip = {
	.opt = ip_opts, .nr = ARRAY_SIZE(ip_opts), .set = ip_opts_set, .get = ip_opts_get,
};

/* ---- IPv6 ---- */

static int ipv6_set_v6only(struct atmos_sock *as, int val)
{
	if (atmos_sock_bound(as))
		return -EINVAL;
	as->v6only = !!val;
	return 0;
}

static int ipv6_get_v6only(struct atmos_sock *as, int *err)
{
	return as->v6only;
}

static int ipv6_set_tclass(struct atmos_sock *as, int val)
{
	struct sock *sk = atmos_sock_sk(as);

	if (val < -1 || val > 255)
		return -EINVAL;
	val = max(val, 0);
	if (sk->sk_type == SOCK_STREAM)
		val = (val & ~INET_ECN_MASK) | (as->tclass & INET_ECN_MASK);
	if (as->tclass == val)
		return 0;
	as->tclass = val;
	sk_dst_reset(sk);
	return ip_opt_changed(as);
}

static int ipv6_get_tclass(struct atmos_sock *as, int *err)
{
	return as->tclass;
}

static int ipv6_set_unicast_hops(struct atmos_sock *as, int val)
{
	if (val < -1 || val > 255)
		return -EINVAL;
	as->hop_limit = val;
	return ip_opt_changed(as);
}

/* What the route says, or else the host. */
static int ipv6_default_hops(struct atmos_sock *as)
{
	struct sock *sk = atmos_sock_sk(as);
	struct dst_entry *dst = sk_dst_get(sk);
	int hops = READ_ONCE(sock_net(sk)->ipv6.devconf_all->hop_limit);

	if (dst && dst->ops->family == AF_INET6)
		hops = ip6_dst_hoplimit(dst);
	dst_release(dst);
	return hops;
}

static int ipv6_get_unicast_hops(struct atmos_sock *as, int *err)
{
	return as->hop_limit < 0 ? ipv6_default_hops(as) : as->hop_limit;
}

static int ipv6_set_multicast_hops(struct atmos_sock *as, int val)
{
	if (val < -1 || val > 255)
		return -EINVAL;
	as->mc_hops = val == -1 ? IPV6_DEFAULT_MCASTHOPS : val;
	return 0;
}

static int ipv6_get_multicast_hops(struct atmos_sock *as, int *err)
{
	return as->mc_hops;
}

static int ipv6_set_multicast_if(struct atmos_sock *as, int val)
{
	int bound = as->inet.sk.sk_bound_dev_if;
	int master;

	if (val && ip_opt_dev(as, val, &master))
		return -ENODEV;
	if (val && bound && bound != val && (!master || master != bound))
		return -EINVAL;
	WRITE_ONCE(as->mc_oif, val);
	return 0;
}

static int ipv6_get_multicast_if(struct atmos_sock *as, int *err)
{
	return as->mc_oif;
}

static int ipv6_set_unicast_if(struct atmos_sock *as, int val)
{
	int ifindex = ntohl((__force __be32)val);
	int master;

	if (ifindex && ip_opt_dev(as, ifindex, &master))
		return -EADDRNOTAVAIL;
	if (ifindex && as->inet.sk.sk_bound_dev_if)
		return -EINVAL;
	WRITE_ONCE(as->uc_oif, ifindex);
	return 0;
}

static int ipv6_get_unicast_if(struct atmos_sock *as, int *err)
{
	return (__force int)htonl(as->uc_oif);
}

static int ipv6_set_mtu_discover(struct atmos_sock *as, int val)
{
	if (val < IPV6_PMTUDISC_DONT || val > IPV6_PMTUDISC_OMIT)
		return -EINVAL;
	as->pmtudisc6 = val;
	return ip_opt_changed(as);
}

static int ipv6_get_mtu_discover(struct atmos_sock *as, int *err)
{
	return as->pmtudisc6;
}

static int ipv6_set_recverr(struct atmos_sock *as, int val)
{
	as->recverr6 = !!val;
	if (!val)
		skb_queue_purge(&as->inet.sk.sk_error_queue);
	return ip_opt_changed(as);
}

static int ipv6_get_recverr(struct atmos_sock *as, int *err)
{
	return as->recverr6;
}

static int ipv6_set_dontfrag(struct atmos_sock *as, int val)
{
	as->dontfrag = !!val;
	return 0;
}

static int ipv6_get_dontfrag(struct atmos_sock *as, int *err)
{
	return as->dontfrag;
}

static const struct atmos_opt ipv6_opts[] = {
	{ IPV6_V6ONLY, OPT_BOTH, ipv6_set_v6only, ipv6_get_v6only },
	{ IPV6_TCLASS, OPT_BOTH, ipv6_set_tclass, ipv6_get_tclass },
	{ IPV6_UNICAST_HOPS, OPT_BOTH, ipv6_set_unicast_hops, ipv6_get_unicast_hops },
	{ IPV6_MTU_DISCOVER, OPT_BOTH, ipv6_set_mtu_discover, ipv6_get_mtu_discover },
	{ IPV6_MTU, OPT_BOTH, NULL, ip_get_mtu },
	{ IPV6_RECVERR, OPT_BOTH, ipv6_set_recverr, ipv6_get_recverr },
	{ IPV6_FREEBIND, OPT_BOTH, ip_set_freebind, ip_get_freebind },
	{ IPV6_RECVPKTINFO, OPT_BOTH, ip_set_pktinfo6, ip_get_pktinfo6 },
	{ IPV6_RECVHOPLIMIT, OPT_BOTH, ip_set_recvhops, ip_get_recvhops },
	{ IPV6_RECVTCLASS, OPT_BOTH, ip_set_recvtclass, ip_get_recvtclass },
	{ IPV6_FLOWINFO, OPT_BOTH, ip_set_flowinfo, ip_get_flowinfo },
	{ IPV6_RECVORIGDSTADDR, OPT_BOTH, ip_set_origdst6, ip_get_origdst6 },
	{ IPV6_MULTICAST_HOPS, OPT_DGRAM, ipv6_set_multicast_hops, ipv6_get_multicast_hops },
	{ IPV6_MULTICAST_IF, OPT_DGRAM, ipv6_set_multicast_if, ipv6_get_multicast_if },
	{ IPV6_UNICAST_IF, OPT_DGRAM | OPT_INT, ipv6_set_unicast_if, ipv6_get_unicast_if },
	{ IPV6_MULTICAST_LOOP, OPT_DGRAM, ip_set_always, ip_get_always },
	{ IPV6_MULTICAST_ALL, OPT_DGRAM, ip_set_always, ip_get_always },
	{ IPV6_DONTFRAG, OPT_DGRAM, ipv6_set_dontfrag, ipv6_get_dontfrag },
};

static int ipv6_opts_set(struct atmos_sock *as, int name, sockptr_t val, unsigned int len)
{
	return atmos_mcast_set(as, SOL_IPV6, name, val, len);
}

const struct atmos_opt_level atmos_opt_ipv6 = {
	.opt = ipv6_opts, .nr = ARRAY_SIZE(ipv6_opts), .set = ipv6_opts_set,
};

/* ---- UDP ---- */

static int opt_set_cork(struct atmos_sock *as, int val)
{
	return atmos_dgram_cork(as, val);
}

static int opt_get_cork(struct atmos_sock *as, int *err)
{
	return as->corked;
}

/* RFC 6935: IPv6 without checksum is taken. None is sent so. */
static int opt_set_no_check6_rx(struct atmos_sock *as, int val)
{
	return atmos_opt_flag(as, STACK_SO_CSUM6_ZERO, val, 0);
}

static int opt_get_no_check6_rx(struct atmos_sock *as, int *err)
{
	return !!(as->opts.flags & STACK_SO_CSUM6_ZERO);
}

static int udp_set_cork(struct atmos_sock *as, int val)
{
	return atmos_dgram_cork(as, val);
}

static int udp_get_cork(struct atmos_sock *as, int *err)
{
	return as->corked;
}

static const struct atmos_opt udp_opts[] = {
	{ UDP_CORK, OPT_DGRAM, udp_set_cork, udp_get_cork },
	{ UDP_CORK, OPT_DGRAM, opt_set_cork, opt_get_cork },
	{ UDP_NO_CHECK6_RX, OPT_DGRAM, opt_set_no_check6_rx, opt_get_no_check6_rx },
};

const struct atmos_opt_level atmos_opt_udp = {
	.opt = udp_opts, .nr = ARRAY_SIZE(udp_opts),
};
