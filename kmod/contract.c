// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does a command keep to the contract? The rules come from contract.def.
 *
 * The domain is not running, so each field may be read in place. Nothing the
 * domain wrote is used as an index, a length or an address without a bound.
 * Called by domain.c for every command before any takes effect.
 */
#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#else
#include <errno.h>
#include <string.h>
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#endif

#include "contract.h"

enum handle_rule {
	HANDLE_NONE,
	HANDLE_USE,
	HANDLE_TAKE,
	HANDLE_MAYTAKE,
	HANDLE_GIVE,
	HANDLE_MAYGIVE,
};

/**
 * struct rule - what holds for a command whatever its fields say
 * @image_class: who may send it
 * @handle: enum handle_rule
 * @used: bytes of the slot that have a meaning; the rest must be zero
 * @inline_max: most bytes in the slots that follow
 */
struct rule {
	u8 image_class;
	u8 handle;
	u8 used;
	u16 inline_max;
};

#define DOM_EVENT(NAME, id, class, handle, inl, fields)
#define DOM_FIELD(type, name, check, bound)
#define DOM_COMMAND(NAME, id, class, rule, inl, fields)		\
	[id] = { DOM_CLASS_##class, HANDLE_##rule, sizeof(struct dom_cmd_##NAME), inl },
static const struct rule rules[] = {
#include "../domains/abi/contract.def"
};

#undef DOM_COMMAND
#define DOM_COMMAND(NAME, id, class, rule, inl, fields) [id] = #NAME,
static const char * const command_names[] = {
#include "../domains/abi/contract.def"
};

#undef DOM_COMMAND
#undef DOM_EVENT
#define DOM_COMMAND(NAME, id, class, rule, inl, fields)
#define DOM_EVENT(NAME, id, class, handle, inl, fields) [id] = #NAME,
static const char * const event_names[] = {
#include "../domains/abi/contract.def"
};

#undef DOM_EVENT
#undef DOM_FIELD
#undef DOM_COMMAND

#define CHECK_ANY(value, bound)		true
#define CHECK_MAX(value, bound)		((value) <= (bound))
#define CHECK_RANGE(value, bound)	((value) >= 1 && (value) <= (bound))
#define CHECK_FLAGS(value, bound)	(!((value) & ~(u64)(bound)))

#define DOM_FIELD(type, name, check, bound) CHECK_##check(m->name, bound) &&
#define DOM_EVENT(NAME, id, class, handle, inl, fields)
#define DOM_COMMAND(NAME, id, class, rule, inl, fields)		\
	static bool fields_##NAME(const struct dom_cmd_##NAME *m)	\
	{								\
		(void)m;						\
		return fields true;					\
	}
#include "../domains/abi/contract.def"

#undef DOM_COMMAND
#undef DOM_FIELD
#define DOM_FIELD(type, name, check, bound)
#define DOM_COMMAND(NAME, id, class, rule, inl, fields)		\
	case id:							\
		return fields_##NAME((const void *)msg);
static bool fields_ok(const struct dom_msg *msg)
{
	switch (msg->hdr.type) {
#include "../domains/abi/contract.def"
	}
	return false;
}

/* Bytes [used, 64) of the slot. */
static bool rest_is_zero(const struct dom_msg *msg, u32 used)
{
	const u8 *byte = (const u8 *)msg;
	const u64 *word, *end = (const u64 *)(byte + DOM_SLOT_SIZE);
	u64 bits = 0;

	for (; used % 8; used++)
		bits |= byte[used];
	for (word = (const u64 *)(byte + used); word < end; word++)
		bits |= *word;
	return !bits;
}

static bool handle_ok(struct atmos_handles *handles, u32 handle, enum handle_rule rule)
{
	struct atmos_handle *e;

	if (rule == HANDLE_NONE)
		return handle == DOM_NO_HANDLE;
	if (rule == HANDLE_MAYTAKE && handle == DOM_NO_HANDLE)
		return true;
	e = handles_entry(handles, handle);
	if (!e || e->taken)
		return false;
	/* Undone with everything else if the batch is refused: all is reclaimed. */
	e->taken = rule != HANDLE_USE;
	return true;
}

/**
 * atmos_contract_message() - check one command
 * @msg: its first slot
 * @room: slots from @msg to the end of the queue, at least 1
 * @image_class: of the domain's image
 * @handles: its table; objects named by TAKE are marked
 * @why: on refusal, a sentence
 *
 * Context: any; the domain's lock held. Return: slots it occupies, or -EBADMSG.
 */
int atmos_contract_message(const struct dom_msg *msg, u32 room, u32 image_class,
			   struct atmos_handles *handles, const char **why)
{
	u16 type = msg->hdr.type;
	const struct rule *r;
	u32 slots;

	if (type >= ARRAY_SIZE(rules) || !rules[type].image_class ||
	    rules[type].image_class != image_class) {
		*why = "command unknown to its class";
		return -EBADMSG;
	}
	r = &rules[array_index_nospec(type, ARRAY_SIZE(rules))];
	if (msg->hdr.inline_len > r->inline_max) {
		*why = "more inline bytes than the command may have";
		return -EBADMSG;
	}
	slots = dom_msg_slots(msg->hdr.inline_len);
	if (slots > room) {
		*why = "inline bytes beyond the end of the queue";
		return -EBADMSG;
	}
	if (!rest_is_zero(msg, r->used)) {
		*why = "unused bytes are not zero";
		return -EBADMSG;
	}
	if (!fields_ok(msg)) {
		*why = "argument out of bounds";
		return -EBADMSG;
	}
	if (!handle_ok(handles, msg->hdr.handle, r->handle)) {
		*why = "handle stale, foreign, used twice or out of place";
		return -EBADMSG;
	}
	return slots;
}

/**
 * atmos_contract_queue() - check the head of a command queue
 * @out: mailbox page
 * @v: on refusal, what is wrong
 *
 * Return: 0 or -EBADMSG.
 */
int atmos_contract_queue(const struct dom_out *out, struct atmos_violation *v)
{
	u32 i;

	v->slot = 0;
	if (out->nr_slots > DOM_OUT_SLOTS) {
		v->why = "more commands than the queue has slots";
		return -EBADMSG;
	}
	if (out->flags & ~DOM_OUT_FLAGS) {
		v->why = "unknown flags";
		return -EBADMSG;
	}
	for (i = 0; i < sizeof(out->reserved) / 8; i++) {
		if (((const u64 *)out->reserved)[i]) {
			v->why = "reserved bytes are not zero";
			return -EBADMSG;
		}
	}
	return 0;
}

/* Does this command end the domain's ownership of the object it names? */
bool atmos_contract_takes(u16 command)
{
	return command < ARRAY_SIZE(rules) && (rules[command].handle == HANDLE_TAKE ||
					       rules[command].handle == HANDLE_MAYTAKE);
}

/* Name of an event, for traces and reports; never NULL. */
const char *atmos_event_name(u16 event)
{
	return event < ARRAY_SIZE(event_names) && event_names[event] ? event_names[event] : "?";
}

const char *atmos_command_name(u16 command)
{
	return command < ARRAY_SIZE(command_names) && command_names[command] ?
	       command_names[command] : "?";
}
