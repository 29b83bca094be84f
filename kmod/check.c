// SPDX-License-Identifier: GPL-2.0-only
/*
 * May what a stack answered be committed? The class STACK's part of the check:
 * bounds against the core's own counters, the flow, the order of commands, and
 * the record against its shadow. Nothing here changes the socket.
 *
 * Called for each command of an entry in order, then for the record, with the
 * socket's and the domain's lock held and bottom halves off, so that what was
 * seen of the entry so far can be kept per CPU.
 */
#include <linux/percpu.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "sock.h"

/* A timer further away than this is no timer of TCP's. */
#define CHECK_DEADLINE_MAX	(8 * 86400ull * USEC_PER_SEC)

/* States in which a FIN was sent, or received. */
#define CHECK_OURS_SENT	(BIT(TCPS_FIN_WAIT1) | BIT(TCPS_FIN_WAIT2) | BIT(TCPS_CLOSING) | \
			 BIT(TCPS_LAST_ACK) | BIT(TCPS_TIME_WAIT))
#define CHECK_THEIRS_IN	(BIT(TCPS_CLOSE_WAIT) | BIT(TCPS_LAST_ACK) | BIT(TCPS_CLOSING) | \
			 BIT(TCPS_TIME_WAIT))

struct check_piece {
	u64 pos;
	u64 end;
};

/**
 * struct check - what the entry's commands have said so far
 * @una: as ACKED left it
 * @rcv_next: as DELIVER left it
 * @at: as DEADLINE left it
 * @state: as STATE left it
 * @deadline: DEADLINE was seen, which comes last
 * @nr: of @piece
 * @piece: stashed in this entry
 */
struct check {
	u64 una;
	u64 rcv_next;
	u64 at;
	u8 state;
	bool deadline;
	u32 nr;
	struct check_piece piece[STACK_RX_BATCH];
};

static DEFINE_PER_CPU(struct check, checks);

#define REFUSE(text)	do { *why = (text); return -EBADMSG; } while (0)

/**
 * atmos_check_begin() - a new entry
 * @as: socket, its lock held
 *
 * Context: bottom halves off until the entry is over.
 */
void atmos_check_begin(struct atmos_sock *as)
{
	struct check *c = this_cpu_ptr(&checks);

	c->una = as->kind == STACK_UDP ? 0 : as->tx.start;
	c->rcv_next = as->rcv_next;
	c->at = as->deadline;
	c->state = as->tcp_state;
	c->deadline = false;
	c->nr = 0;
}

/* ---- what came in ---- */

/* The bytes must be payload of the frame, not its headers. Returns the frame, or NULL. */
static const struct sk_buff *check_bytes(struct atmos_domain *dom, const struct dom_msg *msg,
					 u32 offset, u32 len)
{
	struct atmos_object *obj = atmos_handle_find(dom->handles, msg->hdr.handle);
	const struct sk_buff *skb = obj ? atmos_rx_skb(obj) : NULL;

	if (!skb || offset < atmos_rx_cb(skb)->l4 || offset > skb->len || len > skb->len - offset)
		return NULL;
	return skb;
}

/* The record that the domain left behind; what it says is looked at last. */
static const struct tcp_record *check_tcb(const struct atmos_domain *dom)
{
	return (const void *)dom->out->record;
}

/*
 * Do the frame's bytes have that place in the stream, by its own TCP header?
 * Then no error of a stack can move, lose or repeat any.
 */
static __always_inline bool check_place(const struct atmos_domain *dom, const struct sk_buff *skb,
					u32 offset, u32 pos)
{
	const struct atmos_rx_cb *cb = atmos_rx_cb(skb);
	const struct tcphdr *th = (const void *)(skb->data + cb->l4);

	return offset >= cb->hlen &&
	       ntohl(th->seq) + offset - cb->hlen == check_tcb(dom)->irs + 1 + pos;
}

static const struct check_piece *check_piece_at(const struct check *c, u64 pos)
{
	u32 i;

	for (i = 0; i < c->nr; i++)
		if (c->piece[i].pos == pos)
			return &c->piece[i];
	return NULL;
}

