/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames of the test link, with real bytes and real checksums.
 *
 * The engine never sees payload; here it is there all the same, so that a byte
 * that is delivered from the wrong place is noticed. What byte a stream has at
 * a position follows from the position and the stream's key.
 */
#ifndef _SIM_FRAME_H
#define _SIM_FRAME_H

#include "../../abi/contract.h"
#include "../../abi/record.h"

/**
 * struct frame - a frame from its L3 header on
 * @refs: who holds it; freed with the last
 * @len: bytes of @data
 * @l4: offset of the L4 header, as the trusted core finds it
 * @hlen: bytes of headers, L3 and L4, at most STACK_RX_INLINE
 * @seg_size: coalesced of pieces of this payload, else 0
 * @proto: of the L4 header
 * @family: 4 or 6
 * @fragment: not the whole datagram: headers end with L3's
 * @recheck: was steered a second time
 * @data: bytes
 */
struct frame {
	u32 refs;
	u32 len;
	u32 l4;
	u32 hlen;
	u16 seg_size;
	u8 proto;
	u8 family;
	bool fragment;
	bool recheck;
	u8 data[];
};

/* Frames alive; 0 when everything was given back. */
extern long frames_alive;

struct frame *frame_new(u32 len);
struct frame *frame_copy(const struct frame *f);
struct frame *frame_get(struct frame *f);
void frame_put(struct frame *f);

bool frame_parse(struct frame *f);
bool frame_trim(struct frame *f);
void frame_finish(struct frame *f);
bool frame_l3_ok(const struct frame *f);
bool frame_l4_ok(const struct frame *f, bool *none);
struct frame *frame_coalesce(const struct frame *a, const struct frame *b);

u8 *frame_tcp(struct frame *f);
u32 frame_payload(const struct frame *f);

void stream_fill(u64 key, u64 pos, u8 *to, u32 len);
bool stream_equal(u64 key, u64 pos, const u8 *bytes, u32 len);

static inline u16 rd16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static inline u32 rd32(const u8 *p)
{
	return (u32)rd16(p) << 16 | rd16(p + 2);
}

static inline void wr16(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

static inline void wr32(u8 *p, u32 v)
{
	wr16(p, v >> 16);
	wr16(p + 2, v);
}

#endif /* _SIM_FRAME_H */
