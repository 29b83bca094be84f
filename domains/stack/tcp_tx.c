// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in flight: a bounded list of ranges with the time of their last
 * transmission.
 *
 * RACK (RFC 8985) wants a time for each segment. Here neighbours that were
 * sent at the same time with the same fate share an entry, so the usual list
 * is as long as the number of bursts in flight. When it is full, neighbours
 * of the same fate sent close to each other are joined and keep the later
 * time: loss is then found later by that difference at most (an eighth of the
 * round trip at first), never too early. If that does not help, which needs a
 * peer that SACKs every other segment, the smallest neighbours are joined and
 * SACK information is forgotten (RFC 2018 8 permits it): bytes are then sent
 * again that need not be.
 */
#include "tcp.h"

#define TX_FATE	(TCP_TX_SACKED | TCP_TX_LOST | TCP_TX_RETRANS | TCP_TX_CUT)

static void tx_remove(struct tcp_record *r, u32 i, u32 n)
{
	u32 k;

	for (k = i; k + n < r->nr_tx; k++)
		r->tx[k] = r->tx[k + n];
	r->nr_tx -= (u8)n;
	for (k = r->nr_tx; k < r->nr_tx + n; k++)
		r->tx[k] = (struct tcp_tx){ 0 };
}

/* Later of two stamps, without flags. */
static u32 tx_later(u32 a, u32 b)
{
	u32 d = (a - b) & TCP_TX_TIME;

	return (d < TCP_TX_TIME / 2 ? a : b) & TCP_TX_TIME;
}

static u32 tx_distance(u32 a, u32 b)
{
	u32 d = (a - b) & TCP_TX_TIME;

	return d < TCP_TX_TIME / 2 ? d : TCP_TX_TIME + 1 - d;
}

/* Join neighbours of one fate that were sent within @span of each other. */
static void tx_join(struct tcp_record *r, u32 span)
{
	u32 i, n = 0;

	for (i = 1; i < r->nr_tx; i++) {
		struct tcp_tx *a = &r->tx[n], b = r->tx[i];
		u32 fate = a->stamp & TX_FATE;

		if (fate == (b.stamp & TX_FATE) && !(fate & TCP_TX_CUT) &&
		    ((fate & (TCP_TX_SACKED | TCP_TX_LOST)) ||
		     tx_distance(a->stamp, b.stamp) <= span)) {
			a->stamp = tx_later(a->stamp, b.stamp) | fate;
			a->end_seq = b.end_seq;
		} else {
			r->tx[++n] = b;
		}
	}
	if (r->nr_tx) {
		for (i = n + 1; i < r->nr_tx; i++)
			r->tx[i] = (struct tcp_tx){ 0 };
		r->nr_tx = (u8)(n + 1);
	}
}

/* Join the two smallest neighbours, whatever their fates. */
static void tx_force_join(struct tcp_record *r)
{
	u32 i, best = 0, best_len = ~0u, fate;
	struct tcp_tx *a, *b;

	for (i = 0; i + 1 < r->nr_tx; i++) {
		u32 len = r->tx[i + 1].end_seq - tcp_tx_start(r, i);

		if (len < best_len) {
			best = i;
			best_len = len;
		}
	}
	a = &r->tx[best];
	b = a + 1;
	fate = (a->stamp | b->stamp) & (TCP_TX_LOST | TCP_TX_RETRANS);
	b->stamp = tx_later(a->stamp, b->stamp) | fate;
	tx_remove(r, best, 1);
}

/**
 * tcp_tx_room() - make room for @want more entries
 * @t: the run
 * @want: how many
 *
 * Indexes change.
 */
void tcp_tx_room(struct tcp *t, u32 want)
{
	struct tcp_record *r = t->r;

	if (likely(r->nr_tx + want <= TCP_TX_MAX))
		return;
	tx_join(r, (r->srtt >> 3) / 32);	/* an eighth, in units of 4 us */
	if (r->nr_tx + want <= TCP_TX_MAX)
		return;
	tx_join(r, TCP_TX_TIME);
	while (r->nr_tx + want > TCP_TX_MAX)
		tx_force_join(r);
}