/* End of the stashed piece that begins at @pos, or 0. */
static u64 check_stashed_end(const struct check *c, const struct atmos_sock *as, u64 pos)
{
	const struct check_piece *piece = check_piece_at(c, pos);
	const struct sk_buff *skb;

	if (piece)
		return piece->end;
	skb = atmos_stash_find(&as->stash, pos, 0);
	return skb ? pos + atmos_data_cb(skb)->len : 0;
}

static bool check_overlaps(const struct check *c, const struct atmos_sock *as, u64 pos, u64 end)
{
	u32 i;

	for (i = 0; i < c->nr; i++)
		if (c->piece[i].pos < end && pos < c->piece[i].end)
			return true;
	return !RB_EMPTY_ROOT(&as->stash) && atmos_stash_overlaps(&as->stash, pos, end, 0);
}

static int check_deliver(struct atmos_domain *dom, struct check *c, const struct dom_msg *msg,
			 const char **why)
{
	const struct dom_cmd_DELIVER *m = (const void *)msg;
	const struct atmos_sock *as = dom->owner;
	const struct sk_buff *skb;
	u64 pos = m->pos + m->len;

	skb = check_bytes(dom, msg, m->offset, m->len);
	if (!skb)
		REFUSE("DELIVER: bytes are not payload of the frame");
	if (!check_place(dom, skb, m->offset, m->pos))
		REFUSE("DELIVER: not where the frame's header says");
	if (m->pos != c->rcv_next)
		REFUSE("DELIVER: not where the stream goes on");
	if (m->upto < pos || m->upto > as->rcv_edge)
		REFUSE("DELIVER: beyond the room that there is");
	if (check_overlaps(c, as, m->pos, pos))
		REFUSE("DELIVER: of bytes that are stashed, too");
	while (pos < m->upto) {
		pos = check_stashed_end(c, as, pos);
		if (!pos)
			break;
	}
	if (pos != m->upto)
		REFUSE("DELIVER: of bytes that were not stashed");
	c->rcv_next = m->upto;
	return 0;
}

static int check_stash(struct atmos_domain *dom, struct check *c, const struct dom_msg *msg,
		       const char **why)
{
	const struct dom_cmd_STASH *m = (const void *)msg;
	const struct atmos_sock *as = dom->owner;
	const struct sk_buff *skb;

	skb = check_bytes(dom, msg, m->offset, m->len);
	if (!skb)
		REFUSE("STASH: bytes are not payload of the frame");
	if (!check_place(dom, skb, m->offset, m->pos))
		REFUSE("STASH: not where the frame's header says");
	if (m->id)
		REFUSE("STASH: a stream has no datagrams");
	if (m->pos <= c->rcv_next || m->pos + m->len > as->rcv_edge)
		REFUSE("STASH: not between the stream and the end of its room");
	if (check_overlaps(c, as, m->pos, m->pos + m->len))
		REFUSE("STASH: overlaps what is stashed");
	if (c->nr == ARRAY_SIZE(c->piece))
		REFUSE("STASH: more pieces than frames");
	c->piece[c->nr++] = (struct check_piece) { m->pos, m->pos + m->len };
	return 0;
}

/* What the reader is told must be what the frame's own headers say. */
static int check_dgram(struct atmos_domain *dom, const struct dom_msg *msg, const char **why)
{
	const struct dom_cmd_DGRAM *m = (const void *)msg;
	u64 saddr[2] = { m->saddr0, m->saddr1 }, daddr[2] = { m->daddr0, m->daddr1 };
	struct atmos_flow_key key;
	const struct sk_buff *skb;

	if (!check_bytes(dom, msg, m->offset, m->len))
		REFUSE("DGRAM: bytes are not payload of the frame");
	skb = atmos_rx_skb(atmos_handle_find(dom->handles, msg->hdr.handle));
	atmos_rx_key(skb, &key);
	if (m->offset < atmos_rx_cb(skb)->l4 + sizeof(struct udphdr) || m->sport != key.rport ||
	    memcmp(saddr, key.raddr.q, sizeof(saddr)) || memcmp(daddr, key.laddr.q, sizeof(daddr)))
		REFUSE("DGRAM: not what the frame's headers say");
	return 0;
}

/* ---- what goes out ---- */

static bool check_addr(const union atmos_addr *ours, u8 family, const void *wire)
{
	return family == 4 ? !memcmp(wire, ours->b, 4) : !memcmp(wire, ours->b, 16);
}

