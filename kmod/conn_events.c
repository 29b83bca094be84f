// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a socket's domain is told: its configuration, the secrets that the core
 * shares in parts, and the events that are due.
 *
 * Called by conn.c alone, with &atmos_sock.lock held and bottom halves off.
 */
#include <linux/random.h>
#include <linux/siphash.h>
#include <net/tcp.h>

#include "conn.h"
#include "handles.h"
#include "sock.h"
#include "words.h"

static siphash_aligned_key_t conn_secret[2];

/* ---- configuration and secrets ---- */

/* RFC 6528: F() over the connection's ends; which of two secrets. */
static u64 conn_hash(const struct atmos_flow_key *key, unsigned int secret)
{
	return siphash(key, sizeof(*key), &conn_secret[secret]);
}

static u32 conn_isn_of(const struct atmos_flow_key *key)
{
	return (u32)conn_hash(key, 0) + (u32)(atmos_now_us() / 4);
}

/**
 * atmos_conn_isn() - choose initial sequence number and timestamp offset
 * @as: its key is complete
 *
 * RFC 6528 3, RFC 7323 5.4. Context: any.
 */
void atmos_conn_isn(struct atmos_sock *as)
{
	as->isn = conn_isn_of(&as->key);
	as->ts_offset = conn_hash(&as->key, 1) >> 32;
}

/* Window scale for the largest buffer that there may be (RFC 7323 2.3). */
static u8 conn_wscale(const struct sock *sk)
{
	u64 most = max_t(u64, READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_rmem[2]), sk->sk_rcvbuf);
	u8 scale = 0;

	/* Of a size that the application has chosen. */
	if (sk->sk_userlocks & SOCK_RCVBUF_LOCK)
		most = atmos_stream_room(sk);
	while (scale < 14 && most >> scale > U16_MAX)
		scale++;
	return scale;
}

/* What the domain is told for life. mtu and max_gso are egress.c's. */
void conn_config(struct atmos_sock *as)
{
	const struct netns_ipv4 *ipv4 = &sock_net(atmos_sock_sk(as))->ipv4;
	struct stack_config *cfg = &as->config;
	u8 cookies = READ_ONCE(ipv4->sysctl_tcp_syncookies);

	cfg->kind = as->kind;
	cfg->family = as->key.family;
	cfg->lport = as->key.lport;
	cfg->rport = as->key.rport;
	memcpy(cfg->laddr, as->key.laddr.b, sizeof(cfg->laddr));
	memcpy(cfg->raddr, as->key.raddr.b, sizeof(cfg->raddr));
	cfg->flags = as->v6only ? STACK_CF_V6ONLY : 0;
	if (!cfg->mtu)
		cfg->mtu = ETH_DATA_LEN;
	if (as->kind == STACK_UDP)
		return;
	cfg->rcv_wscale = conn_wscale(atmos_sock_sk(as));
	if (READ_ONCE(ipv4->sysctl_tcp_timestamps))
		cfg->flags |= STACK_CF_TS;
	if (READ_ONCE(ipv4->sysctl_tcp_sack))
		cfg->flags |= STACK_CF_SACK;
	if (READ_ONCE(ipv4->sysctl_tcp_window_scaling))
		cfg->flags |= STACK_CF_WSCALE;
	if (READ_ONCE(ipv4->sysctl_tcp_ecn) == 1)
		cfg->flags |= STACK_CF_ECN;
	if (cookies)
		cfg->flags |= cookies == 2 ? STACK_CF_COOKIES_ONLY : STACK_CF_COOKIES;
}

/* Once, before there are sockets. */
void conn_config_init(void)
{
	get_random_bytes(conn_secret, sizeof(conn_secret));
}

/* ---- events ---- */