/**
 * tcp_tx_append() - new bytes up to @end_seq were sent now
 * @t: the run
 * @end_seq: low bits of the new snd_nxt
 * @flags: TCP_TX_CUT or 0
 */
void tcp_tx_append(struct tcp *t, u32 end_seq, u32 flags)
{
	struct tcp_record *r = t->r;
	u32 stamp = tcp_tx_now(t) | flags;

	if (r->nr_tx && r->tx[r->nr_tx - 1].stamp == stamp &&
	    !(stamp & TCP_TX_CUT)) {
		r->tx[r->nr_tx - 1].end_seq = end_seq;
		return;
	}
	/* nothing to compare with: after a pause the old time may have wrapped */
	if (!r->nr_tx)
		r->rack_time = (u32)t->run.now - 1;
	tcp_tx_room(t, 1);
	r->tx[r->nr_tx++] = (struct tcp_tx){ end_seq, stamp };
}

/**
 * tcp_tx_split() - divide entry @i at @seq, which is inside it
 * @t: the run
 * @i: index; afterwards the entry before @seq
 * @seq: low bits
 *
 * Return: false if the list is full; it is unchanged then.
 */
bool tcp_tx_split(struct tcp *t, u32 i, u32 seq)
{
	struct tcp_record *r = t->r;
	u32 k;

	if (r->nr_tx >= TCP_TX_MAX)
		return false;
	for (k = r->nr_tx; k > i; k--)
		r->tx[k] = r->tx[k - 1];
	r->tx[i].end_seq = seq;
	r->nr_tx++;
	return true;
}

/**
 * tcp_tx_merge() - join neighbours that need not be told apart
 * @r: the record
 */
void tcp_tx_merge(struct tcp_record *r)
{
	if (r->nr_tx > 1)
		tx_join(r, 0);
}

/**
 * tcp_tx_sent_again() - the first @len bytes of lost entry @i went out now
 * @t: the run
 * @i: index
 * @len: bytes
 */
void tcp_tx_sent_again(struct tcp *t, u32 i, u32 len)
{
	struct tcp_record *r = t->r;
	u32 start = tcp_tx_start(r, i);

	if (len < tcp_tx_len(r, i)) {
		if (r->nr_tx == TCP_TX_MAX) {
			/* the entry may move, and grow at its front */
			tcp_tx_room(t, 2);
			for (i = 0; i + 1u < r->nr_tx; i++)
				if (after(r->tx[i].end_seq, start))
					break;
			if (tcp_tx_start(r, i) != start) {
				tcp_tx_split(t, i, start);
				i++;
			}
		}
		if (start + len != r->tx[i].end_seq)
			tcp_tx_split(t, i, start + len);
	}
	r->tx[i].stamp = tcp_tx_now(t) | TCP_TX_RETRANS;
}

/**
 * tcp_tx_delivered() - the peer has entry @i up to @end_seq, as we now know
 * @t: the run
 * @i: index of an entry that was not SACKed
 * @end_seq: its end, or the point up to which it is acknowledged
 *
 * Collects the round trip (RFC 6298 3: never from retransmitted ranges) and
 * RACK's newest delivered transmission (RFC 8985 6.2 step 2).
 */
