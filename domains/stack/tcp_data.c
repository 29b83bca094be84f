// SPDX-License-Identifier: GPL-2.0-only
/*
 * Received data: what is in order goes to the reader, what is ahead of the
 * stream is stashed, what was here before is dropped.
 *
 * Overlaps are cut away, so that no byte is delivered twice and stashed
 * pieces never overlap. A piece is one contiguous part of a segment; what
 * sticks out behind bytes that we already have is left to retransmission.
 */
#include "tcp.h"

static void ooo_remove(struct tcp_record *r, u32 i)
{
	for (; i + 1 < r->nr_ooo; i++)
		r->ooo[i] = r->ooo[i + 1];
	r->nr_ooo--;
	r->ooo[r->nr_ooo] = (struct tcp_range){ 0, 0 };
}

/* RFC 2883 4: the first duplicate of a run is reported. */
static void duplicate(struct tcp *t, u64 start, u64 end)
{
	if (t->dsack || start >= end)
		return;
	t->dsack = true;
	t->dsack_start = (u32)start;
	t->dsack_end = (u32)end;
}

/* End of the stream's complete part if it now reaches @upto. */
static u64 join_ooo(struct tcp_record *r, u64 upto)
{
	u32 i = 0;

	while (i < r->nr_ooo) {
		if (!after(r->ooo[i].start_seq, (u32)upto)) {
			u64 end = tcp_ext(upto, r->ooo[i].end_seq);

			if (end > upto)
				upto = end;
			ooo_remove(r, i);
			i = 0;		/* at most 16 times */
		} else {
			i++;
		}
	}
	return upto;
}

/* Bytes [start, end) at the head of the stream. */
static u32 in_order(struct tcp *t, const struct tcp_seg *s, u64 start, u64 end,
		    u32 off)
{
	struct tcp_record *r = t->r;
	struct dom_cmd_DELIVER *c;
	u32 i;

	for (i = 0; i < r->nr_ooo; i++) {
		if (before(r->ooo[i].start_seq, (u32)end)) {
			u64 cut = tcp_ext(start, r->ooo[i].start_seq);
			u64 known = tcp_ext(start, r->ooo[i].end_seq);

			duplicate(t, cut, min_u64(end, known));
			end = cut;
		}
	}
	c = RUN_CMD(&t->run, DELIVER, s->handle, 0);
	if (!c)
		return STACK_DROP_FULL;
	if (r->nr_ooo)		/* a hole is filled: RFC 5681 4.2 */
		r->flags |= TCP_F_ACK_NOW;
	c->pos = start - 1;
	c->len = (u32)(end - start);
	c->offset = off;
	r->rcv_nxt = r->nr_ooo ? join_ooo(r, end) : end;
	c->upto = r->rcv_nxt - 1;
	return 0;
}

