// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames: memory, the core's own parsing, checksums, pattern of the payload.
 */
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "rng.h"

long frames_alive;

struct frame *frame_new(u32 len)
{
	struct frame *f = calloc(1, sizeof(*f) + len);

	if (!f)
		abort();
	f->refs = 1;
	f->len = len;
	frames_alive++;
	return f;
}

struct frame *frame_get(struct frame *f)
{
	f->refs++;
	return f;
}

void frame_put(struct frame *f)
{
	if (!f || --f->refs)
		return;
	frames_alive--;
	free(f);
}

struct frame *frame_copy(const struct frame *f)
{
	struct frame *n = frame_new(f->len);

	memcpy(n->data, f->data, f->len);
	n->l4 = f->l4;
	n->hlen = f->hlen;
	n->seg_size = f->seg_size;
	n->proto = f->proto;
	n->family = f->family;
	n->fragment = f->fragment;
	n->recheck = f->recheck;
	return n;
}

static bool frame_walk6(struct frame *f)
{
	u32 off = 40, n;

	f->proto = f->data[6];
	for (n = 0; n < 16; n++) {
		u32 len;

		switch (f->proto) {
		case 0:
		case 43:
		case 60:
		case 135:
			if (off + 8 > f->len)
				return false;
			len = (f->data[off + 1] + 1) * 8;
			break;
		case 51:
			if (off + 8 > f->len)
				return false;
			len = (f->data[off + 1] + 2) * 4;
			break;
		case 44:
			if (off + 8 > f->len)
				return false;
			len = 8;
			if (rd16(f->data + off + 2) & 0xfff9)
				f->fragment = true;
			break;
		default:
			f->l4 = off;
			return off + 8 <= f->len;
		}
		f->proto = f->data[off];
		off += len;
		if (off > f->len || off > STACK_RX_INLINE)
			return false;
		if (f->fragment) {
			f->l4 = off;
			return true;
		}
	}
	return false;
}

/* Find the headers, as the trusted core does before it makes an RX event. */
bool frame_parse(struct frame *f)
{
	u32 hlen;

	f->fragment = false;
	if (f->len < 20)
		return false;
	f->family = f->data[0] >> 4;
	if (f->family == 4) {
		f->l4 = (f->data[0] & 15) * 4;
		f->proto = f->data[9];
		f->fragment = rd16(f->data + 6) & 0x3fff;
		if (f->l4 < 20 || f->l4 + (f->fragment ? 0 : 8) > f->len)
			return false;
	} else if (f->family == 6) {
		if (f->len < 40 || !frame_walk6(f))
			return false;
	} else {
		return false;
	}
	if (f->fragment) {
		f->hlen = f->l4;
		return true;
	}
	if (f->proto == 6) {
		if (f->l4 + 20 > f->len)
			return false;
		hlen = (f->data[f->l4 + 12] >> 4) * 4;
		if (hlen < 20)
			hlen = 20;
	} else if (f->proto == 17) {
		hlen = 8;
	} else {
		return false;
	}
	f->hlen = f->l4 + hlen;
	if (f->hlen > f->len)
		f->hlen = f->len;
	if (f->hlen > STACK_RX_INLINE)
		f->hlen = STACK_RX_INLINE;
	return true;
}

u8 *frame_tcp(struct frame *f)
{
	return f->data + f->l4;
}

u32 frame_payload(const struct frame *f)
{
	return f->len - f->hlen;
}

static u64 sum_bytes(u64 sum, const u8 *p, u32 len)
{
	u32 i;

	for (i = 0; i + 1 < len; i += 2) {
		u16 v;

		memcpy(&v, p + i, 2);
		sum += v;
	}
	if (len & 1)
		sum += p[len - 1];
	return sum;
}

static u16 sum_fold(u64 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)sum;
}

/* Bytes from the L4 header to the end of the datagram, padding excluded. */
static u32 l4_len(const struct frame *f)
{
	u32 end = f->family == 4 ? rd16(f->data + 2) : 40u + rd16(f->data + 4);

	return end >= f->l4 && end <= f->len ? end - f->l4 : f->len - f->l4;
}

static u64 sum_pseudo(const struct frame *f)
{
	u32 len = l4_len(f);
	u8 tail[4] = { 0, f->proto, (u8)(len >> 8), (u8)len };
	u64 sum = sum_bytes(0, tail, 4);

	if (f->family == 4)
		return sum_bytes(sum, f->data + 12, 8);
	return sum_bytes(sum, f->data + 8, 32);
}

static u32 sum_offset(const struct frame *f)
{
	return f->l4 + (f->proto == 6 ? 16 : 6);
}

