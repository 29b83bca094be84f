// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYN cookies: 5 bits of time, 3 bits of MSS, 24 bits of proof; the first
 * eight are masked, so that a cookie does not tell them to others. Half of the
 * proof binds the cookie to the flow, half to the peer's sequence number too.
 */
#include "tcp_cookie.h"

#define TICK_MS		65536u	/* a cookie is good for one to two of these */
#define TICK_MASK	31u

/* As common as MSS values are; RFC 9293's default comes first. */
static const u16 mss_table[8] = {
	536, 966, 1220, 1300, 1400, 1440, 1460, 8940,
};

/* The key is secret and 64 bits wide; this only has to spread it. */
static u64 mix(u64 key, u64 v)
{
	u64 x = key ^ (v * 0x9e3779b97f4a7c15ull);

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x += key << 17 | key >> 47;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

#define PROOF_FLOW	0x00fff000u
#define PROOF_IRS	0x00000fffu

static u32 proof(u64 key, u32 irs, u32 head)
{
	return ((u32)(mix(key, ~(u64)head) >> 40) & PROOF_FLOW) |
	       ((u32)(mix(key, (u64)head << 32 | irs) >> 40) & PROOF_IRS);
}

static u32 mask(u64 key)
{
	return (u32)(mix(key, ~0ull) >> 56);
}

u32 tcp_cookie_make(u64 flow_key, u32 irs, u16 mss, u64 now_ms)
{
	u32 tick = (u32)(now_ms / TICK_MS) & TICK_MASK, i = 7, head;

	while (i && mss_table[i] > mss)
		i--;
	head = tick << 3 | i;
	return (head ^ mask(flow_key)) << 24 | proof(flow_key, irs, head);
}

/* Which bits of the proof are wrong? All, if the cookie is too old. */
static u32 wrong(u64 flow_key, u32 irs, u32 cookie, u64 now_ms)
{
	u32 head = cookie >> 24 ^ mask(flow_key);
	u32 age = ((u32)(now_ms / TICK_MS) - (head >> 3)) & TICK_MASK;

	if (age > 1)
		return PROOF_FLOW | PROOF_IRS;
	return (cookie ^ proof(flow_key, irs, head)) & (PROOF_FLOW | PROOF_IRS);
}

u16 tcp_cookie_check(u64 flow_key, u32 irs, u32 cookie, u64 now_ms)
{
	if (wrong(flow_key, irs, cookie, now_ms))
		return 0;
	return mss_table[(cookie >> 24 ^ mask(flow_key)) & 7];
}

bool tcp_cookie_ours(u64 flow_key, u32 cookie, u64 now_ms)
{
	return !(wrong(flow_key, 0, cookie, now_ms) & PROOF_FLOW);
}

u32 tcp_cookie_ts(u32 clock, u32 bits)
{
	u32 low = (1u << COOKIE_TS_BITS) - 1, ts = (clock & ~low) | bits;

	return after(ts, clock) ? ts - low - 1 : ts;
}