static bool check_addr_any(const union atmos_addr *addr)
{
	return !(addr->q[0] | addr->q[1]);
}

/**
 * struct check_header - where the parts of an emitted header are
 * @family: 4 or 6
 * @l4: offset of L4
 * @proto: of L4
 * @saddr: source address
 * @daddr: destination address
 */
struct check_header {
	u8 family;
	u8 l4;
	u8 proto;
	const u8 *saddr;
	const u8 *daddr;
};

/* What the core fills in must be zero; no options and no extension headers. */
static int check_ip(const u8 *h, u32 hlen, struct check_header *out, const char **why)
{
	const struct iphdr *ip = (const void *)h;
	const struct ipv6hdr *ip6 = (const void *)h;

	if (hlen >= sizeof(*ip) + 8 && h[0] == 0x45) {
		if (ip->tot_len || ip->check || ip->frag_off & ~htons(IP_DF))
			REFUSE("XMIT: IPv4 length, checksum and offset are the core's");
		*out = (struct check_header) { 4, sizeof(*ip), ip->protocol,
			(const u8 *)&ip->saddr, (const u8 *)&ip->daddr };
		return 0;
	}
	if (hlen >= sizeof(*ip6) + 8 && h[0] >> 4 == 6) {
		if (ip6->payload_len)
			REFUSE("XMIT: the IPv6 payload length is the core's");
		*out = (struct check_header) { 6, sizeof(*ip6), ip6->nexthdr,
			(const u8 *)&ip6->saddr, (const u8 *)&ip6->daddr };
		return 0;
	}
	REFUSE("XMIT: no IP header");
}

/* Whose packet is it, by its own bytes? */
static int check_flow(const struct atmos_sock *as, const u8 *h, u32 hlen,
		      const struct check_header *ip, const char **why)
{
	const struct atmos_flow_key *key = &as->key;
	const __be16 *port = (const __be16 *)(h + ip->l4);

	if (ip->proto != key->proto)
		REFUSE("XMIT: of another protocol");
	if (ntohs(port[0]) != key->lport)
		REFUSE("XMIT: from a port that is not the flow's");
	if (as->kind == STACK_UDP)	/* each datagram's addresses are its own */
		return 0;
	if (!check_addr_any(&key->laddr) && (ip->family != key->family ||
					     !check_addr(&key->laddr, ip->family, ip->saddr)))
		REFUSE("XMIT: from an address that is not the flow's");
	if (as->kind != STACK_TCP)
		return 0;
	if (ip->family != key->family || ntohs(port[1]) != key->rport ||
	    !check_addr(&key->raddr, ip->family, ip->daddr))
		REFUSE("XMIT: to somebody who is not the flow's peer");
	return 0;
}

static int check_l4(const u8 *h, u32 hlen, const struct check_header *ip, const char **why)
{
	u32 len = sizeof(struct udphdr);

	if (ip->proto == IPPROTO_TCP) {
		const struct tcphdr *th = (const void *)(h + ip->l4);

		if (hlen < ip->l4 + sizeof(*th))
			REFUSE("XMIT: TCP header too short");
		if (th->check)
			REFUSE("XMIT: the checksum is the core's");
		len = th->doff * 4;
	}
	if (ip->l4 + len != hlen)
		REFUSE("XMIT: header length differs from what it says");
	return 0;
}

/*
 * The peer will believe it: bytes at their place, the end at its, and no more
 * acknowledged than is here.
 */
static int check_segment(struct atmos_domain *dom, const struct check *c,
			 const struct dom_cmd_XMIT *m, const struct tcphdr *th, const char **why)
{
	const struct tcp_record *r = check_tcb(dom);
	const struct atmos_sock *as = dom->owner;
	u32 pos = ntohl(th->seq) - r->iss - 1;

	if (th->rst)
		return 0;
	if (m->len && pos != (u32)m->pos)
		REFUSE("XMIT: bytes under another sequence number than theirs");
	if (unlikely(th->urg) && !as->urgent)
		REFUSE("XMIT: urgent data that nobody sent");
	if (unlikely(th->fin) && (!as->shut || pos + m->len != (u32)as->tx.end))
		REFUSE("XMIT: an end that is not the stream's");
	/* One more for a FIN; who does not read any more, acknowledges unread bytes. */
	if (th->ack && (s32)(ntohl(th->ack_seq) - r->irs - 2 - (u32)c->rcv_next) > 0 &&
	    !(as->shut & STACK_SHUT_CLOSE))
		REFUSE("XMIT: acknowledges what was not delivered");
	return 0;
}

