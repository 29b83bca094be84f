// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host test of the runtime: cursor, command writer and the string functions,
 * against slow models of what they should do. Prints TAP.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rt.h"

void *dom_memcpy(void *restrict dst, const void *restrict src, size_t len);
void *dom_memmove(void *dst, const void *src, size_t len);
void *dom_memset(void *dst, int c, size_t len);
int dom_memcmp(const void *a, const void *b, size_t len);

static unsigned int nr_tests, nr_failed;

static void result(const char *name, bool ok)
{
	nr_tests++;
	nr_failed += !ok;
	printf("%sok %u %s\n", ok ? "" : "not ", nr_tests, name);
}

static u32 random_u32(void)
{
	static u64 state = 0x9e3779b97f4a7c15ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (u32)(state >> 16);
}

static void fill_random(void *p, size_t len)
{
	u8 *b = p;

	while (len--)
		*b++ = (u8)random_u32();
}

/* Any queue, also a nonsensical one: the cursor stays inside and ends. */
static bool cursor_stays_inside(void)
{
	static struct dom_in in;

	for (int round = 0; round < 20000; round++) {
		const struct dom_msg *msg;
		struct dom_cursor c;
		u32 steps = 0;
		u32 used = 0;

		fill_random(&in, sizeof(in));
		if (round & 1)
			in.nr_slots %= 2 * DOM_IN_SLOTS;
		for (u32 i = 0; i < DOM_IN_SLOTS; i++)
			if (random_u32() & 3)
				in.slot[i].hdr.inline_len %= 300;
		dom_cursor_init(&c, &in);
		while ((msg = dom_next(&c))) {
			u32 slots = dom_msg_slots(msg->hdr.inline_len);

			if (msg != &in.slot[used])
				return false;
			used += slots;
			if (used > in.nr_slots || used > DOM_IN_SLOTS)
				return false;
			if (++steps > DOM_IN_SLOTS)
				return false;
		}
		if (dom_next(&c))
			return false;
	}
	return true;
}

static bool cursor_reads_all(void)
{
	static struct dom_in in;
	struct dom_cursor c;

	in.nr_slots = DOM_IN_SLOTS;
	in.slot[0].hdr.inline_len = 0;
	in.slot[1].hdr.inline_len = 64;
	in.slot[3].hdr.inline_len = 65;
	in.slot[6].hdr.inline_len = 55 * 64;
	dom_cursor_init(&c, &in);
	return dom_next(&c) == &in.slot[0] && dom_next(&c) == &in.slot[1] &&
	       dom_next(&c) == &in.slot[3] && dom_next(&c) == &in.slot[6] &&
	       !dom_next(&c);
}

static bool cursor_drops_truncated(void)
{
	static struct dom_in in;
	struct dom_cursor c;

	in.nr_slots = 2;
	in.slot[1].hdr.inline_len = 1;
	dom_cursor_init(&c, &in);
	return dom_next(&c) == &in.slot[0] && !dom_next(&c) && !dom_next(&c);
}

static bool writer_fills_up(void)
{
	static struct dom_out out;
	struct dom_cmd_PONG *pong;

	memset(&out, 0xee, sizeof(out));
	out.nr_slots = 0;
	out.flags = 0;
	for (u32 i = 0; i < DOM_OUT_SLOTS; i++) {
		pong = DOM_PUT(&out, PONG, 0, NULL, 0);
		if (!pong || (void *)pong != &out.slot[i] || out.flags)
			return false;
		if (pong->hdr.type != DOM_CMD_PONG || pong->cookie || pong->a)
			return false;
	}
	return dom_room(&out) == 0 && !DOM_PUT(&out, PONG, 0, NULL, 0) &&
	       out.flags == DOM_OUT_MORE && out.nr_slots == DOM_OUT_SLOTS;
}

