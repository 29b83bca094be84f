// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP: ancillary data (RFC 3542, ip(7), ipv6(7)), and who sent what to whom.
 *
 * Called by sendmsg() and recvmsg(). Linux's own helpers are not used: for
 * IPv6 they want a struct ipv6_pinfo, and all of them an address family that
 * is not ours.
 */
#include <linux/inetdevice.h>
#include <linux/udp.h>
#include <net/addrconf.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/route.h>

#include "compat.h"
#include "dgram.h"

/* ---- sending ---- */

static int cmsg_int(const struct cmsghdr *cmsg, int low, int high, int *value)
{
	int v;

	if (cmsg->cmsg_len != CMSG_LEN(sizeof(v)))
		return -EINVAL;
	memcpy(&v, CMSG_DATA(cmsg), sizeof(v));
	if (v < low || v > high)
		return -EINVAL;
	*value = v;
	return 0;
}

static int cmsg_send_pktinfo(const struct cmsghdr *cmsg, struct dgram_ctl *c)
{
	const struct in_pktinfo *info = (const void *)CMSG_DATA(cmsg);

	if (cmsg->cmsg_len != CMSG_LEN(sizeof(*info)))
		return -EINVAL;
	if (info->ipi_ifindex)
		c->path.oif = info->ipi_ifindex;
	c->saddr.v4 = info->ipi_spec_dst.s_addr;
	return 0;
}

static int cmsg_send_tos(const struct cmsghdr *cmsg, struct dgram_ctl *c)
{
	int err = 0;

	if (cmsg->cmsg_len == CMSG_LEN(sizeof(u8)))
		c->tos = *(const u8 *)CMSG_DATA(cmsg);
	else
		err = cmsg_int(cmsg, 0, 255, &c->tos);
	if (!err)
		c->priority = rt_tos2priority(c->tos);
	return err;
}

static int cmsg_send_v4(const struct cmsghdr *cmsg, struct dgram_ctl *c)
{
	switch (cmsg->cmsg_type) {
	case IP_PKTINFO:
		return cmsg_send_pktinfo(cmsg, c);
	case IP_TTL:
		return cmsg_int(cmsg, 1, 255, &c->ttl);
	case IP_TOS:
		return cmsg_send_tos(cmsg, c);
	case IP_RETOPTS:
		return -EOPNOTSUPP;
	}
	return -EINVAL;
}

/* A v6 socket may name the source of what goes to a v4-mapped address like this. */
static int cmsg_send_mapped(const struct cmsghdr *cmsg, struct dgram_ctl *c)
{
	const struct in6_pktinfo *info = (const void *)CMSG_DATA(cmsg);

	if (cmsg->cmsg_len < CMSG_LEN(sizeof(*info)) || !ipv6_addr_v4mapped(&info->ipi6_addr))
		return -EINVAL;
	if (info->ipi6_ifindex)
		c->path.oif = info->ipi6_ifindex;
	c->saddr.v4 = info->ipi6_addr.s6_addr32[3];
	return 0;
}

/* Is the source one of ours, on that interface if its scope asks for one? */
static int cmsg_send_source6(struct atmos_sock *as, const struct in6_addr *addr,
			     struct dgram_ctl *c)
{
	struct net *net = sock_net(atmos_sock_sk(as));
	int type = __ipv6_addr_type(addr);
	struct net_device *dev = NULL;
	int err = 0;

	rcu_read_lock();
	if (c->path.oif) {
		dev = dev_get_by_index_rcu(net, c->path.oif);
		if (!dev)
			err = -ENODEV;
	} else if (type & IPV6_ADDR_LINKLOCAL) {
		err = -EINVAL;
	}
	if (!err && type != IPV6_ADDR_ANY) {
		bool strict = __ipv6_addr_src_scope(type) <= IPV6_ADDR_SCOPE_LINKLOCAL;

		if (ipv6_can_nonlocal_bind(net, &as->inet) ||
		    ipv6_chk_addr(net, addr, strict ? dev : NULL, strict))
			c->saddr.v6 = *addr;
		else
			err = -EINVAL;
	}
	rcu_read_unlock();
	return err;
}

static int cmsg_send_pktinfo6(struct atmos_sock *as, const struct cmsghdr *cmsg,
			      struct dgram_ctl *c)
{
	const struct in6_pktinfo *info = (const void *)CMSG_DATA(cmsg);

	if (cmsg->cmsg_len < CMSG_LEN(sizeof(*info)))
		return -EINVAL;
	if (info->ipi6_ifindex) {
		if (c->path.oif && c->path.oif != info->ipi6_ifindex)
			return -EINVAL;
		c->path.oif = info->ipi6_ifindex;
	}
	return cmsg_send_source6(as, &info->ipi6_addr, c);
}