/* UDP: exactly what the application asked for, to whom it asked. */
static int check_datagram(struct atmos_sock *as, const struct dom_cmd_XMIT *m,
			  const struct check_header *ip, const char **why)
{
	const struct atmos_dgram_send *d = atmos_dgram_find(as, m->pos);
	const u8 *h = (const u8 *)m + DOM_SLOT_SIZE;
	const __be16 *port = (const __be16 *)(h + ip->l4);

	if (!d || m->len != d->len || m->seg_size)
		REFUSE("XMIT: not a datagram that was to be sent");
	if (ip->family != d->family || ntohs(port[1]) != d->dport ||
	    !check_addr(&d->daddr, ip->family, ip->daddr) ||
	    !check_addr(&d->saddr, ip->family, ip->saddr))
		REFUSE("XMIT: not to or from whom the datagram was to go");
	if (port[3] || port[2])
		REFUSE("XMIT: UDP length and checksum are the core's");
	return 0;
}

static int check_xmit(struct atmos_domain *dom, struct check *c, const struct dom_msg *msg,
		      const char **why)
{
	const struct dom_cmd_XMIT *m = (const void *)msg;
	const struct atmos_sock *as = dom->owner;
	const u8 *h = (const u8 *)(msg + 1);
	u32 hlen = msg->hdr.inline_len;
	u32 piece = m->seg_size && m->seg_size < m->len ? m->seg_size : m->len;
	struct check_header ip;
	int err;

	err = check_ip(h, hlen, &ip, why) ?: check_flow(as, h, hlen, &ip, why) ?:
	      check_l4(h, hlen, &ip, why);
	if (err)
		return err;
	if (as->kind == STACK_UDP)
		return check_datagram(dom->owner, m, &ip, why);
	if (as->kind == STACK_LISTEN && m->len)
		REFUSE("XMIT: a listener has nothing to send");
	/* ACKED of this entry takes effect behind what it has sent. */
	if (m->len && (m->pos < as->tx.start || m->pos > as->tx.end ||
		       m->len > as->tx.end - m->pos))
		REFUSE("XMIT: of bytes that are not there");
	if (m->len > piece && m->len > as->config.max_gso)
		REFUSE("XMIT: more than segmentation offload takes");
	if (piece && hlen + piece > as->config.mtu && !(m->flags & STACK_XMIT_PROBE))
		REFUSE("XMIT: packets larger than the route takes");
	if (as->kind == STACK_TCP)
		return check_segment(dom, c, m, (const void *)(h + ip.l4), why);
	return 0;
}

static int check_acked(struct check *c, const struct atmos_sock *as, u64 una, const char **why)
{
	u64 end = as->kind == STACK_UDP ? as->send_pos : as->tx_max;

	if (una < c->una || una > end)
		REFUSE("ACKED: back, or beyond what was sent");
	c->una = una;
	return 0;
}

static int check_deadline(struct check *c, struct atmos_domain *dom, u64 at, const char **why)
{
	c->deadline = true;
	c->at = at;
	if (at && (at <= dom->in->now_us || at > dom->in->now_us + CHECK_DEADLINE_MAX))
		REFUSE("DEADLINE: past, or too far away");
	return 0;
}

static int check_state(const struct atmos_sock *as, struct check *c,
		       const struct dom_cmd_STATE *m, const char **why)
{
	if (as->kind != STACK_TCP || !m->state || m->state > TCPS_CLOSING ||
	    m->state == TCPS_LISTEN)
		REFUSE("STATE: not one of a connection");
	if (as->tcp_state == TCPS_CLOSE)
		REFUSE("STATE: the connection is over");
	if (m->flags & STACK_ST_EOF && m->rcv_end > as->rcv_edge)
		REFUSE("STATE: end of the stream beyond the room that there is");
	if (as->eof && (!(m->flags & STACK_ST_EOF) || m->rcv_end != as->rcv_end))
		REFUSE("STATE: another end of the stream");
	if (m->flags & STACK_ST_EOF && m->rcv_end != c->rcv_next && !(as->shut & STACK_SHUT_CLOSE))
		REFUSE("STATE: the end of the stream before all of it");
	/* Who has sent a FIN was asked to; who has one of the peer says where. */
	if (1u << m->state & CHECK_OURS_SENT && !as->shut)
		REFUSE("STATE: an end that the application did not ask for");
	if (1u << m->state & CHECK_THEIRS_IN && !(m->flags & STACK_ST_EOF))
		REFUSE("STATE: an end of the peer's that is nowhere");
	c->state = m->state;
	return 0;
}

