// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets out: from the header bytes of a domain's XMIT to the host's own
 * output path, so that netfilter, traffic control and offloads apply.
 *
 * Called from the commit of an entry with &atmos_sock.lock held and bottom
 * halves off. The lock is held all the way down: nothing below comes back to
 * a socket of ours, because packets to this host are queued for a NAPI poll,
 * and what is done when a packet has gone (sk->sk_write_space) takes no lock.
 * Nothing here can fail: a packet that does not get out is as lost as one on
 * the wire, but for &atmos_sock.xmit_err, which UDP tells.
 *
 * One skb for each packet: headers in its head, payload as references to the
 * page fragments of the send stream.
 */
#include <linux/if_ether.h>
#include <linux/tcp.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "cgroup.h"
#include "compat.h"
#include "net.h"
#include "sock.h"
#include "words.h"

/* ---- on the way: taps, cgroups, the host's output ---- */

/* IP's lengths, which the output path fills in later, for who looks before. */
static void egress_complete(struct sk_buff *skb)
{
	if (ip_hdr(skb)->version == 4) {
		ip_hdr(skb)->tot_len = htons(skb->len);
		ip_send_check(ip_hdr(skb));
		skb->protocol = htons(ETH_P_IP);
	} else {
		ipv6_hdr(skb)->payload_len = htons(skb->len - sizeof(struct ipv6hdr));
		skb->protocol = htons(ETH_P_IPV6);
	}
}

/* To the taps of atmos0, as if it had gone out there. */
static void egress_show(struct net_device *dev, struct sk_buff *skb)
{
	unsigned int len = skb->len;

	if (skb_headroom(skb) < LL_RESERVED_SPACE(dev) &&
	    pskb_expand_head(skb, LL_RESERVED_SPACE(dev), 0, GFP_ATOMIC | __GFP_NOWARN))
		return;
	egress_complete(skb);
	if (dev_hard_header(skb, dev, ntohs(skb->protocol), dev->dev_addr, dev->dev_addr,
			    len) >= 0) {
		skb->dev = dev;
		dev_queue_xmit_nit(skb, dev);
		skb->dev = NULL;
	}
	__skb_pull(skb, skb->len - len);
}

static void egress_taps(struct atmos_net *an, struct sk_buff *skb)
{
	struct net_device *dev = rcu_dereference(an->dev);

	if (likely(!dev))
		return;
	if (unlikely(dev_nit_active(dev)))
		egress_show(dev, skb);
}

/* To one receiver? Else the host asks the socket things that ours cannot answer. */
static bool egress_unicast(const struct sk_buff *skb)
{
	if (ip_hdr(skb)->version == 4)
		return !ipv4_is_multicast(ip_hdr(skb)->daddr);
	return !ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr);
}

/* 0: it may go; else it is gone. */
static noinline int egress_judge(struct sock *sk, struct sk_buff *skb)
{
	int err;

	egress_complete(skb);
	err = atmos_cgroup_judge(sk, skb, CGROUP_INET_EGRESS);
	if (err == NET_XMIT_SUCCESS || err == NET_XMIT_CN)
		return 0;
	kfree_skb(skb);
	return err > 0 ? net_xmit_errno(err) : err;
}

static int egress_send(struct atmos_sock *as, struct sk_buff *skb)
{
	struct sock *sk = atmos_sock_sk(as);
	struct net *net = as->net->net;
	int err;

	if (unlikely(atmos_cgroup_on(sk, CGROUP_INET_EGRESS))) {
		err = egress_judge(sk, skb);
		if (err)
			return err;
	}
	egress_taps(as->net, skb);
	if (!egress_unicast(skb))
		sk = NULL;
	if (ip_hdr(skb)->version == 4) {
		err = ip_local_out(net, sk, skb);
	} else {
		compat_ip6_count_out(net, ip6_dst_idev(skb_dst(skb)), skb->len);
		err = ip6_local_out(net, sk, skb);
	}
	return err > 0 ? net_xmit_errno(err) : err;
}

/**
 * atmos_egress_out() - send a packet of a UDP socket
 * @as: socket
 * @skb: complete but for IP's length and checksum, with its route; the network
 *	and transport headers are set. Taken
 *
 * Context: softirq or process, bottom halves off.
 * Return: 0 or a negative errno: -EPERM (netfilter), -ENOBUFS (queue full),
 * -EMSGSIZE and the like.
 */
int atmos_egress_out(struct atmos_sock *as, struct sk_buff *skb)
{
	int err;

	BUILD_BUG_ON(sizeof(struct inet6_skb_parm) < sizeof(struct inet_skb_parm));
	memset(skb->cb, 0, sizeof(struct inet6_skb_parm));
	rcu_read_lock();
	err = egress_send(as, skb);
	rcu_read_unlock();
	return err;
}

/* ---- a packet of TCP ---- */