static int cmsg_send_v6(struct atmos_sock *as, const struct cmsghdr *cmsg, struct dgram_ctl *c)
{
	int value, err;

	switch (cmsg->cmsg_type) {
	case IPV6_PKTINFO:
	case IPV6_2292PKTINFO:
		return cmsg_send_pktinfo6(as, cmsg, c);
	case IPV6_HOPLIMIT:
	case IPV6_2292HOPLIMIT:
		return cmsg_int(cmsg, -1, 255, &c->ttl);
	case IPV6_TCLASS:
		return cmsg_int(cmsg, -1, 255, &c->tos);
	case IPV6_DONTFRAG:
		err = cmsg_int(cmsg, 0, 1, &value);
		if (!err)
			c->dontfrag = value;
		return err;
	case IPV6_FLOWINFO:
		if (cmsg->cmsg_len < CMSG_LEN(sizeof(c->flowinfo)))
			return -EINVAL;
		memcpy(&c->flowinfo, CMSG_DATA(cmsg), sizeof(c->flowinfo));
		c->flowinfo &= IPV6_FLOWINFO_MASK;
		return 0;
	case IPV6_HOPOPTS:
	case IPV6_2292HOPOPTS:
	case IPV6_DSTOPTS:
	case IPV6_2292DSTOPTS:
	case IPV6_RTHDRDSTOPTS:
	case IPV6_RTHDR:
	case IPV6_2292RTHDR:
		return -EOPNOTSUPP;
	}
	return -EINVAL;
}

static int cmsg_send_one(struct atmos_sock *as, struct msghdr *msg, struct cmsghdr *cmsg,
			 u8 family, struct dgram_ctl *c)
{
	int err;

	switch (cmsg->cmsg_level) {
	case SOL_SOCKET:
		err = compat_sock_cmsg_send(atmos_sock_sk(as), msg, cmsg, &c->sockc);
		c->priority = compat_sockc_priority(&c->sockc, c->priority);
		return err;
	case SOL_UDP:
		return cmsg->cmsg_type == UDP_SEGMENT ? -EOPNOTSUPP : -EINVAL;
	case SOL_IP:
		return family == 4 ? cmsg_send_v4(cmsg, c) : 0;
	case SOL_IPV6:
		if (family == 6)
			return cmsg_send_v6(as, cmsg, c);
		if (as->ip_family == AF_INET6 && cmsg->cmsg_type == IPV6_PKTINFO)
			return cmsg_send_mapped(cmsg, c);
	}
	return 0;	/* as Linux: not meant for us */
}

/**
 * dgram_cmsg_send() - what the ancillary data of a sendmsg() asks for
 * @as: socket
 * @msg: the message
 * @family: 4 or 6, of the packet
 * @c: result; has what the options say
 *
 * Context: process. Return: 0; -EINVAL for what is malformed, out of range or
 * unknown, -EOPNOTSUPP for what is known and cannot be had, -EPERM, -ENODEV.
 */
int dgram_cmsg_send(struct atmos_sock *as, struct msghdr *msg, u8 family, struct dgram_ctl *c)
{
	struct cmsghdr *cmsg;
	int err;

	for_each_cmsghdr(cmsg, msg) {
		if (!CMSG_OK(msg, cmsg))
			return -EINVAL;
		err = cmsg_send_one(as, msg, cmsg, family, c);
		if (err)
			return err;
	}
	return 0;
}

/* ---- receiving ---- */

/**
 * dgram_addr() - whose a received datagram is
 * @skb: network header set
 * @saddr: result: who sent it
 * @daddr: result: to whom
 */
void dgram_addr(const struct sk_buff *skb, union atmos_addr *saddr, union atmos_addr *daddr)
{
	if (dgram_cb(skb)->family == 4) {
		*saddr = (union atmos_addr){ .v4 = ip_hdr(skb)->saddr };
		*daddr = (union atmos_addr){ .v4 = ip_hdr(skb)->daddr };
	} else {
		saddr->v6 = ipv6_hdr(skb)->saddr;
		daddr->v6 = ipv6_hdr(skb)->daddr;
	}
}

/**
 * dgram_sockaddr6() - an address as a v6 socket sees it
 * @sin6: result
 * @family: 4 or 6, of @addr; 4 becomes v4-mapped
 * @addr: address
 * @port: port
 * @ifindex: scope, if the address wants one
 */
void dgram_sockaddr6(struct sockaddr_in6 *sin6, u8 family, const union atmos_addr *addr,
		     __be16 port, int ifindex)
{
	*sin6 = (struct sockaddr_in6) { .sin6_family = AF_INET6, .sin6_port = port };
	if (family == 4) {
		ipv6_addr_set_v4mapped(addr->v4, &sin6->sin6_addr);
	} else {
		sin6->sin6_addr = addr->v6;
		sin6->sin6_scope_id = ipv6_iface_scope_id(&addr->v6, ifindex);
	}
}

/**
 * dgram_name() - fill in msg_name
 * @as: socket; its family decides the form
 * @msg: message that has room for a name, or none
 * @family: 4 or 6, of @addr
 * @addr: whose name it is
 * @port: of it
 * @ifindex: scope of a link-local address
 */
