// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP: received bytes on their way to the reader: the receive queue, urgent
 * data, the window that is offered, and how large the buffer is.
 *
 * Commits append to the queue, readers (stream_recv.c) take from its head; both
 * under the socket's lock, which all functions here want held, bottom halves
 * off. A reader copies from the head without the lock, so nothing may change
 * an skb that is the head, and with &atmos_sock.peekers none that is queued.
 */
#include <linux/math64.h>
#include <linux/ktime.h>
#include <net/busy_poll.h>

#include "compat.h"
#include "sock.h"

/* A buffer of so many bytes offers half of them: the rest is overhead. */
#define QUEUE_ROOM(rcvbuf)	((u32)(rcvbuf) >> 1)

/* Least change of the window that is worth an event, as a shift of the room. */
#define QUEUE_EDGE_STEP		3

/* RFC 9293 3.7.1: what a segment can carry anywhere. */
#define QUEUE_MSS_MIN		536

/* Initial window, in segments (RFC 6928), from which the reader's speed is measured. */
#define QUEUE_TUNE_SEGS		10

/* ---- small packets ---- */

/*
 * A stream that comes in tiny packets would take many times its length, as
 * each holds a frame's buffer. Where that has filled the buffer, payload is
 * collected in buffers of a page. They are told by &atmos_data_cb.id.
 */
#define QUEUE_COLLECTED		1
#define QUEUE_COLLECT_SIZE	SKB_WITH_OVERHEAD(PAGE_SIZE)

static bool queue_wasteful(const struct sock *sk, const struct sk_buff *skb, u32 len)
{
	return atomic_read(&sk->sk_rmem_alloc) > sk->sk_rcvbuf && skb->truesize > 4 * len;
}

/* Where @len more bytes can be added: the tail, if nobody reads it, or a new skb. */
static struct sk_buff *queue_collector(struct atmos_sock *as, u64 pos, u32 len)
{
	struct sk_buff_head *queue = &atmos_sock_sk(as)->sk_receive_queue;
	struct sk_buff *skb = skb_peek_tail(queue);

