/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine on the host: mailbox pages, event builders, command reading.
 *
 * A thin driver for tests, simulators and benchmarks. It plays the core's
 * part of the contract only as far as memory goes: who owns which handle, and
 * what becomes of payload, is the caller's business.
 */
#ifndef _HOST_ENGINE_H
#define _HOST_ENGINE_H

#include "../stack/engine.h"

/**
 * struct eng - one instance and its mailbox
 * @in: events and configuration
 * @out: commands and record
 * @shadow: last committed record
 * @reasm: private memory, for STACK_REASM
 */
struct eng {
	struct dom_in in;
	struct dom_out out;
	u8 shadow[DOM_RECORD_MAX];
	struct reasm *reasm;
};

/**
 * eng_new() - make an instance without a record
 * @cfg: its configuration
 *
 * Return: the instance, or NULL without memory.
 */
struct eng *eng_new(const struct stack_config *cfg);

/**
 * eng_free() - end of an instance
 * @e: the instance, or NULL
 */
void eng_free(struct eng *e);

/**
 * eng_spawn() - give an instance a record, of OPENED or of a shadow
 * @e: the instance
 * @record: its bytes
 * @len: how many; the rest is zero
 */
void eng_spawn(struct eng *e, const void *record, u32 len);

/**
 * eng_event() - append an event to the queue
 * @e: the instance
 * @type: DOM_EV_*
 * @handle: payload object or DOM_NO_HANDLE
 * @inl: inline bytes
 * @inline_len: how many
 *
 * Return: the event, fields zero, or NULL if the queue is full.
 */
void *eng_event(struct eng *e, u16 type, u32 handle, const void *inl,
		u32 inline_len);

/* eng_event() in the event's own form: ENG_EVENT(e, SEND, ...)->tail = 1 */
#define ENG_EVENT(e, NAME, handle, inl, len) \
	((struct dom_ev_##NAME *)eng_event(e, DOM_EV_##NAME, handle, inl, len))

/**
 * eng_run() - one entry: run the engine on the queue, and commit
 * @e: the instance
 * @now_us: time
 *
 * On success the record is copied to the shadow and the queue is empty.
 *
 * Return: as stack_run().
 */
int eng_run(struct eng *e, u64 now_us);

/**
 * eng_kill() - a death: back to the shadow, the queue is lost
 * @e: the instance
 */
void eng_kill(struct eng *e);

/**
 * eng_command() - walk the commands of the last run
 * @e: the instance
 * @pos: cursor, 0 at first
 *
 * Return: the next command, or NULL.
 */
const struct dom_msg *eng_command(const struct eng *e, u32 *pos);

/* Inline bytes of a message. */
static inline const u8 *eng_inline(const struct dom_msg *m)
{
	return (const u8 *)m + DOM_SLOT_SIZE;
}

#endif /* _HOST_ENGINE_H */
