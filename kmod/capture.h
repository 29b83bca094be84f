/* SPDX-License-Identifier: GPL-2.0-only */
/* What goes into and comes out of a socket's stack, kept in bounded memory. */
#ifndef _ATMOS_CAPTURE_H
#define _ATMOS_CAPTURE_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include "../domains/abi/trace_format.h"
#include "atmos.h"

struct atmos_sock;

#define ATMOS_CAPTURE_BYTES	(256u << 10)	/* of memory, unless told */
#define ATMOS_CAPTURES_MAX	64

/**
 * struct atmos_capture_run - one entry
 * @node: in &atmos_capture.runs, oldest first
 * @len: bytes of @data
 * @data: struct trace_entry and what follows it
 */
struct atmos_capture_run {
	struct list_head node;
	u32 len;
	u8 data[];
};

/**
 * struct atmos_capture - a capture
 * @ref: of the list of captures, of the socket, of who looks at it
 * @node: in that list (capture.c)
 * @id: unique
 * @lock: all below but the constant ones; bottom halves off
 * @max: most of @bytes; constant
 * @on_death: stops with the first death; constant
 * @stopped: there will be no more entries
 * @nr: of @runs
 * @bytes: that they take
 * @lost: entries that are not there
 * @runs: struct atmos_capture_run
 * @head: of the entry under way; the socket's lock, as all below
 * @before: its record
 * @in: its events
 */
struct atmos_capture {
	struct kref ref;
	struct list_head node;
	u32 id;
	/* of all until @runs */
	spinlock_t lock;
	u32 max;
	bool on_death;
	bool stopped;
	u32 nr;
	u32 bytes;
	u64 lost;
	struct list_head runs;
	struct trace_entry head;
	u8 before[DOM_RECORD_MAX];
	struct dom_msg in[DOM_IN_SLOTS];
};

struct atmos_capture *atmos_capture_start(struct atmos_sock *as, u32 max, bool on_death);
struct atmos_capture *atmos_capture_get(u32 id);
struct atmos_capture *atmos_capture_next(u32 id);
void atmos_capture_put(struct atmos_capture *cap);
void atmos_capture_stop(struct atmos_capture *cap);
void atmos_capture_end(struct atmos_capture *cap);
int atmos_capture_read(struct atmos_capture *cap, u64 pos, void *to, u32 len);
void atmos_capture_exit(void);

/* conn.c, with the socket's lock held: around an entry, and at a stack's end */
void capture_before(struct atmos_sock *as);
void capture_after(struct atmos_sock *as, const struct atmos_entry *entry);
void capture_drop(struct atmos_sock *as);

#endif /* _ATMOS_CAPTURE_H */