void dgram_name(const struct atmos_sock *as, struct msghdr *msg, u8 family,
		const union atmos_addr *addr, __be16 port, int ifindex)
{
	if (!msg->msg_name)
		return;
	if (as->ip_family == AF_INET6) {
		dgram_sockaddr6(msg->msg_name, family, addr, port, ifindex);
		msg->msg_namelen = sizeof(struct sockaddr_in6);
	} else {
		*(struct sockaddr_in *)msg->msg_name = (struct sockaddr_in) {
			.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = addr->v4,
		};
		msg->msg_namelen = sizeof(struct sockaddr_in);
	}
}

/* RFC 1122 3.2.1.3: from which address an answer to this would go. */
static __be32 cmsg_spec_dst(struct net *net, const struct sk_buff *skb)
{
	__be32 addr = ip_hdr(skb)->daddr;
	struct net_device *dev;

	if (inet_addr_type(net, addr) == RTN_LOCAL)
		return addr;
	rcu_read_lock();
	dev = dev_get_by_index_rcu(net, dgram_cb(skb)->ifindex);
	addr = dev ? inet_select_addr(dev, ip_hdr(skb)->saddr, RT_SCOPE_UNIVERSE) : 0;
	rcu_read_unlock();
	return addr;
}

static void cmsg_recv_v4(struct atmos_sock *as, struct msghdr *msg, const struct sk_buff *skb)
{
	const struct iphdr *ip = ip_hdr(skb);
	u32 flags = as->cmsg_flags;

	if (flags & ATMOS_CMSG_PKTINFO) {
		struct in_pktinfo info = {
			.ipi_ifindex = dgram_cb(skb)->ifindex,
			.ipi_spec_dst.s_addr = cmsg_spec_dst(sock_net(atmos_sock_sk(as)), skb),
			.ipi_addr.s_addr = ip->daddr,
		};

		put_cmsg(msg, SOL_IP, IP_PKTINFO, sizeof(info), &info);
	}
	if (flags & ATMOS_CMSG_TTL) {
		int ttl = ip->ttl;

		put_cmsg(msg, SOL_IP, IP_TTL, sizeof(ttl), &ttl);
	}
	if (flags & ATMOS_CMSG_TOS)
		put_cmsg(msg, SOL_IP, IP_TOS, sizeof(ip->tos), (void *)&ip->tos);
	if (flags & ATMOS_CMSG_ORIGDST) {
		struct sockaddr_in sin = {
			.sin_family = AF_INET,
			.sin_port = udp_hdr(skb)->dest,
			.sin_addr.s_addr = ip->daddr,
		};

		put_cmsg(msg, SOL_IP, IP_ORIGDSTADDR, sizeof(sin), &sin);
	}
}

static void cmsg_recv_v6(struct atmos_sock *as, struct msghdr *msg, const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6 = ipv6_hdr(skb);
	u32 flags = as->cmsg_flags;

	if (flags & ATMOS_CMSG_HOPLIMIT) {
		int hops = ip6->hop_limit;

		put_cmsg(msg, SOL_IPV6, IPV6_HOPLIMIT, sizeof(hops), &hops);
	}
	if (flags & ATMOS_CMSG_TCLASS) {
		int tclass = ipv6_get_dsfield(ip6);

		put_cmsg(msg, SOL_IPV6, IPV6_TCLASS, sizeof(tclass), &tclass);
	}
	if (flags & ATMOS_CMSG_FLOWINFO && ip6_flowinfo(ip6)) {
		__be32 flowinfo = ip6_flowinfo(ip6);

		put_cmsg(msg, SOL_IPV6, IPV6_FLOWINFO, sizeof(flowinfo), &flowinfo);
	}
	if (flags & ATMOS_CMSG_ORIGDST6) {
		union atmos_addr saddr, daddr;
		struct sockaddr_in6 sin6;

		dgram_addr(skb, &saddr, &daddr);
		dgram_sockaddr6(&sin6, 6, &daddr, udp_hdr(skb)->dest, dgram_cb(skb)->ifindex);
		put_cmsg(msg, SOL_IPV6, IPV6_ORIGDSTADDR, sizeof(sin6), &sin6);
	}
}

/**
 * dgram_cmsg_recv() - ancillary data of a received datagram
 * @as: socket
 * @msg: message
 * @skb: the datagram
 *
 * Context: process.
 */
void dgram_cmsg_recv(struct atmos_sock *as, struct msghdr *msg, const struct sk_buff *skb)
{
	u8 family = dgram_cb(skb)->family;

	if (as->cmsg_flags & ATMOS_CMSG_PKTINFO6) {
		struct in6_pktinfo info = { .ipi6_ifindex = dgram_cb(skb)->ifindex };

		if (family == 4)
			ipv6_addr_set_v4mapped(ip_hdr(skb)->daddr, &info.ipi6_addr);
		else
			info.ipi6_addr = ipv6_hdr(skb)->daddr;
		put_cmsg(msg, SOL_IPV6, IPV6_PKTINFO, sizeof(info), &info);
	}
	if (family == 4)
		cmsg_recv_v4(as, msg, skb);
	else
		cmsg_recv_v6(as, msg, skb);
}