	if (skb && skb != skb_peek(queue) && !as->peekers &&
	    atmos_data_cb(skb)->id == QUEUE_COLLECTED && skb_tailroom(skb) >= len)
		return skb;
	skb = alloc_skb(QUEUE_COLLECT_SIZE, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return NULL;
	*atmos_data_cb(skb) = (struct atmos_data_cb) { .pos = pos, .id = QUEUE_COLLECTED };
	atmos_rmem_charge(atmos_sock_sk(as), skb);
	__skb_queue_tail(queue, skb);
	return skb;
}

/* Takes the payload, if that can be: the skb is the caller's still. */
static bool queue_collect(struct atmos_sock *as, struct sk_buff *skb, u64 pos, u32 offset,
			  u32 len)
{
	struct sk_buff *to;

	if (len > QUEUE_COLLECT_SIZE / 4)
		return false;
	to = queue_collector(as, pos, len);
	if (!to)
		return false;
	if (skb_copy_bits(skb, offset, skb_put(to, len), len))
		memset(skb_tail_pointer(to) - len, 0, len);	/* checked: cannot be */
	to->tstamp = skb->tstamp;
	skb_hwtstamps(to)->hwtstamp = skb_hwtstamps(skb)->hwtstamp;
	atmos_data_cb(to)->len += len;
	return true;
}

/* ---- urgent data ---- */

/* The urgent byte is in the queue, maybe: it is looked for from the end. */
static void queue_urgent_byte(struct atmos_sock *as)
{
	struct sk_buff *skb;

	skb_queue_reverse_walk(&atmos_sock_sk(as)->sk_receive_queue, skb) {
		const struct atmos_data_cb *cb = atmos_data_cb(skb);

		if (cb->pos > as->urg_pos)
			continue;
		if (as->urg_pos - cb->pos < cb->len &&
		    !skb_copy_bits(skb, cb->offset + (as->urg_pos - cb->pos), &as->urg_byte, 1)) {
			as->urg_state = ATMOS_URG_HERE;
			as->wake |= ATMOS_WAKE_READ;
		}
		return;
	}
}

/**
 * atmos_stream_urgent() - the peer has announced urgent data
 * @as: socket
 * @pos: of the urgent byte
 *
 * As Linux: one byte, and an older one that stands at the reader's place and
 * was not read is gone (RFC 6093).
 *
 * Context: commit; socket's lock held.
 */
void atmos_stream_urgent(struct atmos_sock *as, u64 pos)
{
	struct sock *sk = atmos_sock_sk(as);

	if (pos < as->rcv_pos || (as->urg_state != ATMOS_URG_NONE && pos <= as->urg_pos))
		return;
	sk_send_sigurg(sk);
	if (as->urg_state != ATMOS_URG_NONE && as->urg_pos == as->rcv_pos &&
	    as->rcv_pos < as->rcv_next && !sock_flag(sk, SOCK_URGINLINE))
		WRITE_ONCE(as->rcv_pos, as->rcv_pos + 1);
	as->urg_pos = pos;
	as->urg_state = ATMOS_URG_AHEAD;
	if (pos < as->rcv_next)
		queue_urgent_byte(as);
}

/* ---- in ---- */

static void queue_add(struct atmos_sock *as, struct sk_buff *skb, u64 pos, u32 offset, u32 len)
{
	struct sock *sk = atmos_sock_sk(as);

	if (unlikely(queue_wasteful(sk, skb, len)) && queue_collect(as, skb, pos, offset, len)) {
		kfree_skb(skb);
		return;
	}
	skb_dst_drop(skb);
	nf_reset_ct(skb);
	skb->dev = NULL;
	*atmos_data_cb(skb) = (struct atmos_data_cb) { .pos = pos, .offset = offset, .len = len };
	if (skb->sk != sk)	/* not from the stash */
		atmos_rmem_charge(sk, skb);
	/* The reader finds it without the lock: complete, or not at all. */
	smp_wmb();
	__skb_queue_tail(&sk->sk_receive_queue, skb);
}

/**
 * atmos_stream_deliver() - bytes for the reader
 * @as: socket
 * @cmd: checked: the stream goes on with this frame, then with stashed ones
 * @skb: the frame, with its reference
 *
 * Context: commit; socket's lock held.
 */
void atmos_stream_deliver(struct atmos_sock *as, const struct dom_cmd_DELIVER *cmd,
			  struct sk_buff *skb)
{
	struct sock *sk = atmos_sock_sk(as);
	u64 pos = cmd->pos + cmd->len;