static int check_opened(struct atmos_domain *dom, const struct dom_msg *msg, const char **why)
{
	const struct atmos_sock *as = dom->owner;
	const struct dom_cmd_OPENED *m = (const void *)msg;
	const struct tcp_record *r = (const void *)(msg + 1);
	u64 q[2] = { m->laddr0, m->laddr1 };

	if (as->kind != STACK_LISTEN || msg->hdr.inline_len != TCP_RECORD_YOUNG)
		REFUSE("OPENED: not a listener's, or no record");
	if (as->accept_len > as->backlog + STACK_LISTEN_BATCH)
		REFUSE("OPENED: more connections than may wait");
	if (m->lport != as->key.lport || !m->rport || (m->family != 4 && m->family != 6))
		REFUSE("OPENED: of another port or family");
	if (!check_addr_any(&as->key.laddr) && (m->family != as->key.family ||
						memcmp(q, as->key.laddr.b, sizeof(q))))
		REFUSE("OPENED: of another address");
	if (r->head.version != dom->image->manifest.record_version ||
	    r->head.kind != STACK_TCP || r->head.len != TCP_RECORD_YOUNG ||
	    r->head.state != TCPS_ESTABLISHED ||
	    r->head.reserved || r->nr_tx || r->nr_ooo || r->snd_wscale > 14 ||
	    r->rcv_wscale > 14 || r->snd_una != 1 || r->snd_nxt != 1 || r->snd_tail != 1 ||
	    r->rcv_nxt != 1 || r->rcv_edge != as->rcv_edge + 1 || r->rcv_adv > r->rcv_edge ||
	    r->deadline)
		REFUSE("OPENED: not the record of a new connection");
	return 0;
}

/**
 * atmos_check_command() - atmos_domain_ops.check of a socket's domain
 * @dom: domain
 * @msg: command that keeps to the contract
 * @why: on refusal, a sentence
 *
 * Return: 0 or -EBADMSG.
 */
int atmos_check_command(struct atmos_domain *dom, const struct dom_msg *msg, const char **why)
{
	const struct atmos_sock *as = dom->owner;
	struct check *c = this_cpu_ptr(&checks);
	const void *m = msg;

	if (c->deadline)
		REFUSE("a command behind DEADLINE, which is the last");
	switch (msg->hdr.type) {
	case DOM_CMD_XMIT:
		return check_xmit(dom, c, msg, why);
	case DOM_CMD_DELIVER:
		if (as->kind == STACK_TCP)
			return check_deliver(dom, c, msg, why);
		break;
	case DOM_CMD_STASH:
		if (as->kind == STACK_TCP)
			return check_stash(dom, c, msg, why);
		break;
	case DOM_CMD_ACKED:
		return check_acked(c, as, ((const struct dom_cmd_ACKED *)m)->una, why);
	case DOM_CMD_DEADLINE:
		return check_deadline(c, dom, ((const struct dom_cmd_DEADLINE *)m)->at, why);
	case DOM_CMD_STATE:
		return check_state(as, c, m, why);
	case DOM_CMD_DGRAM:
		if (as->kind == STACK_UDP)
			return check_dgram(dom, msg, why);
		break;
	case DOM_CMD_OPENED:
		return check_opened(dom, msg, why);
	case DOM_CMD_URGENT:
		if (as->kind == STACK_TCP && ((const struct dom_cmd_URGENT *)m)->pos < 1ull << 62)
			return 0;
		break;
	case DOM_CMD_RESTEER:
		if (as->kind != STACK_UDP)
			return 0;
		break;
	case DOM_CMD_DROP:
	case DOM_CMD_ERROR:
		return 0;
	}
	REFUSE("a command that is not for this kind of socket");
}

