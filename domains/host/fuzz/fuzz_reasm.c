// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reassembly under any fragments: handles and pieces are all accounted for,
 * what is assembled is whole, memory stays bounded, and it ends empty.
 */
#include "../sim/ep.h"
#include "fuzz.h"

static void on_assembled(struct ep *ep, struct frame *f)
{
	(void)ep;
	FUZZ_ASSERT(f->len <= 65535 + 40);
	frame_parse(f);
	FUZZ_ASSERT(!f->fragment);
	frame_put(f);
}

static const struct ep_ops ops = { .assembled = on_assembled };

static struct frame *fragment(struct fuzz *f, bool v6)
{
	u8 bits = fuzz_u8(f);
	u32 off = (u32)fuzz_u8(f) << (bits & 3 ? 3 : 5), len = fuzz_u16(f) % 1600;
	u32 l3 = v6 ? 48 : 20;
	struct frame *fr;

	if (!(bits & 4))
		len &= ~7u;
	fr = frame_new(l3 + len);
	if (v6) {
		fr->data[0] = 0x60;
		wr16(fr->data + 4, 8 + len);
		fr->data[6] = 44;
		fr->data[7] = 64;
		fr->data[8] = 0xfd;
		fr->data[23] = bits >> 6;
		fr->data[24] = 0xfd;
		fr->data[39] = 1;
		fr->data[40] = bits & 8 ? 17 : 6;
		wr16(fr->data + 42, off | !!(bits & 16));
		fr->data[47] = fuzz_u8(f) % 40;
	} else {
		fr->data[0] = 0x45;
		wr16(fr->data + 2, l3 + len);
		wr16(fr->data + 4, fuzz_u8(f) % 40);
		wr16(fr->data + 6, (bits & 16 ? 0x2000u : 0) | (off / 8 & 0x1fff));
		fr->data[8] = 64;
		fr->data[9] = bits & 8 ? 17 : 6;
		fr->data[12] = 10;
		fr->data[15] = bits >> 6;
		fr->data[16] = 10;
		fr->data[19] = 1;
	}
	if (bits & 32 && fr->len > 24) {
		u32 at = fuzz_u8(f) % fr->len;

		fr->data[at] ^= fuzz_u8(f);
	}
	if (!frame_parse(fr)) {
		frame_put(fr);
		return NULL;
	}
	return fr;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct ep ep;
	struct stack_config cfg = { .kind = STACK_REASM, .family = 4, .mtu = 1500 };
	struct fuzz f = { data, size };
	long frames = frames_alive;
	u64 now = 1000000000;
	u32 i, fired = 0;

	cfg.family = fuzz_u8(&f) & 1 ? 6 : 4;
	ep_init(&ep, &cfg);
	ep.ops = &ops;
	while (f.left) {
		u8 n = fuzz_u8(&f);

		for (i = 0; i < 1u + n % 6; i++) {
			struct frame *fr = fragment(&f, cfg.family == 6);

			if (fr)
				ep_rx(&ep, fr);
		}
		if (n & 0x40)
			now += (u64)fuzz_u8(&f) << 18;
		if (n & 0x80 && n & 0x20)
			ep_die(&ep);
		while (ep_due(&ep, now)) {
			if (!ep_run(&ep, now)) {
				fprintf(stderr, "%s\n", ep.bad);
				abort();
			}
			FUZZ_ASSERT(++fired < 100000);
		}
		FUZZ_ASSERT(ep.stash_bytes <= reasm_max_bytes());
	}
	/* given time, nothing is left */
	for (i = 0; ep.deadline && i < 1000; i++) {
		now = ep.deadline > now ? ep.deadline : now;
		if (!ep_run(&ep, now)) {
			fprintf(stderr, "%s\n", ep.bad);
			abort();
		}
	}
	FUZZ_ASSERT(!ep.deadline && !ep.stash);
	ep_free(&ep);
	FUZZ_ASSERT(frames_alive == frames);
	return 0;
}
