// SPDX-License-Identifier: GPL-2.0-only
/*
 * IP_RECVERR and IPV6_RECVERR: errors kept for who asks with MSG_ERRQUEUE
 * (ip(7)), and what ICMP errors do to the host's knowledge of paths.
 *
 * An error waits in sk_error_queue as Linux lays it out, so that time stamps of
 * sent packets, which the kernel puts there, are read the same way: an outer
 * IP header, of which the source counts (who complained), then the packet that
 * the error is about; skb->data at the payload of that.
 *
 * The first two functions are called in a domain's commit or by a system call,
 * the last one by recvmsg().
 */
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "dgram.h"

/* ---- into the queue ---- */

/* An outer header with nothing but source and TTL, then @room bytes to come. */
static struct sk_buff *error_alloc(u8 family, const union atmos_addr *from, u8 ttl, u32 room)
{
	u32 hlen = family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	struct sk_buff *skb = alloc_skb(hlen + room, GFP_ATOMIC | __GFP_NOWARN);

	if (!skb)
		return NULL;
	skb_put_zero(skb, hlen);
	skb_reset_network_header(skb);
	if (family == 4) {
		skb->protocol = htons(ETH_P_IP);
		ip_hdr(skb)->saddr = from->v4;
		ip_hdr(skb)->ttl = ttl;
	} else {
		skb->protocol = htons(ETH_P_IPV6);
		ipv6_hdr(skb)->saddr = from->v6;
		ipv6_hdr(skb)->hop_limit = ttl;
	}
	memset(skb->cb, 0, sizeof(skb->cb));
	return skb;
}

/* @daddr: offset of the destination that the error is about. Takes the skb. */
static void error_queue(struct atmos_sock *as, struct sk_buff *skb, u32 daddr, __be16 port,
			const struct sock_extended_err *ee)
{
	struct sock_exterr_skb *serr = SKB_EXT_ERR(skb);

	serr->ee = *ee;
	serr->addr_offset = daddr;
	serr->port = port;
	if (sock_queue_err_skb(atmos_sock_sk(as), skb))
		kfree_skb(skb);
}

/*
 * What Linux tells as ee_info: the MTU, the pointer of a parameter problem, or
 * what the message has there.
 */
static u32 error_info(const struct atmos_icmp *icmp)
{
	if (icmp->family == 6)
		return icmp->info;
	if (icmp->type == ICMP_DEST_UNREACH && icmp->code == ICMP_FRAG_NEEDED)
		return icmp->info & 0xffff;
	return icmp->type == ICMP_PARAMETERPROB ? icmp->info >> 24 : 0;
}

/* RFC 1191, 8201: for all of this host's packets on that path. @skb at the quoted packet. */
static void error_path(struct atmos_sock *as, struct sk_buff *skb, const struct atmos_icmp *icmp)
{
	struct sock *sk = atmos_sock_sk(as);
	struct net *net = sock_net(sk);

	if (icmp->family == 6 && icmp->type == ICMPV6_PKT_TOOBIG)
		ip6_update_pmtu(skb, net, htonl(icmp->info), sk->sk_bound_dev_if,
				READ_ONCE(sk->sk_mark), sk->sk_uid);
	else if (icmp->family == 4 && icmp->type == ICMP_DEST_UNREACH &&
		 icmp->code == ICMP_FRAG_NEEDED)
		ipv4_update_pmtu(skb, net, icmp->info & 0xffff, sk->sk_bound_dev_if,
				 as->key.proto);
}

/* Bytes of L3 headers in the quote, where ports follow them; else 0. */
static u32 error_l4(const struct sk_buff *skb, u32 at, u8 family)
{
	__be16 frag;
	u8 next;
	int l4;

	if (family == 4) {
		const struct iphdr *ip = (const void *)(skb->data + at);

		if (at + sizeof(*ip) > skb->len || ip->ihl < 5)
			return 0;
		l4 = at + ip->ihl * 4;
	} else {
		const struct ipv6hdr *ip6 = (const void *)(skb->data + at);

		if (at + sizeof(*ip6) > skb->len)
			return 0;
		next = ip6->nexthdr;
		l4 = ipv6_skip_exthdr(skb, at + sizeof(*ip6), &next, &frag);
		if (l4 < 0)
			return 0;
	}
	return l4 + 8 > skb->len ? 0 : l4;
}

