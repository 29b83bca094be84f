// SPDX-License-Identifier: GPL-2.0-only
/*
 * What comes in for a socket: frames, of which some are turned away while its
 * reader or the memory's limits do not keep up, and ICMP errors.
 */
#include <net/tcp.h>

#include "conn.h"
#include "sock.h"

/* Memory that the limits did not grant when it was taken: do they by now? */
static bool conn_owes(struct sock *sk)
{
	return sk->sk_forward_alloc < 0 &&
	       !__sk_mem_schedule(sk, -sk->sk_forward_alloc, SK_MEM_RECV);
}

/* Does the frame begin where the stream goes on, or before, with nothing to read? */
static bool conn_fills_gap(const struct atmos_sock *as, const struct sk_buff *skb)
{
	const struct tcp_record *tcb = as->kind == STACK_TCP ? atmos_sock_tcb(as) : NULL;
	const struct tcphdr *th = (const struct tcphdr *)(skb->data + atmos_rx_cb(skb)->l4);

	return tcb && skb_queue_empty(&as->inet.sk.sk_receive_queue) &&
	       (s32)(ntohl(th->seq) - tcb->rcv_nxt) <= 0;
}

/*
 * Frames with payload are turned away while the reader has left twice its
 * buffer lying: what a peer sends within its window cannot take more, however
 * small it cuts its segments. Acknowledgments still count. Datagrams are while
 * the buffer is full: a flood then costs no entries. So it is while a socket
 * owes memory that the limits did not grant.
 *
 * What fills a gap is never turned away while the reader has nothing to read:
 * all that takes memory then is what waits for it.
 */
static void conn_shed(struct atmos_sock *as, struct sk_buff_head *frames)
{
	struct sk_buff *skb, *next;

	skb_queue_walk_safe(frames, skb, next) {
		if (skb->len <= atmos_rx_cb(skb)->hlen || conn_fills_gap(as, skb))
			continue;
		__skb_unlink(skb, frames);
		atomic_inc(&atmos_sock_sk(as)->sk_drops);
		kfree_skb(skb);
	}
}

/**
 * atmos_conn_rx() - frames of one socket
 * @as: socket, found under RCU
 * @frames: in order of arrival, with struct atmos_rx_cb; empty afterwards
 *
 * Context: softirq, RCU read side; takes the socket's lock.
 */
void atmos_conn_rx(struct atmos_sock *as, struct sk_buff_head *frames)
{
	struct sock *sk = atmos_sock_sk(as);
	struct sk_buff_head again;

	__skb_queue_head_init(&again);
	spin_lock(&as->lock);
	if (as->kind != STACK_LISTEN &&
	    unlikely(conn_owes(sk) ||
		     atomic_read(&sk->sk_rmem_alloc) >
		     READ_ONCE(sk->sk_rcvbuf) << (as->kind == STACK_TCP)))
		conn_shed(as, frames);
	skb_queue_splice_tail_init(frames, &as->rxq);
	atmos_conn_run(as);
	skb_queue_splice_init(&as->resteer, &again);
	spin_unlock(&as->lock);
	if (unlikely(!skb_queue_empty(&again)))
		atmos_rx_again(as->net, &again);
}

/**
 * atmos_conn_icmp() - an ICMP error that quotes one of the socket's packets
 * @as: socket, found under RCU
 * @icmp: the error
 *
 * Dropped when memory is short or another one is pending: ICMP may be lost.
 *
 * Context: softirq, RCU read side; takes the socket's lock.
 */
void atmos_conn_icmp(struct atmos_sock *as, const struct atmos_icmp *icmp)
{
	spin_lock(&as->lock);
	if (!as->icmp && !as->defunct) {
		as->icmp = kmemdup(icmp, sizeof(*icmp), GFP_ATOMIC | __GFP_NOWARN);
		if (as->icmp)
			atmos_conn_post(as, ATMOS_EV_ICMP);
	}
	spin_unlock(&as->lock);
}
