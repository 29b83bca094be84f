/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One run of the engine: cursor over the events, writer of the commands.
 *
 * Used by every part of the engine. Commands are written in place in the out
 * page; a command for which there is no room is not written and the caller
 * is told, so that it keeps the work in the record and asks for another run.
 */
#ifndef _STACK_RUN_H
#define _STACK_RUN_H

#include "engine.h"

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
void *memmove(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/**
 * struct run - one run
 * @in: events
 * @out: commands
 * @cfg: in->config
 * @now: microseconds
 * @now_ms: low bits of the same in milliseconds
 * @nr: command slots written
 * @max: command slots that may be written
 */
struct run {
	const struct dom_in *in;
	struct dom_out *out;
	const struct stack_config *cfg;
	u64 now;
	u32 now_ms;
	u32 nr;
	u32 max;
};

static inline void run_init(struct run *run, const struct dom_in *in,
			    struct dom_out *out)
{
	run->in = in;
	run->out = out;
	run->cfg = (const struct stack_config *)in->config;
	run->now = in->now_us;
	run->now_ms = (u32)(in->now_us / 1000);
	run->nr = 0;
	run->max = DOM_OUT_SLOTS;
	out->nr_slots = 0;
	out->flags = 0;
}

static inline void run_finish(struct run *run, bool more)
{
	run->out->nr_slots = run->nr;
	run->out->flags = more ? DOM_OUT_MORE : 0;
}

/* Slots still free. */
static inline u32 run_room(const struct run *run)
{
	return run->max - run->nr;
}

/*
 * A zeroed command slot of @type with room for @inline_len bytes behind it, or
 * NULL. The last inline slot is zeroed too: its tail must not leak.
 */
static inline void *run_cmd(struct run *run, u16 type, u32 handle,
			    u32 inline_len)
{
	u32 n = dom_msg_slots(inline_len);
	struct dom_msg *m = &run->out->slot[run->nr];
	u32 i;

	if (unlikely(n > run_room(run)))
		return NULL;
	run->nr += n;
	for (i = 0; i < 7; i++)
		m->arg[i] = 0;
	m->hdr = (struct dom_hdr){ .type = type,
				   .inline_len = (u16)inline_len,
				   .handle = handle };
	if (n > 1) {
		struct dom_msg *last = m + n - 1;

		last->hdr = (struct dom_hdr){ 0 };
		for (i = 0; i < 7; i++)
			last->arg[i] = 0;
	}
	return m;
}

#define RUN_CMD(run, NAME, handle, inline_len)				\
	((struct dom_cmd_##NAME *)run_cmd(run, DOM_CMD_##NAME, handle,	\
					  inline_len))

/* The inline bytes of a message. */
static inline u8 *msg_inline(void *msg)
{
	return (u8 *)msg + DOM_SLOT_SIZE;
}

/**
 * run_event() - the event at slot *@pos, and advance
 * @run: the run
 * @pos: cursor, 0 at first
 *
 * Return: the event, or NULL at the end or where the queue is malformed.
 */
static inline const struct dom_msg *run_event(const struct run *run, u32 *pos)
{
	const struct dom_msg *m;
	u32 nr = run->in->nr_slots, n;

	if (nr > DOM_IN_SLOTS)
		nr = DOM_IN_SLOTS;
	if (*pos >= nr)
		return NULL;
	m = &run->in->slot[*pos];
	n = dom_msg_slots(m->hdr.inline_len);
	if (n > nr - *pos)
		return NULL;
	*pos += n;
	return m;
}

/* Get rid of a received object; harmless for DOM_NO_HANDLE. */
static inline void run_drop(struct run *run, u32 handle, u32 reason)
{
	struct dom_cmd_DROP *c;

	if (handle == DOM_NO_HANDLE)
		return;
	c = RUN_CMD(run, DROP, handle, 0);
	if (c)
		c->reason = reason;
}

/* Big-endian fields at any alignment. */
static inline u16 get16(const u8 *p)
{
	u16 v;

	__builtin_memcpy(&v, p, 2);
	return __builtin_bswap16(v);
}

static inline u32 get32(const u8 *p)
{
	u32 v;

	__builtin_memcpy(&v, p, 4);
	return __builtin_bswap32(v);
}

static inline void put16(u8 *p, u16 v)
{
	v = __builtin_bswap16(v);
	__builtin_memcpy(p, &v, 2);
}

static inline void put32(u8 *p, u32 v)
{
	v = __builtin_bswap32(v);
	__builtin_memcpy(p, &v, 4);
}

static inline u64 raw64(const u8 *p)
{
	u64 v;

	__builtin_memcpy(&v, p, 8);
	return v;
}

static inline u32 raw32(const u8 *p)
{
	u32 v;

	__builtin_memcpy(&v, p, 4);
	return v;
}

static inline u32 min_u32(u32 a, u32 b)
{
	return a < b ? a : b;
}

static inline u32 max_u32(u32 a, u32 b)
{
	return a > b ? a : b;
}

static inline u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 max_u64(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* Serial arithmetic on 32-bit numbers: sequence numbers, times (RFC 1982). */
static inline bool before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

static inline bool after(u32 a, u32 b)
{
	return before(b, a);
}

#endif /* _STACK_RUN_H */