/**
 * atmos_error_icmp() - an ICMP error that the domain takes for the socket's
 * @as: socket, its lock held; &atmos_sock.icmp is the error
 * @cmd: what the domain says of it
 *
 * Learns the path's MTU; and keeps the error for MSG_ERRQUEUE if that is
 * wanted. Which message it was is the core's own knowledge, not the domain's
 * word. Without memory the error is not kept.
 *
 * Context: bottom halves off.
 */
void atmos_error_icmp(struct atmos_sock *as, const struct dom_cmd_ERROR *cmd)
{
	const struct atmos_icmp *icmp = as->icmp;
	struct sock_extended_err ee;
	u32 quoted, l4, daddr;
	struct sk_buff *skb;
	__be16 port;

	if (!icmp || !cmd->origin)
		return;
	skb = error_alloc(icmp->family, &icmp->from, icmp->ttl, icmp->len);
	if (!skb)
		return;
	quoted = skb->len;
	skb_put_data(skb, icmp->quote, icmp->len);
	l4 = error_l4(skb, quoted, icmp->family);
	if (!l4)
		goto drop;
	if (cmd->err == EMSGSIZE) {
		__skb_pull(skb, quoted);
		error_path(as, skb, icmp);
		__skb_push(skb, quoted);
	}
	if (!atmos_error_wanted(as, icmp->family) || !cmd->fatal)
		goto drop;
	ee = (struct sock_extended_err) {
		.ee_errno = cmd->err,
		.ee_origin = icmp->family == 4 ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6,
		.ee_type = icmp->type,
		.ee_code = icmp->code,
		.ee_info = error_info(icmp),
	};
	daddr = quoted + (icmp->family == 4 ? offsetof(struct iphdr, daddr) :
					      offsetof(struct ipv6hdr, daddr));
	/* ports come first in UDP and TCP; eight bytes are quoted in any case */
	port = ((__be16 *)(skb->data + l4))[1];
	/* as Linux: what is kept begins at TCP's header, but behind UDP's */
	__skb_pull(skb, as->key.proto == IPPROTO_UDP ? l4 + 8 : l4);
	skb_reset_transport_header(skb);
	SKB_EXT_ERR(skb)->header.h6.iif = icmp->ifindex;
	error_queue(as, skb, daddr, port, &ee);
	return;
drop:
	kfree_skb(skb);
}

/**
 * atmos_error_local() - an error of this host's own, about a packet not sent
 * @as: socket
 * @err: errno
 * @key: to whom
 * @info: MTU
 *
 * Context: any. Without memory it is not kept.
 */
void atmos_error_local(struct atmos_sock *as, int err, const struct atmos_flow_key *key, u32 info)
{
	const struct sock_extended_err ee = {
		.ee_errno = err,
		.ee_origin = SO_EE_ORIGIN_LOCAL,
		.ee_info = info,
	};
	static const union atmos_addr none;
	struct sk_buff *skb;
	u32 daddr;

	if (!atmos_error_wanted(as, key->family))
		return;
	skb = error_alloc(key->family, &none, 0, 0);
	if (!skb)
		return;
	if (key->family == 4) {
		ip_hdr(skb)->daddr = key->raddr.v4;
		daddr = offsetof(struct iphdr, daddr);
	} else {
		ipv6_hdr(skb)->daddr = key->raddr.v6;
		daddr = offsetof(struct ipv6hdr, daddr);
	}
	__skb_pull(skb, skb->len);
	skb_reset_transport_header(skb);
	error_queue(as, skb, daddr, htons(key->rport), &ee);
}

/**
 * atmos_dgram_error() - commit of ERROR for a UDP socket
 * @as: socket, its lock held
 * @cmd: the error
 *
 * Context: bottom halves off.
 */
void atmos_dgram_error(struct atmos_sock *as, const struct dom_cmd_ERROR *cmd)
{
	struct sock *sk = atmos_sock_sk(as);

	if (!cmd->origin) {	/* of the datagram being sent: sendmsg() tells it */
		as->xmit_err = -(int)cmd->err;
		return;
	}
	atmos_error_icmp(as, cmd);
	/* A v6 socket may ask for the errors of one family only. */
	if (!cmd->fatal || (sk->sk_state != TCP_ESTABLISHED &&
			    !atmos_error_wanted(as, cmd->origin == 4 ? 4 : 6)))
		return;
	WRITE_ONCE(sk->sk_err, cmd->err);
	as->wake |= ATMOS_WAKE_ERROR;
}

/* ---- out of it ---- */

