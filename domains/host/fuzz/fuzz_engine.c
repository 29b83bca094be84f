// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any configuration, any record, any event bytes: the engine may refuse, it
 * never crashes, loops, or leaves the mailbox.
 *
 * Input: 1 byte how, 96 bytes configuration, 8 bytes time, 1024 bytes record,
 * then event slots. "how" selects whether the record's head is made to fit, so
 * that mutations reach beyond the first check, and how often to run.
 */
#include "../../../kmod/contract.h"
#include "../../stack/engine.h"
#include "fuzz.h"

/* A head that passes; what follows stays as it is. */
static void fit_record(struct dom_out *out, u8 kind)
{
	struct record_head *h = (struct record_head *)out->record;

	h->version = STACK_RECORD_VERSION;
	h->kind = kind;
	h->reserved = 0;
	if (kind == STACK_TCP) {
		struct tcp_record *r = (struct tcp_record *)out->record;

		h->state = (u8)(1 + h->state % 11);
		r->nr_tx %= TCP_TX_MAX + 1;
		r->nr_ooo %= TCP_OOO_MAX + 1;
		r->snd_wscale %= 15;
		r->rcv_wscale %= 15;
		r->ca_state %= 5;
		r->opts.cc %= 2;
		r->rto %= 120000001;
		r->cwnd %= 1u << 29;
		r->snd_wnd %= 65535u << 14;
		r->snd_una %= 1ull << 40;
		r->snd_nxt = r->snd_una + r->snd_nxt % (1u << 24);
		r->snd_tail = r->snd_nxt + r->snd_tail % (1u << 24);
		r->rcv_nxt %= 1ull << 40;
		r->rcv_adv = r->rcv_nxt + r->rcv_adv % (1u << 24);
		r->rcv_edge = r->rcv_adv + r->rcv_edge % (1u << 24);
	}
}

static void check_out(const struct dom_out *out)
{
	u32 i = 0;

	FUZZ_ASSERT(out->nr_slots <= DOM_OUT_SLOTS);
	FUZZ_ASSERT(!(out->flags & ~DOM_OUT_FLAGS));
	while (i < out->nr_slots) {
		const struct dom_msg *m = &out->slot[i];

		FUZZ_ASSERT(m->hdr.type >= DOM_CMD_XMIT && m->hdr.type <= DOM_CMD_ABANDON);
		FUZZ_ASSERT(m->hdr.inline_len <= DOM_INLINE_MAX);
		i += dom_msg_slots(m->hdr.inline_len);
	}
	FUZZ_ASSERT(i == out->nr_slots);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct dom_in in;
	static struct dom_out out;
	struct fuzz f = { data, size };
	u8 how = fuzz_u8(&f), kind;
	u32 runs = 1 + (how >> 2) % 4, i;

	memset(&in, 0, sizeof(in));
	memset(&out, 0, sizeof(out));
	fuzz_bytes(&f, in.config, sizeof(in.config));
	fuzz_bytes(&f, &in.now_us, 8);
	in.now_us &= (1ull << 50) - 1;
	fuzz_bytes(&f, out.record, sizeof(out.record));
	in.abi_version = DOM_ABI_VERSION;
	kind = in.config[0];
	if (how & 1)
		kind = (u8)(1 + kind % 3);
	in.config[0] = kind;
	if (how & 2)
		fit_record(&out, kind);
	in.record_len = how & 0x40 ? 0 : DOM_RECORD_MAX;
	in.nr_slots = (u32)((f.left + DOM_SLOT_SIZE - 1) / DOM_SLOT_SIZE);
	if (in.nr_slots > DOM_IN_SLOTS)
		in.nr_slots = DOM_IN_SLOTS;
	fuzz_bytes(&f, in.slot, in.nr_slots * DOM_SLOT_SIZE);
	if (how & 0x80) {
		/* events of right types and lengths, so that the bytes reach deep */
		for (i = 0; i < in.nr_slots; ) {
			struct dom_hdr *h = &in.slot[i].hdr;

			h->type = (u16)(DOM_EV_RX + h->type % 12);
			h->inline_len %= STACK_RX_INLINE + 1;
			if (h->type != DOM_EV_RX && h->type != DOM_EV_ICMP)
				h->inline_len = h->type == DOM_EV_SETOPT ? 40 : 0;
			if (dom_msg_slots(h->inline_len) > in.nr_slots - i)
				h->inline_len = 0;
			i += dom_msg_slots(h->inline_len);
		}
	}
	for (i = 0; i < runs; i++) {
		if (stack_run(&in, &out)) {
			FUZZ_ASSERT(!out.nr_slots);
			break;
		}
		check_out(&out);
		in.record_len = DOM_RECORD_MAX;
		in.now_us += 1000000;
		if (how & 0x20)
			in.nr_slots = 0;
	}
	return 0;
}
