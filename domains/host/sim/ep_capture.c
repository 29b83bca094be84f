// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes each run into a capture, see domains/abi/trace_format.h.
 */
#include <string.h>

#include "../../abi/trace_format.h"
#include "ep.h"

static u16 used(const u8 *rec, u32 len)
{
	while (len && !rec[len - 1])
		len--;
	return (u16)len;
}

void ep_capture(struct ep *ep, int ret, bool dies)
{
	struct trace_entry e = {
		.magic = TRACE_ENTRY_MAGIC,
		.flags = (ret ? TRACE_REFUSED : 0) | (dies ? TRACE_DIED : 0),
		.id = ep->id,
		.now_us = ep->in.now_us,
		.nr_in = ep->in.nr_slots,
		.nr_out = ep->out.nr_slots,
		.out_flags = ep->out.flags,
		.before_len = used(ep->shadow, ep->shadow_len),
		.after_len = used(ep->out.record, DOM_RECORD_MAX),
	};

	if (!ftell(ep->capture)) {
		struct trace_head h = { TRACE_MAGIC, TRACE_VERSION, DOM_ABI_VERSION };

		fwrite(&h, sizeof(h), 1, ep->capture);
	}
	memcpy(e.config, ep->in.config, sizeof(e.config));
	fwrite(&e, sizeof(e), 1, ep->capture);
	fwrite(ep->shadow, e.before_len, 1, ep->capture);
	fwrite(ep->in.slot, DOM_SLOT_SIZE, e.nr_in, ep->capture);
	fwrite(ep->out.slot, DOM_SLOT_SIZE, e.nr_out, ep->capture);
	fwrite(ep->out.record, e.after_len, 1, ep->capture);
}