/* Does a packet belong to the error at all? Not to those of time stamps alone. */
static bool error_has_addr(const struct sock_exterr_skb *serr)
{
	u8 origin = serr->ee.ee_origin;

	return origin == SO_EE_ORIGIN_ICMP || origin == SO_EE_ORIGIN_ICMP6 ||
	       origin == SO_EE_ORIGIN_LOCAL || serr->port;
}

static void error_addr(const struct sk_buff *skb, u32 offset, union atmos_addr *addr)
{
	const u8 *p = skb_network_header(skb) + offset;

	*addr = (union atmos_addr){};
	memcpy(addr->b, p, skb->protocol == htons(ETH_P_IP) ? 4 : 16);
}

/* What the socket wants to know of each packet that comes in. */
static void error_cmsg_ttl(struct atmos_sock *as, struct msghdr *msg, const struct sk_buff *skb)
{
	int ttl;

	if (skb->protocol == htons(ETH_P_IP) && as->cmsg_flags & ATMOS_CMSG_TTL) {
		ttl = ip_hdr(skb)->ttl;
		put_cmsg(msg, SOL_IP, IP_TTL, sizeof(ttl), &ttl);
	} else if (skb->protocol == htons(ETH_P_IPV6) && as->cmsg_flags & ATMOS_CMSG_HOPLIMIT) {
		ttl = ipv6_hdr(skb)->hop_limit;
		put_cmsg(msg, SOL_IPV6, IPV6_HOPLIMIT, sizeof(ttl), &ttl);
	}
}

/* IP_RECVERR's data: the error, and who told it. */
static void error_cmsg(struct atmos_sock *as, struct msghdr *msg, const struct sk_buff *skb)
{
	const struct sock_exterr_skb *serr = SKB_EXT_ERR(skb);
	u8 family = skb->protocol == htons(ETH_P_IP) ? 4 : 6;
	bool icmp = serr->ee.ee_origin == SO_EE_ORIGIN_ICMP ||
		    serr->ee.ee_origin == SO_EE_ORIGIN_ICMP6;
	union atmos_addr from;

	if (icmp) {
		error_addr(skb, family == 4 ? offsetof(struct iphdr, saddr) :
					      offsetof(struct ipv6hdr, saddr), &from);
		error_cmsg_ttl(as, msg, skb);
	}
	if (as->ip_family == AF_INET6) {
		struct {
			struct sock_extended_err ee;
			struct sockaddr_in6 offender;
		} data = { .ee = serr->ee };

		if (icmp)
			dgram_sockaddr6(&data.offender, family, &from, 0, serr->header.h6.iif);
		put_cmsg(msg, SOL_IPV6, IPV6_RECVERR, sizeof(data), &data);
	} else {
		struct {
			struct sock_extended_err ee;
			struct sockaddr_in offender;
		} data = { .ee = serr->ee };

		if (icmp) {
			data.offender.sin_family = AF_INET;
			data.offender.sin_addr.s_addr = from.v4;
		}
		put_cmsg(msg, SOL_IP, IP_RECVERR, sizeof(data), &data);
	}
}

/**
 * atmos_recv_error() - recvmsg() with MSG_ERRQUEUE
 * @sk: socket of either type
 * @msg: where to; msg_name becomes the destination that the error is about
 * @len: bytes wanted of the payload of the packet that caused it
 *
 * Context: process. Return: bytes copied, -EAGAIN if there is no error, -EFAULT.
 */
int atmos_recv_error(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct atmos_sock *as = atmos_sk(sk);
	struct sk_buff *skb = sock_dequeue_err_skb(sk);
	const struct sock_exterr_skb *serr;
	union atmos_addr to;
	int copied, err;

	if (!skb)
		return -EAGAIN;
	copied = min_t(size_t, skb->len, len);
	if (copied < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	err = skb_copy_datagram_msg(skb, 0, msg, copied);
	if (unlikely(err)) {
		kfree_skb(skb);
		return err;
	}
	sock_recv_timestamp(msg, sk, skb);
	serr = SKB_EXT_ERR(skb);
	if (msg->msg_name && error_has_addr(serr)) {
		error_addr(skb, serr->addr_offset, &to);
		dgram_name(as, msg, skb->protocol == htons(ETH_P_IP) ? 4 : 6, &to, serr->port,
			   serr->header.h6.iif);
	}
	error_cmsg(as, msg, skb);
	msg->msg_flags |= MSG_ERRQUEUE;
	consume_skb(skb);
	return copied;
}