/* Lengths and checksums of the headers, as the core fills them in. */
void frame_finish(struct frame *f)
{
	u16 sum;

	if (f->family == 4) {
		wr16(f->data + 2, f->len);
		memset(f->data + 10, 0, 2);
		sum = (u16)~sum_fold(sum_bytes(0, f->data, (f->data[0] & 15) * 4));
		memcpy(f->data + 10, &sum, 2);
	} else {
		wr16(f->data + 4, f->len - 40);
	}
	if (f->proto == 17)
		wr16(f->data + f->l4 + 4, f->len - f->l4);
	memset(f->data + sum_offset(f), 0, 2);
	sum = (u16)~sum_fold(sum_bytes(sum_pseudo(f), f->data + f->l4, l4_len(f)));
	if (f->proto == 17 && !sum)
		sum = 0xffff;
	memcpy(f->data + sum_offset(f), &sum, 2);
}

/* Cut padding off; false if the frame is shorter than its header says. */
bool frame_trim(struct frame *f)
{
	u32 end = f->family == 4 ? rd16(f->data + 2) : 40u + rd16(f->data + 4);

	if (end > f->len || end < f->hlen)
		return false;
	f->len = end;
	return true;
}

/* What ip_rcv() checks before anybody sees a frame. */
bool frame_l3_ok(const struct frame *f)
{
	if (f->family != 4)
		return true;
	return sum_fold(sum_bytes(0, f->data, (f->data[0] & 15) * 4)) == 0xffff;
}

/* The verdict on the L4 checksum; @none: UDP without one. */
bool frame_l4_ok(const struct frame *f, bool *none)
{
	*none = f->proto == 17 && !rd16(f->data + sum_offset(f));
	return sum_fold(sum_bytes(sum_pseudo(f), f->data + f->l4, l4_len(f))) == 0xffff;
}

/*
 * One frame of two that follow on each other with equal headers, as GRO does,
 * or NULL. The caller drops the two.
 */
struct frame *frame_coalesce(const struct frame *a, const struct frame *b)
{
	u32 pa = frame_payload(a), pb = frame_payload(b);
	const u8 *ta = a->data + a->l4, *tb = b->data + b->l4;
	u32 piece = a->seg_size ? a->seg_size : pa;
	struct frame *f;

	if (a->proto != 6 || b->proto != 6 || a->hlen != b->hlen ||
	    a->l4 != b->l4 || a->family != b->family || a->fragment ||
	    b->fragment || b->seg_size)
		return NULL;
	if (!pa || !pb || pb > piece || pa % piece || a->len + pb > 65535)
		return NULL;
	if (rd32(ta + 4) + pa != rd32(tb + 4) ||
	    memcmp(ta + 8, tb + 8, 5) || memcmp(ta + 14, tb + 14, 2) ||
	    memcmp(ta + 18, tb + 18, a->hlen - a->l4 - 18))
		return NULL;
	if (ta[13] != 0x10 || (tb[13] & ~8) != 0x10)
		return NULL;
	if (a->family == 4 ? a->data[1] != b->data[1] || a->data[8] != b->data[8] :
			     memcmp(a->data, b->data, 4))
		return NULL;
	f = frame_new(a->len + pb);
	memcpy(f->data, a->data, a->len);
	memcpy(f->data + a->len, b->data + b->hlen, pb);
	f->family = a->family;
	f->proto = a->proto;
	f->l4 = a->l4;
	f->hlen = a->hlen;
	f->seg_size = (u16)piece;
	frame_tcp(f)[13] |= tb[13];
	frame_finish(f);
	return f;
}

static u64 stream_word(u64 key, u64 index)
{
	return rng_mix(key + index * 0x9e3779b97f4a7c15ull);
}

/* The bytes [pos, pos + len) of the stream @key. */
void stream_fill(u64 key, u64 pos, u8 *to, u32 len)
{
	while (len) {
		u64 w = stream_word(key, pos / 8);
		u32 skip = pos % 8, n = 8 - skip;

		if (n > len)
			n = len;
		memcpy(to, (u8 *)&w + skip, n);
		to += n;
		pos += n;
		len -= n;
	}
}

bool stream_equal(u64 key, u64 pos, const u8 *bytes, u32 len)
{
	while (len) {
		u64 w = stream_word(key, pos / 8);
		u32 skip = pos % 8, n = 8 - skip;

		if (n > len)
			n = len;
		if (memcmp(bytes, (u8 *)&w + skip, n))
			return false;
		bytes += n;
		pos += n;
		len -= n;
	}
	return true;
}