/* ---- the record ---- */

static int check_ranges(const struct tcp_record *r, const char **why)
{
	u32 i;

	for (i = 0; i < r->nr_ooo; i++)
		if ((s32)(r->ooo[i].start_seq - (u32)r->rcv_nxt) <= 0 ||
		    (s32)(r->ooo[i].end_seq - r->ooo[i].start_seq) <= 0 ||
		    (s32)(r->ooo[i].end_seq - (u32)r->rcv_adv) > 0)
			REFUSE("record: a range out of order is not beyond the stream");
	return 0;
}

/* The core's counters beside the engine's, which count SYN and FIN too. */
static int check_positions(const struct atmos_sock *as, const struct check *c,
			   const struct tcp_record *r, const char **why)
{
	u64 acked = min(r->snd_una, r->snd_tail);
	bool fin = r->flags & TCP_F_FIN_SENT;

	if (r->snd_una > r->snd_nxt || r->snd_nxt - r->snd_una > 1u << 30 ||
	    r->snd_nxt > r->snd_tail + fin || r->snd_tail > as->tx.end + 1 ||
	    (unlikely(fin) && r->snd_nxt <= r->snd_tail))
		REFUSE("record: positions of sending contradict each other");
	if (r->rcv_edge > as->rcv_edge + 1 ||
	    (r->rcv_adv > r->rcv_edge + 1 && r->rcv_adv > r->rcv_nxt))
		REFUSE("record: offers more room than there is");
	if (r->rcv_nxt > r->rcv_adv + 1 && r->head.state != TCPS_SYN_SENT)
		REFUSE("record: received more than was offered");
	/* SYN and FIN count in rcv_nxt; nobody reads what comes after a shutdown. */
	if (r->rcv_nxt && c->rcv_next != r->rcv_nxt - 1 && c->rcv_next != r->rcv_nxt - 2 &&
	    !(as->shut & (STACK_SHUT_CLOSE | STACK_SHUT_RECV)))
		REFUSE("record: received is not what was delivered");
	if (c->state == TCPS_CLOSE || !c->state)
		return 0;
	if (acked - !!acked != c->una)
		REFUSE("record: acknowledged is not what was told");
	/* Events are told until they are committed; a conversion is told none. */
	if (unlikely(as->pending))
		return 0;
	if (r->snd_tail != as->tx.end + 1)
		REFUSE("record: the stream to send ends elsewhere");
	if (r->rcv_edge != as->rcv_edge + 1 && !as->eof)
		REFUSE("record: the room for bytes is another");
	return 0;
}

/* What the two ends have agreed on is for life. */
static int check_agreed(const struct tcp_record *r, const struct tcp_record *old,
			const char **why)
{
	/* Both sequence numbers; MSS and window scales: a word each. */
	if (memcmp(&r->iss, &old->iss, 8) || memcmp(&r->mss_peer, &old->mss_peer, 4) ||
	    r->ts_offset != old->ts_offset ||
	    (r->flags ^ old->flags) & (TCP_F_TS | TCP_F_SACK | TCP_F_WS))
		REFUSE("record: what the ends have agreed on is another");
	return 0;
}

/*
 * Did a frame of this entry bring a FIN with that number? Behind IPv6 extension
 * headers it is not looked for.
 */
static bool check_saw_fin(const struct atmos_domain *dom, const struct tcp_record *r)
{
	const struct dom_in *in = dom->in;
	u32 i;

	for (i = 0; i < in->nr_slots; i += dom_msg_slots(in->slot[i].hdr.inline_len)) {
		const struct dom_ev_RX *e = (const void *)&in->slot[i];
		const u8 *h = (const u8 *)(&in->slot[i] + 1);
		const struct tcphdr *th;

		if (e->hdr.type != DOM_EV_RX)
			continue;
		if (h[0] >> 4 == 6 && h[6] != IPPROTO_TCP)
			return true;
		th = (const void *)(h + (h[0] >> 4 == 6 ? sizeof(struct ipv6hdr) :
							  (h[0] & 15) * 4));
		if (th->fin && ntohl(th->seq) + e->len - e->hdr.inline_len ==
			       r->irs + (u32)r->rcv_fin)
			return true;
	}
	return false;
}

