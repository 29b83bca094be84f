// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event cursor and command writer.
 */
#include "rt.h"

const struct dom_msg *dom_next(struct dom_cursor *c)
{
	const struct dom_in *in = c->in;
	const struct dom_msg *msg;
	u32 nr = in->nr_slots;
	u32 slots;

	if (nr > DOM_IN_SLOTS)
		nr = DOM_IN_SLOTS;
	if (c->pos >= nr)
		return NULL;

	msg = &in->slot[c->pos];
	slots = dom_msg_slots(msg->hdr.inline_len);
	if (slots > nr - c->pos) {
		c->pos = nr;
		return NULL;
	}
	c->pos += slots;
	return msg;
}

struct dom_msg *dom_put(struct dom_out *out, u16 type, u32 handle,
			const void *inl, u32 inline_len)
{
	u32 pos = out->nr_slots;
	u32 slots = dom_msg_slots(inline_len);
	struct dom_msg *msg;

	if (inline_len > DOM_INLINE_MAX || pos > DOM_OUT_SLOTS)
		return NULL;
	if (slots > DOM_OUT_SLOTS - pos) {
		out->flags |= DOM_OUT_MORE;
		return NULL;
	}

	msg = &out->slot[pos];
	for (u32 i = 0; i < slots; i++)
		msg[i] = (struct dom_msg){};
	msg->hdr = (struct dom_hdr){
		.type = type,
		.inline_len = (u16)inline_len,
		.handle = handle,
	};
	if (inl)
		memcpy(msg + 1, inl, inline_len);
	out->nr_slots = pos + slots;
	return msg;
}