#define CONN_EVENT(as, NAME, inl)						\
	((struct dom_ev_##NAME *)atmos_domain_event((as)->dom, DOM_EV_##NAME, inl))

/* What the engine takes for defaults are Linux's; these are the host's. */
static void conn_opts(const struct atmos_sock *as, struct stack_opts *o)
{
	const struct netns_ipv4 *ipv4 = &sock_net(atmos_sock_sk(as))->ipv4;

	*o = as->opts;
	if (as->kind == STACK_UDP)
		return;
	if (!o->keep_idle_s)
		o->keep_idle_s = READ_ONCE(ipv4->sysctl_tcp_keepalive_time) / HZ;
	if (!o->keep_intvl_s)
		o->keep_intvl_s = READ_ONCE(ipv4->sysctl_tcp_keepalive_intvl) / HZ;
	if (!o->keep_cnt)
		o->keep_cnt = READ_ONCE(ipv4->sysctl_tcp_keepalive_probes);
	if (!o->fin_timeout_s)
		o->fin_timeout_s = READ_ONCE(ipv4->sysctl_tcp_fin_timeout) / HZ;
}

static void conn_events_rare(struct atmos_sock *as, u32 pending)
{
	if (pending & ATMOS_EV_SETOPT) {
		struct dom_ev_SETOPT *e = CONN_EVENT(as, SETOPT, sizeof(struct stack_opts));

		e->changed = as->opts_changed;
		conn_opts(as, (struct stack_opts *)((u8 *)e + DOM_SLOT_SIZE));
	}
	if (pending & ATMOS_EV_CONNECT) {
		struct dom_ev_CONNECT *e = CONN_EVENT(as, CONNECT, 0);

		e->isn = as->isn;
		e->ts_offset = as->ts_offset;
		e->edge = as->rcv_edge;
	}
	if (pending & ATMOS_EV_LISTEN) {
		struct dom_ev_LISTEN *e = CONN_EVENT(as, LISTEN, 0);

		e->backlog = as->backlog;
		e->queued = as->accept_len;
		e->edge = as->rcv_edge;
	}
	if (pending & ATMOS_EV_ICMP && as->icmp) {
		const struct atmos_icmp *icmp = as->icmp;
		struct dom_ev_ICMP *e = CONN_EVENT(as, ICMP, icmp->len);

		e->info = icmp->info;
		e->family = icmp->family;
		e->type = icmp->type;
		e->code = icmp->code;
		memcpy((u8 *)e + DOM_SLOT_SIZE, icmp->quote, icmp->len);
	}
	if (pending & ATMOS_EV_PMTU)
		CONN_EVENT(as, PMTU, 0)->mtu = as->pmtu;
}

static void conn_events_app(struct atmos_sock *as, u32 pending)
{
	if (pending & ATMOS_EV_SEND) {
		struct dom_ev_SEND *e = CONN_EVENT(as, SEND, 0);

		e->tail = as->tx.end;
		e->urgent = as->urgent;
		e->flags = as->send_flags;
	}
	if (pending & ATMOS_EV_CONSUMED) {
		struct dom_ev_CONSUMED *e = CONN_EVENT(as, CONSUMED, 0);

		e->pos = as->rcv_pos;
		e->edge = as->rcv_edge;
	}
	if (pending & ATMOS_EV_SHUTDOWN) {
		struct dom_ev_SHUTDOWN *e = CONN_EVENT(as, SHUTDOWN, 0);

		e->tail = as->tx.end;
		e->how = as->shut;
	}
}

static void conn_frame_release(struct atmos_object *obj)
{
	kfree_skb(atmos_rx_skb(obj));
}

/**
 * atmos_rx_give() - hand a frame to a domain, as a payload object
 * @dom: domain, the caller serialises with its entries
 * @skb: frame with struct atmos_rx_cb, whole; taken
 *
 * Context: any. Return: the handle, or DOM_NO_HANDLE if the table is full: then
 * the frame is dropped.
 */
u32 atmos_rx_give(struct atmos_domain *dom, struct sk_buff *skb)
{
	struct atmos_object *obj = &atmos_rx_cb(skb)->obj;
	u32 handle;

	atmos_object_init(obj, skb->len, conn_frame_release);
	handle = atmos_handle_give(dom->handles, obj);
	if (handle == DOM_NO_HANDLE)
		atmos_object_put(obj);
	return handle;
}

/* Listener: what the handshake needs that is the core's to know. */
static void conn_event_handshake(struct atmos_sock *as, struct sk_buff *skb, struct dom_ev_RX *e)
{
	struct atmos_flow_key key;
	u32 mtu;

	atmos_rx_key(skb, &key);
	e->flow_key = conn_hash(&key, 1);
	e->isn = conn_isn_of(&key);
	if (!atmos_egress_mtu(as, &key, &mtu))
		e->mtu = mtu;
}

/* One frame into the queue; false if that has no room for it. */
static bool conn_event_rx(struct atmos_sock *as, struct sk_buff *skb)
{
	const struct atmos_rx_cb *cb = atmos_rx_cb(skb);
	struct dom_ev_RX *e = CONN_EVENT(as, RX, cb->hlen);
	u32 handle = DOM_NO_HANDLE;

	if (!e)
		return false;
	e->len = skb->len;
	e->seg_size = cb->seg_size;
	e->flags = cb->flags;
	atmos_copy_words((u8 *)e + DOM_SLOT_SIZE, skb->data, cb->hlen);
	if (as->kind == STACK_LISTEN)
		conn_event_handshake(as, skb, e);
	/* Pure ACKs, by far the most frames without payload, need no object. */
	/* The table holds more than a batch; were it full: no payload, no event. */
	if (skb->len > cb->hlen || as->kind != STACK_TCP || as->tcp_state == TCPS_TIME_WAIT)
		handle = atmos_rx_give(as->dom, skb);
	else
		consume_skb(skb);
	e->hdr.handle = handle;
	return true;
}

/* Places what is due. Returns which flags of @pending were served. */
u32 conn_events(struct atmos_sock *as)
{
	u32 most = as->kind == STACK_LISTEN ? STACK_LISTEN_BATCH : STACK_RX_BATCH;
	u32 pending = as->pending;
	struct sk_buff *skb;

	if (unlikely(pending & (ATMOS_EV_SETOPT | ATMOS_EV_CONNECT | ATMOS_EV_LISTEN |
				ATMOS_EV_ICMP | ATMOS_EV_PMTU)))
		conn_events_rare(as, pending);
	if (pending & (ATMOS_EV_SEND | ATMOS_EV_CONSUMED | ATMOS_EV_SHUTDOWN))
		conn_events_app(as, pending);
	if (unlikely(pending & ATMOS_EV_WAKE))
		CONN_EVENT(as, TIMER, 0);
	if (unlikely(pending & ATMOS_EV_ABORT))
		CONN_EVENT(as, ABORT, 0);
	if (pending & ATMOS_EV_SENDTO)
		most -= atmos_dgram_events(as, most);
	while (most-- && (skb = skb_peek(&as->rxq))) {
		/* Unlinked first: the frame may be gone with its event. */
		__skb_unlink(skb, &as->rxq);
		if (!conn_event_rx(as, skb)) {
			__skb_queue_head(&as->rxq, skb);
			break;
		}
	}
	/* Whatever it is told, it looks at its deadline. */
	if (unlikely(!as->dom->in->nr_slots && as->deadline && as->deadline <= atmos_now_us()))
		CONN_EVENT(as, TIMER, 0)->deadline = as->deadline;
	return pending;
}