void tcp_tx_delivered(struct tcp *t, u32 i, u32 end_seq)
{
	struct tcp_record *r = t->r;
	const struct tcp_tx *e = &r->tx[i];
	u32 rtt = tcp_tx_age(t, e), sent = (u32)t->run.now - rtt;

	t->delivered += end_seq - tcp_tx_start(r, i);
	if (e->stamp & TCP_TX_RETRANS) {
		/* may be the ACK of the first transmission */
		if (rtt < r->min_rtt)
			return;
	} else {
		if (rtt > t->rtt_us)
			t->rtt_us = rtt;
		if (!t->ca_rtt_us || rtt < t->ca_rtt_us)
			t->ca_rtt_us = rtt ? rtt : 1;
		if (!after(end_seq, r->frto_seq))
			t->orig_delivered = true;
		/*
		 * RFC 8985 6.2 step 3: reordering, seen without retransmission,
		 * compared with what was known before this acknowledgment.
		 */
		if (before(end_seq, t->fack_seq))
			r->flags |= TCP_F_REORDER;
	}
	if (after(end_seq, r->rack_fack_seq))
		r->rack_fack_seq = end_seq;
	if (after(sent, r->rack_time) ||
	    (sent == r->rack_time && after(end_seq, r->rack_end_seq))) {
		r->rack_time = sent;
		r->rack_end_seq = end_seq;
		r->rack_rtt = rtt;
	}
}

/**
 * tcp_tx_ack() - everything before @ack is acknowledged
 * @t: the run
 * @ack: extended, within (snd_una, snd_nxt]
 */
void tcp_tx_ack(struct tcp *t, u64 ack)
{
	struct tcp_record *r = t->r;
	u32 n = 0, low = (u32)ack;

	while (n < r->nr_tx) {
		struct tcp_tx *e = &r->tx[n];
		bool whole = !after(e->end_seq, low);

		if (!whole && !before(tcp_tx_start(r, n), low))
			break;
		if (!(e->stamp & TCP_TX_SACKED))
			tcp_tx_delivered(t, n, whole ? e->end_seq : low);
		if (!whole)
			break;
		n++;
	}
	if (n)
		tx_remove(r, 0, n);
	r->snd_una = ack;
}

/**
 * tcp_tx_pipe() - bytes believed to be in the network (RFC 6675 4)
 * @r: the record
 *
 * Return: bytes.
 */
u32 tcp_tx_pipe(const struct tcp_record *r)
{
	u32 i, start = (u32)r->snd_una, pipe = 0;

	for (i = 0; i < r->nr_tx; i++) {
		if (!(r->tx[i].stamp & (TCP_TX_SACKED | TCP_TX_LOST)))
			pipe += r->tx[i].end_seq - start;
		start = r->tx[i].end_seq;
	}
	/* without SACK each duplicate ACK says that one segment has left */
	if (!(r->flags & TCP_F_SACK) && r->dupacks) {
		u32 left = r->dupacks * (u32)r->mss;

		pipe -= min_u32(left, pipe);
	}
	return pipe;
}

/**
 * tcp_tx_mark_lost() - everything not SACKed is lost
 * @r: the record
 * @sacked_too: the peer has gone back on its SACKs
 *
 * Return: number of entries marked.
 */
u32 tcp_tx_mark_lost(struct tcp_record *r, bool sacked_too)
{
	u32 i, n = 0;

	for (i = 0; i < r->nr_tx; i++) {
		u32 *s = &r->tx[i].stamp;

		if (sacked_too)
			*s &= ~TCP_TX_SACKED;
		if (!(*s & TCP_TX_SACKED)) {
			*s = (*s & ~TCP_TX_CUT) | TCP_TX_LOST;
			n++;
		}
	}
	return n;
}

/**
 * tcp_tx_unmark_lost() - nothing was lost after all
 * @r: the record
 */
void tcp_tx_unmark_lost(struct tcp_record *r)
{
	u32 i;

	for (i = 0; i < r->nr_tx; i++)
		r->tx[i].stamp &= ~TCP_TX_LOST;
}

/**
 * tcp_tx_any() - is there an entry with @flag?
 * @r: the record
 * @flag: TCP_TX_*
 *
 * Return: whether.
 */
bool tcp_tx_any(const struct tcp_record *r, u32 flag)
{
	u32 i;

	for (i = 0; i < r->nr_tx; i++)
		if (r->tx[i].stamp & flag)
			return true;
	return false;
}
