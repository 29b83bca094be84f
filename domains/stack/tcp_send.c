// SPDX-License-Identifier: GPL-2.0-only
/*
 * What may be sent: retransmissions first, then new data as far as the peer's
 * window, congestion and Nagle allow, FIN, and an ACK if none of these
 * carried it.
 */
#include "tcp.h"

#define XMIT_MAX	(65535u - 120u)	/* headers count in the length field */

/* Payload of a full segment now: SACK blocks take their part (RFC 6691 2). */
static u32 segment_size(const struct tcp *t)
{
	const struct tcp_record *r = t->r;
	u32 n, seg = r->mss;

	if (likely(!r->nr_ooo && !t->dsack) || !(r->flags & TCP_F_SACK))
		return seg;
	n = min_u32(r->nr_ooo + t->dsack, r->flags & TCP_F_TS ? 3 : 4);
	return seg - min_u32(4 + 8 * n, seg / 2);
}

/* Most payload of one command. */
static u32 chunk_max(const struct tcp *t, u32 seg)
{
	u32 max = min_u32(t->run.cfg->max_gso, XMIT_MAX);

	/* the urgent pointer is of one segment only */
	if (max < 2 * seg || t->r->snd_urg + 1 > t->r->snd_una + 1)
		return seg;
	return max / seg * seg;
}

static void count_out(struct tcp_record *r, u32 len)
{
	if (r->ca_state == TCPCA_RECOVERY || r->ca_state == TCPCA_CWR)
		r->prr_out += len;
}

/* Send lost ranges again, oldest first. Returns false if stalled. */
static bool retransmit(struct tcp *t, u32 seg, u32 *pipe)
{
	struct tcp_record *r = t->r;
	u32 i, max = chunk_max(t, seg);

	for (i = 0; i < r->nr_tx; i++) {
		u64 seq;
		u32 len, room, data, at;
		bool fin;

		if (!(r->tx[i].stamp & TCP_TX_LOST))
			continue;
		room = r->cwnd > *pipe ? r->cwnd - *pipe : 0;
		if (t->force_rtx)
			room = max_u32(room, seg);
		at = tcp_tx_start(r, i);
		seq = tcp_ext(r->snd_una, at);
		len = tcp_tx_len(r, i);
		fin = (r->flags & TCP_F_FIN_SENT) &&
		      seq + len == r->snd_tail + 1;
		data = min_u32(len - fin, min_u32(max, max_u32(room, 1)));
		if (data > seg)
			data = data / seg * seg;
		if (data > room || (data < len - fin && data < seg))
			return true;
		if (data < len - fin)
			fin = false;
		if (!tcp_send_seg(t, seq, data, seg,
				  (fin ? TCP_FIN : 0) |
				  (data && seq + data == r->snd_tail ?
				   TCP_PSH : 0),
				  STACK_XMIT_RETRANS))
			return false;
		t->force_rtx = false;
		r->retrans += 1 + (data ? (data - 1) / seg : 0);
		data += fin;
		*pipe += data;
		count_out(r, data);
		tcp_tx_sent_again(t, i, data);
		if (data < len)
			i = ~0u;	/* entries moved: look from the start */
	}
	return true;
}

/*
 * May a segment that is not full go (RFC 9293 3.7.4)? Minshall's form of
 * Nagle: only one small segment may be under way.
 */
static bool small_ok(const struct tcp *t)
{
	const struct tcp_record *r = t->r;

	if (t->probe_len || tcp_fin_wanted(r) || r->snd_urg + 1 > r->snd_nxt)
		return true;
	if (r->opts.flags & STACK_SO_CORK || r->flags & TCP_F_MORE)
		return false;
	return r->opts.flags & STACK_SO_NODELAY || !tcp_flight(r) ||
	       !after(r->snd_sml_seq, (u32)r->snd_una);
}

/* How much of what waits may go in the next command. */
static u32 sendable(struct tcp *t, u32 seg, u32 pipe)
{
	struct tcp_record *r = t->r;
	u32 flight = tcp_flight(r), max = chunk_max(t, seg), n, part;
	u64 avail = r->snd_tail - r->snd_nxt;
	u32 wnd = r->snd_wnd > flight ? r->snd_wnd - flight : 0;
	u32 cwnd = r->cwnd > pipe ? r->cwnd - pipe : 0;
	u64 usable = min_u64(wnd, TCP_FLIGHT_MAX - flight);

	if (t->probe_len)
		return (u32)min_u64(avail, min_u64(usable, min_u32(t->probe_len, seg)));
	n = (u32)min_u64(min_u64(avail, usable), min_u32(cwnd, max));
	part = n % seg;
	if (!part)
		return n;
	if (n == avail ? small_ok(t) :
	    /* RFC 9293 3.8.6.2.1 (3): half of the largest window */
	    n == wnd && !flight && n >= r->snd_wnd_max / 2)
		return n;
	return n - part;
}