/* A reader that follows the headers finds exactly what was put. */
static bool writer_round_trip(void)
{
	static u8 bytes[64][DOM_INLINE_MAX];
	static u32 len[64];
	static struct dom_out out;

	for (int round = 0; round < 5000; round++) {
		u32 nr = 0;
		u32 pos = 0;

		fill_random(&out, sizeof(out));
		out.nr_slots = 0;
		out.flags = 0;
		for (;;) {
			struct dom_msg *msg;

			len[nr] = random_u32() % (DOM_INLINE_MAX + 1);
			if (random_u32() & 1)
				len[nr] = 0;
			fill_random(bytes[nr], len[nr]);
			msg = dom_put(&out, (u16)(nr + 1), nr ^ 0x55,
				      bytes[nr], len[nr]);
			if (!msg)
				break;
			msg->arg[6] = nr;
			nr++;
		}
		if (out.flags != DOM_OUT_MORE || out.nr_slots > DOM_OUT_SLOTS)
			return false;
		if (out.nr_slots + dom_msg_slots(len[nr]) <= DOM_OUT_SLOTS)
			return false;
		for (u32 i = 0; i < nr; i++) {
			const struct dom_msg *msg = &out.slot[pos];
			const u8 *inl = dom_inline(msg);
			u32 slots = dom_msg_slots(len[i]);

			if (msg->hdr.type != i + 1 || msg->hdr.inline_len != len[i] ||
			    msg->hdr.handle != (i ^ 0x55) || msg->arg[6] != i ||
			    msg->arg[0] || memcmp(inl, bytes[i], len[i]))
				return false;
			for (u32 b = len[i]; b < (slots - 1) * DOM_SLOT_SIZE; b++)
				if (inl[b])
					return false;
			pos += slots;
		}
		if (pos != out.nr_slots)
			return false;
	}
	return true;
}

static bool writer_refuses_oversize(void)
{
	static struct dom_out out;

	if (dom_put(&out, 1, 0, NULL, DOM_INLINE_MAX + 1) || out.flags)
		return false;
	out.nr_slots = DOM_OUT_SLOTS + 5;
	return !dom_put(&out, 1, 0, NULL, 0) && dom_room(&out) == 0;
}

static int sign(int value)
{
	return value < 0 ? -1 : value > 0;
}

static bool strings_match_models(void)
{
	u8 a[200], b[200], model[200];

	for (int round = 0; round < 200000; round++) {
		size_t from = random_u32() % 100;
		size_t to = random_u32() % 100;
		size_t len = random_u32() % 100;
		int c = (int)random_u32();
		int diff;

		fill_random(a, sizeof(a));
		for (size_t i = 0; i < sizeof(a); i++)
			model[i] = i >= to && i < to + len ? a[from + i - to] : a[i];
		memcpy(b, a, sizeof(a));
		if (dom_memmove(b + to, b + from, len) != b + to ||
		    memcmp(b, model, sizeof(b)))
			return false;

		memcpy(b, a, sizeof(a));
		dom_memcpy(b + to, a + from, len);
		if (memcmp(b, model, sizeof(b)))
			return false;

		memcpy(b, a, sizeof(a));
		dom_memset(b + to, c, len);
		for (size_t i = 0; i < sizeof(a); i++)
			if (b[i] != (i >= to && i < to + len ? (u8)c : a[i]))
				return false;

		memcpy(b, a, sizeof(a));
		if (len)
			b[to + random_u32() % len] ^= (u8)(1 << (c & 7));
		diff = memcmp(a + to, b + to, len);
		if (sign(dom_memcmp(a + to, b + to, len)) != sign(diff))
			return false;
	}
	return true;
}

int main(void)
{
	puts("TAP version 13\n1..7");
	result("cursor reads all messages", cursor_reads_all());
	result("cursor drops a truncated message", cursor_drops_truncated());
	result("cursor stays inside any queue", cursor_stays_inside());
	result("writer fills the queue and says so", writer_fills_up());
	result("writer's messages read back", writer_round_trip());
	result("writer refuses what never fits", writer_refuses_oversize());
	result("string functions match models", strings_match_models());
	printf("%u passed, %u failed, 0 skipped\n", nr_tests - nr_failed, nr_failed);
	return nr_failed != 0;
}
