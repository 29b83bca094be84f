// SPDX-License-Identifier: GPL-2.0-only
/*
 * The window we offer (RFC 9293 3.8.6.2.2, RFC 7323 2).
 */
#include "tcp.h"

/**
 * tcp_window() - window field of the segment about to be sent
 * @t: the run
 *
 * Moves rcv_adv. The right edge never moves back, but for the rounding that
 * window scaling forces on the field; bytes up to rcv_adv are still taken.
 *
 * Return: the field, host order.
 */
u16 tcp_window(struct tcp *t)
{
	struct tcp_record *r = t->r;
	u32 scale = r->rcv_wscale, limit = min_u32(65535u << scale, TCP_WND_MAX);
	u64 room = r->rcv_edge > r->rcv_nxt ? r->rcv_edge - r->rcv_nxt : 0;
	u64 old = r->rcv_adv > r->rcv_nxt ? r->rcv_adv - r->rcv_nxt : 0;
	u64 win;

	if (r->opts.window_clamp && room > r->opts.window_clamp)
		room = r->opts.window_clamp;
	win = min_u64(room, limit);
	win = win >> scale << scale;
	if (win > old) {
		/*
		 * Silly window avoidance: the edge stays until it can move by
		 * a segment, or half of a small buffer.
		 */
		u32 step = max_u32(r->rcv_mss, 536);

		if (r->rcv_buf)
			step = min_u32(step, r->rcv_buf / 2);
		if (win - old < step)
			win = old;
	} else {
		win = min_u64(old, limit);
	}
	if (r->rcv_nxt + win > r->rcv_adv)
		r->rcv_adv = r->rcv_nxt + win;
	return (u16)(win >> scale);
}