/* RFC 4821: one larger packet, if that is wanted. Returns bytes sent. */
static u32 mtu_probe(struct tcp *t, u32 pipe)
{
	struct tcp_record *r = t->r;
	u32 flight = tcp_flight(r), len;
	u64 usable = r->snd_wnd > flight ? r->snd_wnd - flight : 0;

	/* a FIN that was sent has a number of its own, beyond the tail */
	if (r->snd_tail <= r->snd_nxt)
		return 0;
	usable = min_u64(usable, r->cwnd > pipe ? r->cwnd - pipe : 0);
	usable = min_u64(usable, r->snd_tail - r->snd_nxt);
	len = tcp_mtu_probe_want(t, usable);
	if (!len)
		return 0;
	if (!tcp_send_seg(t, r->snd_nxt, len, len, 0, STACK_XMIT_PROBE)) {
		r->mtu_probe = 0;
		return 0;
	}
	r->snd_nxt += len;
	r->mtu_probe_seq = (u32)r->snd_nxt;
	tcp_tx_append(t, (u32)r->snd_nxt, TCP_TX_CUT);
	return len;
}

/* New data and FIN. */
static void send_new(struct tcp *t, u32 seg, u32 pipe)
{
	struct tcp_record *r = t->r;

	if (!r->nr_tx && r->cwnd &&
	    (u64)(t->run.now_ms - r->last_snd_ms) * 1000 > tcp_rto(t) &&
	    r->snd_tail > r->snd_nxt)
		tcp_cc_idle(t);
	if (unlikely(r->opts.flags & STACK_SO_MTU_PROBE ||
		     r->flags & TCP_F_BLACKHOLE)) {
		u32 n = mtu_probe(t, pipe);

		pipe += n;
		count_out(r, n);
	}
	for (;;) {
		u32 n = 0, all;
		u8 flags = 0;

		if (r->flags & TCP_F_FIN_SENT)
			return;
		if (r->snd_tail > r->snd_nxt) {
			n = sendable(t, seg, pipe);
			if (!n)
				return;
		} else if (!tcp_fin_wanted(r)) {
			return;
		}
		if (r->snd_nxt + n == r->snd_tail) {
			if (n)
				flags |= TCP_PSH;
			if (tcp_fin_wanted(r))
				flags |= TCP_FIN;
		}
		if (!tcp_send_seg(t, r->snd_nxt, n, seg, flags, 0))
			return;
		all = n + !!(flags & TCP_FIN);
		r->snd_nxt += all;
		if (flags & TCP_FIN) {
			r->flags |= TCP_F_FIN_SENT;
			t->data_out = true;
		}
		if (n % seg)
			r->snd_sml_seq = (u32)r->snd_nxt;
		tcp_tx_append(t, (u32)r->snd_nxt, 0);
		pipe += all;
		count_out(r, all);
		t->probe_len = 0;
		if (!r->t_stall)
			r->t_stall = t->run.now;
	}
}

/**
 * tcp_output() - send what may be sent
 * @t: the run
 */
void tcp_output(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 pipe = 0, seg;

	if (!tcp_synced(r))
		return;
	if (r->nr_tx || (tcp_can_send(r) &&
			 (r->snd_tail > r->snd_nxt || tcp_fin_wanted(r)))) {
		seg = segment_size(t);
		/* the open state: nothing is SACKed, nothing lost */
		pipe = r->ca_state == TCPCA_OPEN && !t->force_rtx ?
			tcp_flight(r) : tcp_tx_pipe(r);
		if (unlikely(r->ca_state >= TCPCA_RECOVERY || t->force_rtx) &&
		    !(r->flags & TCP_F_FRTO2) && !retransmit(t, seg, &pipe))
			return;
		if (tcp_can_send(r))
			send_new(t, seg, pipe);
	}
	if (r->flags & TCP_F_ACK_NOW)
		tcp_send_ack(t);
	/* RFC 5681 3.2: a peer without SACK counts them, up to its threshold */
	t->dup_acks = min_u32(t->dup_acks, TCP_DUPTHRESH);
	while (t->dup_acks && !(r->flags & TCP_F_SACK) && !t->stalled &&
	       tcp_send_ack(t))
		;
	t->dup_acks = 0;
}
