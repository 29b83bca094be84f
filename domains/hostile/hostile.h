/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame of every hostile image.
 *
 * A family file includes this and defines attack(): a switch over ATTACK, a
 * constant that the build gives (-DATTACK=ATTACK_name), so that an image
 * holds one attack and nothing of the others.
 *
 * A PING with a == 0 is answered as the echo image does; thereby a test sees
 * that the domain is healthy, before and after. A PING with any other a runs
 * the attack with the PING's a, b and c. If the attack returns, PONG brings its
 * result in a and what it put into result_bytes.
 */
#ifndef _DOM_HOSTILE_H
#define _DOM_HOSTILE_H

#include "../rt/rt.h"
#include "record.h"

#define HOSTILE(id, name, family, outcome, b, proves) ATTACK_##name = (id),
enum attack_id {
#include "attacks.def"
};

#undef HOSTILE

/**
 * struct attack - what the attack may use
 * @a: variant
 * @b: parameter, see the table
 * @c: second parameter
 * @in: mailbox
 * @out: mailbox
 */
struct attack {
	u64 a;
	u64 b;
	u64 c;
	const struct dom_in *in;
	struct dom_out *out;
};

/* Runs the attack; its value is PONG's a, if it comes so far. */
static u64 attack(const struct attack *t);

/* Set by attack(): what the PONG carries, and that there is to be none. */
static u8 result_bytes[DOM_INLINE_MAX] __attribute__((aligned(64)));
static u32 result_len;
static bool no_reply;

/* The last object offered; kept, so that handle attacks own one. */
static u32 own_handle;
static u32 own_len;

/* First address of the window; attacks count from there. */
static inline u64 window_base(const struct attack *t)
{
	return (u64)t->in - DOM_IN_OFFSET;
}

/* Hide a value's origin from the optimiser. */
#define OPAQUE(value) ({						\
	__auto_type __v = (value);					\
	asm volatile("" : "+r"(__v));					\
	__v;								\
})

/* Attacks that go on may have changed anything but rsp and rbp. */
#define ALL_REGS "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9",	\
	"r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc"

static inline void result_add(u64 value)
{
	if (result_len + 8 <= sizeof(result_bytes)) {
		memcpy(result_bytes + result_len, &value, 8);
		result_len += 8;
	}
}

/* An exit that does not go through dom_main()'s end; for what must be last. */
static inline __attribute__((noreturn)) void exit_now(void)
{
	asm volatile("int $15");
	__builtin_unreachable();
}

/* PONG for a healthy PING or an attack that returned. */
static void reply(struct dom_out *out, const struct dom_ev_PING *ping, u64 a,
		  const void *inl, u32 inline_len)
{
	struct dom_cmd_PONG *pong;

	pong = DOM_PUT(out, PONG, DOM_NO_HANDLE, inl, inline_len);
	if (!pong)
		return;
	pong->cookie = ping->cookie;
	pong->a = a;
	pong->b = ping->b;
	pong->c = ping->c;
}

static void keep(struct dom_out *out, const struct dom_ev_OFFER *offer)
{
	struct dom_cmd_KEEP *cmd = DOM_PUT(out, KEEP, offer->hdr.handle, NULL, 0);

	own_handle = offer->hdr.handle;
	own_len = offer->len;
	if (cmd)
		cmd->cookie = offer->cookie;
}

/* Not in the contract for healthy replies: put the PONG before an exit_now(). */
static __attribute__((unused)) void reply_early(const struct attack *t)
{
	struct dom_cmd_PONG *pong = DOM_PUT(t->out, PONG, DOM_NO_HANDLE, NULL, 0);

	if (pong) {
		pong->cookie = ((const struct dom_ev_PING *)t->in->slot)->cookie;
		pong->b = t->b;
		pong->c = t->c;
	}
}

void dom_main(const struct dom_in *in, struct dom_out *out)
{
	struct hostile_record *rec = (struct hostile_record *)out->record;
	const struct dom_msg *msg;
	struct dom_cursor cursor;

	if (in->record_len != sizeof(*rec))
		*rec = (struct hostile_record){};
	rec->entries++;

	dom_cursor_init(&cursor, in);
	while ((msg = dom_next(&cursor))) {
		const struct dom_ev_PING *ping = DOM_EVENT_OF(msg, PING);

		if (msg->hdr.type == DOM_EV_OFFER)
			keep(out, DOM_EVENT_OF(msg, OFFER));
		if (msg->hdr.type != DOM_EV_PING)
			continue;

		if (ping->a == 0) {
			/* c of a healthy PONG counts committed entries. */
			struct dom_cmd_PONG *pong;

			pong = DOM_PUT(out, PONG, DOM_NO_HANDLE, dom_inline(msg),
				       msg->hdr.inline_len);
			if (!pong)
				continue;
			pong->cookie = ping->cookie;
			pong->b = ping->b;
			pong->c = rec->entries;
		} else {
			struct attack t = {
				.a = ping->a,
				.b = ping->b,
				.c = ping->c,
				.in = in,
				.out = out,
			};
			u64 value;

			rec->attacks++;
			result_len = 0;
			no_reply = false;
			value = attack(&t);
			if (!no_reply)
				reply(out, ping, value, result_bytes, result_len);
		}
	}
}

#define STRING_(x) #x
#define STRING(x) STRING_(x)

DOM_MANIFEST("hostile-" STRING(ATTACK_NAME),
	     .image_class = DOM_CLASS_ECHO,
	     .record_size = sizeof(struct hostile_record),
	     .record_version = HOSTILE_RECORD_VERSION);

#endif /* _DOM_HOSTILE_H */
