// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selective acknowledgment: blocks from the peer onto our list of ranges in
 * flight, and our own holes into blocks for the peer (RFC 2018, RFC 2883).
 */
#include "tcp.h"

/* Mark [start, end) as received, in low bits, inside (snd_una, snd_nxt]. */
static void sack_mark(struct tcp *t, u32 start, u32 end)
{
	struct tcp_record *r = t->r;
	u32 i, at = (u32)r->snd_una;

	for (i = 0; i < r->nr_tx; i++) {
		u32 e_end = r->tx[i].end_seq;

		if (!before(at, end))
			break;
		if (!after(e_end, start)) {
			at = e_end;
			continue;
		}
		if (!(r->tx[i].stamp & TCP_TX_SACKED)) {
			if (before(at, start)) {
				/* the part before the block stays as it is */
				if (!tcp_tx_split(t, i, start))
					return;
				at = start;
				continue;
			}
			if (after(e_end, end)) {
				if (!tcp_tx_split(t, i, end))
					return;
				e_end = end;
			}
			tcp_tx_delivered(t, i, e_end);
			r->tx[i].stamp |= TCP_TX_SACKED;
			r->tx[i].stamp &= ~(TCP_TX_LOST | TCP_TX_RETRANS);
			t->sacked = true;
		}
		at = e_end;
	}
}

/**
 * tcp_sack_in() - take the SACK blocks of a segment
 * @t: the run
 * @s: the segment
 * @ack: low bits of its acknowledgment
 *
 * Blocks that are not within what is in flight are ignored; a first one below
 * the acknowledgment, or inside the second, reports a duplicate (RFC 2883 4).
 */
void tcp_sack_in(struct tcp *t, const struct tcp_seg *s, u32 ack)
{
	struct tcp_record *r = t->r;
	u32 n = min_u32(s->nr_sack, TCP_SACK_BLOCKS), i;

	for (i = 0; i < n; i++) {
		u32 start = get32(s->sack + 8 * i) - r->iss;
		u32 end = get32(s->sack + 8 * i + 4) - r->iss;

		if (!before(start, end) || after(end, (u32)r->snd_nxt))
			continue;
		if (!i) {
			bool dup = !after(end, ack);

			if (n > 1 && !dup) {
				u32 s2 = get32(s->sack + 8) - r->iss;
				u32 e2 = get32(s->sack + 12) - r->iss;

				dup = before(s2, e2) && !before(start, s2) &&
				      !after(end, e2);
			}
			if (dup) {
				t->dsack_in = true;
				continue;
			}
		}
		if (!after(end, (u32)r->snd_una))
			continue;
		if (before(start, (u32)r->snd_una))
			start = (u32)r->snd_una;
		tcp_tx_room(t, 2);	/* for both cuts */
		sack_mark(t, start, end);
	}
	if (t->sacked)
		tcp_tx_merge(r);
}

/**
 * tcp_sack_out() - the blocks of an ACK
 * @t: the run
 * @sack: wire numbers, 2 for each block
 * @max: most blocks that fit
 *
 * A duplicate comes first (RFC 2883 4), then the newest range and the others
 * in the order of their last change (RFC 2018 4).
 *
 * Return: number of blocks.
 */
u32 tcp_sack_out(struct tcp *t, u32 *sack, u32 max)
{
	struct tcp_record *r = t->r;
	u32 n = 0, i;

	if (!(r->flags & TCP_F_SACK))
		return 0;
	if (t->dsack && max) {
		sack[0] = r->irs + t->dsack_start;
		sack[1] = r->irs + t->dsack_end;
		n = 1;
	}
	for (i = 0; i < r->nr_ooo && n < max; i++, n++) {
		sack[2 * n] = r->irs + r->ooo[i].start_seq;
		sack[2 * n + 1] = r->irs + r->ooo[i].end_seq;
	}
	return n;
}