/* Is it what the application has shut, in the engine's words? */
static bool check_shut(u8 shut, u8 wanted)
{
	if (wanted & STACK_SHUT_CLOSE)
		wanted |= STACK_SHUT_SEND | STACK_SHUT_RECV;
	return shut == wanted;
}

/* Ends of streams, and urgent data. */
static int check_ends(const struct atmos_domain *dom, const struct check *c,
		      const struct tcp_record *r, const struct tcp_record *old, const char **why)
{
	const struct atmos_sock *as = dom->owner;

	if (unlikely(r->rcv_fin != old->rcv_fin) && atmos_tcb_whole(old) &&
	    (old->rcv_fin || !check_saw_fin(dom, r)))
		REFUSE("record: an end that the peer did not send");
	if (unlikely(r->snd_urg) && r->snd_urg != as->urgent)
		REFUSE("record: urgent data that nobody sent");
	if (unlikely(r->shut | as->shut) && !as->pending && c->state && c->state != TCPS_CLOSE &&
	    !check_shut(r->shut, as->shut))
		REFUSE("record: what the application has shut is not");
	return 0;
}

/* What was told is what is meant. */
static int check_told(const struct check *c, const struct tcp_record *r, const char **why)
{
	if (r->deadline != c->at)
		REFUSE("record: another deadline than was told");
	if (c->state && r->head.state != c->state)
		REFUSE("record: another state than was told");
	return 0;
}

/* No timer before the deadline, 0: never; bytes are sent again before the last there may be. */
static int check_timers(const struct atmos_domain *dom, const struct check *c,
			const struct tcp_record *r, const char **why)
{
	u64 first = c->at - 1;

	if (r->t_rtx - 1 < first || r->t_delack - 1 < first || r->t_keep - 1 < first ||
	    r->t_life - 1 < first || r->t_rtx > dom->in->now_us + CHECK_DEADLINE_MAX)
		REFUSE("record: a timer before the deadline, or too far away");
	return 0;
}

static int check_tcp_record(struct atmos_domain *dom, const struct check *c,
			    const struct tcp_record *r, const char **why)
{
	const struct tcp_record *old = (const void *)dom->shadow;
	int err;

	if (r->nr_tx > TCP_TX_MAX || r->nr_ooo > TCP_OOO_MAX || r->snd_wscale > 14 ||
	    r->rcv_wscale > 14)
		REFUSE("record: a count is out of bounds");
	if (dom->shadow_used &&
	    (r->snd_una < old->snd_una || r->snd_nxt < old->snd_nxt ||
	     r->snd_tail < old->snd_tail || r->rcv_nxt < old->rcv_nxt ||
	     r->rcv_adv < old->rcv_adv || r->rcv_edge < old->rcv_edge))
		REFUSE("record: a position moved back");
	err = check_positions(dom->owner, c, r, why) ?: check_told(c, r, why);
	if (likely(!err && old->rcv_nxt))
		err = check_agreed(r, old, why);
	/* What follows is not in the part that is the same in all versions. */
	if (err || !atmos_tcb_whole(r))
		return err;
	return check_timers(dom, c, r, why) ?: check_ends(dom, c, r, old, why) ?:
	       check_ranges(r, why);
}

/**
 * atmos_check_record() - atmos_domain_ops.check_record of a socket's domain
 * @dom: domain
 * @record: what it left behind
 * @why: on refusal, a sentence
 *
 * Return: bytes of the record that count, or -EBADMSG.
 */
int atmos_check_record(struct atmos_domain *dom, const u8 *record, const char **why)
{
	const struct record_head *head = (const void *)record;
	const struct atmos_sock *as = dom->owner;
	int err;

	if (head->version != dom->image->manifest.record_version || head->kind != as->kind ||
	    head->len < sizeof(*head) || head->len > DOM_RECORD_MAX || head->len % 8 ||
	    head->reserved)
		REFUSE("record: its head is wrong");
	if (head->kind != STACK_TCP)
		return head->len;
	if (head->len < TCP_RECORD_YOUNG)
		REFUSE("record: too short for a connection");
	err = check_tcp_record(dom, this_cpu_ptr(&checks), (const void *)record, why);
	return err ?: head->len;
}