static void egress_header(struct sk_buff *skb, const struct dom_cmd_XMIT *cmd, u32 room)
{
	skb_reserve(skb, room);
	skb_reset_network_header(skb);
	atmos_copy_words(__skb_put(skb, cmd->hdr.inline_len), (const u8 *)cmd + DOM_SLOT_SIZE,
			 cmd->hdr.inline_len);
}

/* Payload that lies in too many pieces for an skb: copied. */
static struct sk_buff *egress_copy(struct atmos_sock *as, const struct dom_cmd_XMIT *cmd,
				   u32 room)
{
	u64 pos = cmd->pos;
	struct sk_buff *skb;
	int err, i;

	skb = alloc_skb_with_frags(room + cmd->hdr.inline_len, cmd->len, PAGE_ALLOC_COSTLY_ORDER,
				   &err, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return NULL;
	egress_header(skb, cmd, room);
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		atmos_tx_copy(&as->tx, pos, skb_frag_size(frag), skb_frag_address(frag));
		pos += skb_frag_size(frag);
	}
	skb->len += cmd->len;
	skb->data_len += cmd->len;
	return skb;
}

static struct sk_buff *egress_build(struct atmos_sock *as, const struct dom_cmd_XMIT *cmd,
				    u32 room)
{
	struct sk_buff *skb;

	/* Bottom halves are off: this CPU's own supply may be used. */
	skb = __alloc_skb(room + cmd->hdr.inline_len, GFP_ATOMIC | __GFP_NOWARN, SKB_ALLOC_NAPI,
			  NUMA_NO_NODE);
	if (unlikely(!skb))
		return NULL;
	egress_header(skb, cmd, room);
	if (cmd->len && unlikely(atmos_tx_frags(&as->tx, cmd->pos, cmd->len, skb))) {
		kfree_skb(skb);
		return egress_copy(as, cmd, room);
	}
	return skb;
}

/* RFC 9293 3.1: over a pseudo header and all; the device adds the rest up. */
static void egress_checksum(struct sk_buff *skb, u32 l4)
{
	struct tcphdr *th = (struct tcphdr *)(skb->data + l4);
	u32 len = skb->len - l4;

	if (l4 == sizeof(struct iphdr))
		th->check = ~csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, len,
					       IPPROTO_TCP, 0);
	else
		th->check = ~csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, len,
					     IPPROTO_TCP, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = (unsigned char *)th - skb->head;
	skb->csum_offset = offsetof(struct tcphdr, check);
}

/* To be cut into segments of @size below, by the device or before it. */
static void egress_segments(struct sk_buff *skb, const struct dom_cmd_XMIT *cmd)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	shinfo->gso_size = cmd->seg_size;
	shinfo->gso_segs = DIV_ROUND_UP(cmd->len, cmd->seg_size);
	shinfo->gso_type = ip_hdr(skb)->version == 4 ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
	if (tcp_hdr(skb)->cwr)
		shinfo->gso_type |= SKB_GSO_TCP_ECN;
}

static void egress_owner(struct atmos_sock *as, struct sk_buff *skb, u64 pace)
{
	struct sock *sk = atmos_sock_sk(as);

	skb->priority = READ_ONCE(sk->sk_priority);
	skb->mark = READ_ONCE(sk->sk_mark);
	if (pace)
		WRITE_ONCE(sk->sk_pacing_rate,
			   min_t(u64, pace, READ_ONCE(sk->sk_max_pacing_rate)));
	skb_set_owner_w(skb, sk);
	skb_set_dst_pending_confirm(skb, READ_ONCE(sk->sk_dst_pending_confirm));
}

/* A listener's packet: to whoever its header says. */
static struct dst_entry *egress_listener_dst(struct atmos_sock *as, const u8 *h, u32 l4)
{
	const struct tcphdr *th = (const struct tcphdr *)(h + l4);
	struct atmos_flow_key key = {
		.lport = ntohs(th->source),
		.rport = ntohs(th->dest),
		.proto = IPPROTO_TCP,
	};

	if (l4 == sizeof(struct iphdr)) {
		key.family = 4;
		key.laddr.v4 = ((const struct iphdr *)h)->saddr;
		key.raddr.v4 = ((const struct iphdr *)h)->daddr;
	} else {
		key.family = 6;
		key.laddr.v6 = ((const struct ipv6hdr *)h)->saddr;
		key.raddr.v6 = ((const struct ipv6hdr *)h)->daddr;
	}
	return atmos_egress_reply(as, &key);
}

/* The bytes of each packet on the wire, from L3 on. */
static u32 egress_size(const struct dom_cmd_XMIT *cmd)
{
	u32 len = cmd->len;

	if (cmd->seg_size && cmd->seg_size < len)
		len = cmd->seg_size;
	return cmd->hdr.inline_len + len;
}

static bool egress_may_fragment(const u8 *h)
{
	return h[0] >> 4 == 4 && !(((const struct iphdr *)h)->frag_off & htons(IP_DF));
}

