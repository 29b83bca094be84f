// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stack for a test of the live update: a good one, but that it dies in about
 * one of four entries in which a frame comes in.
 */
#include "../rt/rt.h"
#include "../stack/engine.h"

DOM_MANIFEST("stack-late",
	     .image_class = DOM_CLASS_STACK,
	     .record_size = DOM_RECORD_MAX,
	     .record_version = STACK_RECORD_VERSION);

void dom_main(const struct dom_in *in, struct dom_out *out)
{
	if (in->nr_slots && in->slot[0].hdr.type == DOM_EV_RX &&
	    in->now_us % 4 == 0)
		__builtin_trap();
	if (stack_run(in, out) && stack_convert(in, out))
		__builtin_trap();
}
