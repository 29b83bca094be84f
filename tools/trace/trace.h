/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading a capture (trace_format.h) and telling its contents.
 */
#ifndef _TRACE_TRACE_H
#define _TRACE_TRACE_H

#include <stdio.h>

#include "../../domains/abi/record_listen.h"
#include "../../domains/abi/record_tcp.h"
#include "../../domains/abi/trace_format.h"

/* One entry in memory. */
struct trace_run {
	struct trace_entry e;
	u8 before[DOM_RECORD_MAX];
	u8 after[DOM_RECORD_MAX];
	struct dom_msg in[DOM_IN_SLOTS];
	struct dom_msg out[DOM_OUT_SLOTS];
};

int trace_open(FILE *f, const char *name);
int trace_next(FILE *f, struct trace_run *r, const char *name);

void show_run(const struct trace_run *r, u64 first_us, bool record);
void show_record(const u8 *rec, const char *indent);

#endif /* _TRACE_TRACE_H */