/* Bytes [start, end) behind a hole. */
static u32 ahead(struct tcp *t, const struct tcp_seg *s, u64 start, u64 end,
		 u32 off)
{
	struct tcp_record *r = t->r;
	u64 from = start, to = end;
	struct dom_cmd_STASH *c;
	bool touches = false;
	u32 i, n;

	r->flags |= TCP_F_ACK_NOW;	/* RFC 5681 4.2: at once */
	t->dup_acks++;
	r->quick = TCP_QUICK;
	r->pingpong = 0;
	/* the first part that is new; ranges are not in order */
	for (n = 0; n <= r->nr_ooo; n++) {
		u64 was = from;

		for (i = 0; i < r->nr_ooo; i++)
			if (!after(r->ooo[i].start_seq, (u32)from) &&
			    after(r->ooo[i].end_seq, (u32)from))
				from = tcp_ext(from, r->ooo[i].end_seq);
		if (from == was)
			break;
	}
	duplicate(t, start, min_u64(from, end));
	if (from >= end)
		return STACK_DROP_DUP;
	for (i = 0; i < r->nr_ooo; i++) {
		u64 at = tcp_ext(from, r->ooo[i].start_seq);

		if (at > from && at < to)
			to = at;
	}
	for (i = 0; i < r->nr_ooo; i++)
		if (r->ooo[i].start_seq == (u32)to ||
		    r->ooo[i].end_seq == (u32)from)
			touches = true;
	if (!touches && r->nr_ooo == TCP_OOO_MAX)
		return STACK_DROP_FULL;
	c = RUN_CMD(&t->run, STASH, s->handle, 0);
	if (!c)
		return STACK_DROP_FULL;
	c->pos = from - 1;
	c->len = (u32)(to - from);
	c->offset = off + (u32)(from - start);

	/* join with the neighbours; the newest is first (RFC 2018 4) */
	for (i = 0; i < r->nr_ooo;) {
		if (r->ooo[i].end_seq == (u32)from) {
			from = tcp_ext(from, r->ooo[i].start_seq);
			ooo_remove(r, i);
		} else if (r->ooo[i].start_seq == (u32)to) {
			to = tcp_ext(to, r->ooo[i].end_seq);
			ooo_remove(r, i);
		} else {
			i++;
		}
	}
	for (i = r->nr_ooo; i > 0; i--)
		r->ooo[i] = r->ooo[i - 1];
	r->ooo[0] = (struct tcp_range){ (u32)from, (u32)to };
	r->nr_ooo++;
	return 0;
}

/**
 * tcp_rcv_mss() - the peer's segments are larger than was known
 * @t: the run
 * @size: payload of one
 *
 * A frame that was coalesced without saying of what is no segment.
 */
void tcp_rcv_mss(struct tcp *t, u32 size)
{
	t->r->rcv_mss = (u16)min_u32(size, tcp_mss_local(t));
}

/**
 * tcp_data_in() - the payload of an acceptable segment
 * @t: the run
 * @s: the segment
 * @seq: its extended sequence number
 *
 * Return: 0 if the object was taken, else the reason to drop it.
 */
u32 tcp_data_in(struct tcp *t, const struct tcp_seg *s, u64 seq)
{
	struct tcp_record *r = t->r;
	u64 start = seq, end = seq + s->len, limit = r->rcv_adv;
	u32 off = s->off, size;

	if (s->handle == DOM_NO_HANDLE)
		return STACK_DROP_EMPTY;
	if (r->rcv_fin)
		limit = min_u64(limit, r->rcv_fin);
	if (start < r->rcv_nxt) {
		duplicate(t, start, min_u64(r->rcv_nxt, end));
		r->flags |= TCP_F_ACK_NOW;
		off += (u32)(r->rcv_nxt - start);
		start = r->rcv_nxt;
	}
	if (end > limit) {
		/* RFC 9293 3.10.7.4: what is beyond the window is not taken */
		r->flags |= TCP_F_ACK_NOW;
		end = limit;
	}
	if (start >= end)
		return start >= limit ? STACK_DROP_FULL : STACK_DROP_DUP;
	size = s->seg_size ? s->seg_size : s->len;
	if (size > r->rcv_mss)
		tcp_rcv_mss(t, size);
	t->data_in = true;
	if (start == r->rcv_nxt)
		return in_order(t, s, start, end, off);
	return ahead(t, s, start, end, off);
}

/**
 * tcp_fin_in() - the stream has reached the peer's FIN
 * @t: the run
 *
 * RFC 9293 3.10.7.4 eighth check.
 */
void tcp_fin_in(struct tcp *t)
{
	struct tcp_record *r = t->r;

	r->rcv_nxt = r->rcv_fin + 1;
	if (r->rcv_adv < r->rcv_nxt)
		r->rcv_adv = r->rcv_nxt;
	while (r->nr_ooo)
		ooo_remove(r, 0);
	r->flags |= TCP_F_ACK_NOW;
	switch (r->head.state) {
	case TCPS_ESTABLISHED:
		r->head.state = TCPS_CLOSE_WAIT;
		break;
	case TCPS_FIN_WAIT1:
		r->head.state = TCPS_CLOSING;
		break;
	case TCPS_FIN_WAIT2:
		tcp_time_wait(t);
		break;
	}
}