	sk_mark_napi_id(sk, skb);
	if (unlikely(sk->sk_flags & SK_FLAGS_TIMESTAMP) && !skb->tstamp)
		__net_timestamp(skb);
	queue_add(as, skb, cmd->pos, cmd->offset, cmd->len);
	while (unlikely(pos < cmd->upto)) {
		skb = atmos_stash_find(&as->stash, pos, 0);
		if (!skb)	/* checked: cannot be */
			break;
		rb_erase(&skb->rbnode, &as->stash);
		as->stash_bytes -= atmos_data_cb(skb)->len;
		pos += atmos_data_cb(skb)->len;
		queue_add(as, skb, pos - atmos_data_cb(skb)->len, atmos_data_cb(skb)->offset,
			  atmos_data_cb(skb)->len);
	}
	/* recvmsg(): behind the bytes */
	smp_store_release(&as->rcv_next, pos);
	if (unlikely(as->urg_state == ATMOS_URG_AHEAD && as->urg_pos < pos))
		queue_urgent_byte(as);
	if (likely(atmos_stream_readable(as, READ_ONCE(sk->sk_rcvlowat))))
		as->wake |= ATMOS_WAKE_READ;
}

/**
 * atmos_stream_readable() - is there enough to read?
 * @as: socket
 * @target: bytes, as of SO_RCVLOWAT
 *
 * What keeps the peer from sending more counts as enough.
 *
 * Context: any; without the socket's lock the answer is a hint.
 */
bool atmos_stream_readable(const struct atmos_sock *as, u32 target)
{
	const struct sock *sk = (const struct sock *)as;
	u64 next = READ_ONCE(as->rcv_next), pos = READ_ONCE(as->rcv_pos);

	if (next <= pos)
		return false;
	return next - pos >= target ||
	       next + (atmos_stream_room(sk) >> QUEUE_EDGE_STEP) > READ_ONCE(as->rcv_edge) ||
	       atomic_read(&sk->sk_rmem_alloc) > READ_ONCE(sk->sk_rcvbuf);
}

/* ---- the window ---- */

/**
 * atmos_stream_room() - bytes that an empty receive buffer offers to the peer
 * @sk: socket
 *
 * Context: any. Return: bytes.
 */
u32 atmos_stream_room(const struct sock *sk)
{
	return QUEUE_ROOM(READ_ONCE(sk->sk_rcvbuf));
}

/*
 * Dynamic right-sizing: who reads more in a round trip than ever before, wants
 * a window of twice that, for losses, and as much again as it grew, because
 * the sender may be in slow start.
 */
static void queue_grow(struct atmos_sock *as, u64 read, u32 mss)
{
	struct sock *sk = atmos_sock_sk(as);
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;
	u64 win = 2 * read + 16ull * mss, rcvbuf;

	if (!READ_ONCE(ipv4->sysctl_tcp_moderate_rcvbuf) || sk->sk_userlocks & SOCK_RCVBUF_LOCK ||
	    sk_under_memory_pressure(sk))
		return;
	win += 2 * div64_u64(win * (read - as->rcv_tune_space), as->rcv_tune_space);
	rcvbuf = min_t(u64, 2 * win, READ_ONCE(ipv4->sysctl_tcp_rmem[2]));
	if (rcvbuf > sk->sk_rcvbuf)
		WRITE_ONCE(sk->sk_rcvbuf, rcvbuf);
}

/* Measures, when more was read than in any round trip before. */
static noinline void queue_tune(struct atmos_sock *as, const struct tcp_record *r)
{
	u64 now = atmos_now_us();
	u64 read = as->rcv_pos - as->rcv_tune_pos, span = now - as->rcv_tune_us;
	u32 mss = max_t(u32, r->rcv_mss, QUEUE_MSS_MIN);

	if (!as->rcv_tune_us) {
		as->rcv_tune_space = QUEUE_TUNE_SEGS * mss;
	} else {
		if (span < r->rcv_rtt)
			return;
		/* It may be long ago that the measurement began. */
		read = mul_u64_u64_div_u64(read, r->rcv_rtt, span);
		if (read > as->rcv_tune_space) {
			read = min_t(u64, read, S32_MAX);
			queue_grow(as, read, mss);
			as->rcv_tune_space = read;
		}
	}
	as->rcv_tune_pos = as->rcv_pos;
	as->rcv_tune_us = now;
}

/**
 * atmos_stream_consumed() - bytes were read: offer their room to the peer
 * @as: socket; @rcv_pos has moved
 *
 * The domain is entered only where it would tell the peer at once (RFC 9293
 * 3.8.6.2.2): when the window at least doubles and it was small, or grows by
 * half the buffer. Otherwise the next segment carries the news, if they are of
 * any size.
 *
 * Context: process, lock_sock() and the socket's lock held.
 */
void atmos_stream_consumed(struct atmos_sock *as)
{
	const struct tcp_record *r = atmos_sock_tcb(as);
	u32 room = atmos_stream_room(atmos_sock_sk(as));
	u64 edge = as->rcv_pos + room, left, grow;

	if (unlikely(as->rcv_pos - as->rcv_tune_pos > as->rcv_tune_space) && r &&
	    atmos_tcb_whole(r) && r->rcv_rtt)
		queue_tune(as, r);
	if (likely(edge < as->rcv_edge + (room >> QUEUE_EDGE_STEP)))
		return;
	if (unlikely(sk_under_memory_pressure(atmos_sock_sk(as)))) {
		edge = as->rcv_pos + min_t(u32, room, 4 * ETH_DATA_LEN);
		if (edge <= as->rcv_edge)
			return;
	}
	as->rcv_edge = edge;
	if (as->defunct || as->eof)
		return;
	as->pending |= ATMOS_EV_CONSUMED;
	if (!r || r->rcv_adv > edge)
		return;
	left = r->rcv_adv > r->rcv_nxt ? r->rcv_adv - r->rcv_nxt : 0;
	grow = edge + 1 - r->rcv_adv;
	if (grow > left && (grow >= room / 2 ||
			    left < 2u * (atmos_tcb_whole(r) ? r->rcv_mss : r->mss)))
		atmos_conn_run(as);
}
