/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The capture format: what went into and came out of an engine, run by run.
 *
 * A file is one struct trace_head, then entries. An entry is one struct
 * trace_entry, followed by
 *	before_len bytes	record before the run
 *	nr_in * 64 bytes	event slots, as in dom_in.slot
 *	nr_out * 64 bytes	command slots, as in dom_out.slot
 *	after_len bytes		record after the run
 * Records are cut after their last byte that is not zero. All numbers are
 * little-endian. Entries of several instances may be mixed: @id tells them
 * apart, and each can be replayed by itself because it brings its record.
 *
 * Writers: the simulator (--capture FILE), and the core (kmod/capture.c) by atmosctl
 * capture. Of an entry that died the core knows neither commands nor record.
 */
#ifndef _DOM_ABI_TRACE_FORMAT_H
#define _DOM_ABI_TRACE_FORMAT_H

#include "contract.h"
#include "record.h"

#define TRACE_MAGIC	  0x4543415254534f4dull /* "MOSTRACE" */
#define TRACE_VERSION	  1
#define TRACE_ENTRY_MAGIC 0x59525445u /* "ETRY" */

struct trace_head {
	u64 magic;
	u32 version;
	u32 abi_version;
};

#define TRACE_REFUSED 1u /* the engine refused record or configuration */
#define TRACE_DIED    2u /* the run was thrown away */

struct trace_entry {
	u32 magic;
	u32 flags;
	u64 id;
	u64 now_us;
	u32 nr_in;
	u32 nr_out;
	u32 out_flags;
	u16 before_len;
	u16 after_len;
	u8 config[96];
};

static_assert(sizeof(struct trace_head) == 16, "trace head");
static_assert(sizeof(struct trace_entry) == 136, "trace entry");

#endif /* _DOM_ABI_TRACE_FORMAT_H */