static int egress_xmit(struct atmos_sock *as, const struct dom_cmd_XMIT *cmd)
{
	const u8 *h = (const u8 *)cmd + DOM_SLOT_SIZE;
	u32 l4 = h[0] >> 4 == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	struct dst_entry *dst;
	struct sk_buff *skb;
	u32 mtu;

	if (likely(as->kind == STACK_TCP)) {
		dst = atmos_egress_dst(as, &mtu);
		if (IS_ERR(dst))
			return PTR_ERR(dst);
		/* The path has become smaller; the engine learns it after this run. */
		if (unlikely(egress_size(cmd) > mtu) && !egress_may_fragment(h))
			return -EMSGSIZE;
	} else {
		dst = egress_listener_dst(as, h, l4);
		if (IS_ERR(dst))
			return PTR_ERR(dst);
	}
	skb = egress_build(as, cmd, LL_RESERVED_SPACE(READ_ONCE(dst->dev)) + dst->header_len);
	if (likely(as->kind == STACK_TCP)) {
		if (unlikely(!skb))
			return -ENOBUFS;
		skb_dst_set_noref(skb, dst);
	} else {
		if (unlikely(!skb)) {
			dst_release(dst);
			return -ENOBUFS;
		}
		skb_dst_set(skb, dst);
	}
	skb_set_transport_header(skb, l4);
	egress_checksum(skb, l4);
	if (cmd->seg_size && cmd->seg_size < cmd->len)
		egress_segments(skb, cmd);
	egress_owner(as, skb, cmd->pace);
	return egress_send(as, skb);
}

/**
 * atmos_egress_xmit() - commit of a checked XMIT of a connection or a listener
 * @as: socket, its lock held
 * @cmd: command; the headers are inline, of which the core fills in lengths and
 *	checksums
 *
 * A packet that could not go out is noted in @as->xmit_err, for TCP it is lost.
 * Context: softirq or process, bottom halves off.
 */
void atmos_egress_xmit(struct atmos_sock *as, const struct dom_cmd_XMIT *cmd)
{
	int err;

	rcu_read_lock();
	err = egress_xmit(as, cmd);
	rcu_read_unlock();
	if (unlikely(err))
		as->xmit_err = err;
}

/* ---- without an engine ---- */

/**
 * atmos_egress_reset() - RST for a connection whose domain was given up
 * @as: connection, its lock held
 *
 * From the last good record (RFC 9293 3.10.7.1): the next byte that the peer
 * expects, if nothing is on its way; but nothing beyond its window. Nothing is
 * sent if the peer has not answered yet.
 * Context: softirq or process, bottom halves off.
 */
void atmos_egress_reset(struct atmos_sock *as)
{
	u64 record[DIV_ROUND_UP(TCP_RECORD_YOUNG, sizeof(u64))];
	const struct tcp_record *r = (const struct tcp_record *)record;
	const struct atmos_flow_key *key = &as->key;
	u32 l4 = key->family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	struct {
		struct dom_cmd_XMIT cmd;
		u8 pad[DOM_SLOT_SIZE - sizeof(struct dom_cmd_XMIT)];
		u8 h[2 * DOM_SLOT_SIZE];
	} m = { .cmd.hdr.inline_len = l4 + sizeof(struct tcphdr) };
	struct tcphdr *th = (struct tcphdr *)(m.h + l4);
	u8 ttl = as->opts.ttl ?: READ_ONCE(as->net->net->ipv4.sysctl_ip_default_ttl);

	static_assert(offsetof(typeof(m), h) == DOM_SLOT_SIZE);
	atmos_conn_record(as, record, TCP_RECORD_YOUNG);
	if (!r->rcv_nxt)
		return;
	if (key->family == 4) {
		struct iphdr *ip = (struct iphdr *)m.h;

		ip->version = 4;
		ip->ihl = sizeof(*ip) / 4;
		ip->tos = as->opts.tos;
		ip->frag_off = htons(IP_DF);
		ip->ttl = ttl;
		ip->protocol = IPPROTO_TCP;
		ip->saddr = key->laddr.v4;
		ip->daddr = key->raddr.v4;
	} else {
		struct ipv6hdr *ip6 = (struct ipv6hdr *)m.h;

		ip6_flow_hdr(ip6, as->opts.tos, htonl(as->config.flow_label));
		ip6->nexthdr = IPPROTO_TCP;
		ip6->hop_limit = ttl;
		ip6->saddr = key->laddr.v6;
		ip6->daddr = key->raddr.v6;
	}
	th->source = htons(key->lport);
	th->dest = htons(key->rport);
	th->seq = htonl(r->iss + (u32)min(r->snd_nxt, r->snd_una + r->snd_wnd));
	th->ack_seq = htonl(r->irs + (u32)r->rcv_nxt);
	th->doff = sizeof(*th) / 4;
	th->rst = 1;
	th->ack = 1;
	atmos_egress_xmit(as, &m.cmd);
}
