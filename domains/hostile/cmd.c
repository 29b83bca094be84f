// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks on the core's validator: commands and records that no sound image
 * would write. b is a seed where something is random.
 */
#include "hostile.h"

/* Some command type of a class that is not ours, if the contract has one. */
#define CLASS_OF_ECHO(id)
#define CLASS_OF_STACK(id) (id),
#define CLASS_OF_DRIVER(id) (id),
#define DOM_FIELD(type, name, check, bound)
#define DOM_EVENT(NAME, id, class, handle, inl, fields)
#define DOM_COMMAND(NAME, id, class, handle, inl, fields) CLASS_OF_##class(id)
static const u16 other_class[] = {
#include "../abi/contract.def"
	0
};

#undef DOM_FIELD
#undef DOM_EVENT
#undef DOM_COMMAND

static u64 seed;

static u64 next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void randomise(void *p, size_t len)
{
	u64 *word = p;

	for (size_t i = 0; i < len / 8; i++)
		word[i] = next_random();
}

/* Append a PONG to spoil. */
static struct dom_cmd_PONG *pong(struct dom_out *out, u32 inline_len)
{
	return DOM_PUT(out, PONG, DOM_NO_HANDLE, NULL, inline_len);
}

/* A PONG whose header says something else. */
static void spoil(struct dom_out *out, u16 type, u16 inline_len, u32 handle)
{
	pong(out, 0)->hdr = (struct dom_hdr){
		.type = type,
		.inline_len = inline_len,
		.handle = handle,
	};
}

static void claim_slots(struct dom_out *out, u32 nr)
{
	pong(out, 0);
	out->nr_slots = nr;
}

static u64 attack(const struct attack *t)
{
	struct dom_out *out = t->out;

	no_reply = true;
	seed = t->b * 0x9e3779b97f4a7c15ull + 1;

	switch (ATTACK) {
	case ATTACK_cmd_none:
		spoil(out, DOM_CMD_NONE, 0, 0);
		break;
	case ATTACK_cmd_unknown:
		spoil(out, 0x7ffe, 0, 0);
		break;
	case ATTACK_cmd_type_max:
		spoil(out, 0xffff, 0, 0);
		break;
	case ATTACK_cmd_class:
		spoil(out, other_class[0] ? other_class[0] : 64, 0, 0);
		break;
	case ATTACK_cmd_inline_big:
		spoil(out, DOM_CMD_PONG, DOM_INLINE_MAX + 1, 0);
		out->nr_slots = dom_msg_slots(DOM_INLINE_MAX + 1);
		break;
	case ATTACK_cmd_inline_max:
		spoil(out, DOM_CMD_PONG, 0xffff, 0);
		out->nr_slots = DOM_OUT_SLOTS;
		break;
	case ATTACK_cmd_inline_none:
		/* KEEP has none; a PONG first, so that only this is wrong. */
		DOM_PUT(out, KEEP, own_handle, NULL, 8);
		break;
	case ATTACK_cmd_truncated:
		pong(out, 64);
		out->nr_slots = 1;
		break;
	case ATTACK_cmd_truncated_end:
		while (dom_room(out))
			pong(out, 0);
		((struct dom_msg *)&out->slot[DOM_OUT_SLOTS - 1])->hdr.inline_len = 512;
		break;
	case ATTACK_cmd_slots_48:
		while (dom_room(out))
			pong(out, 0);
		out->nr_slots = DOM_OUT_SLOTS + 1;
		break;
	case ATTACK_cmd_slots_sign:
		claim_slots(out, 0x80000001);
		break;
	case ATTACK_cmd_slots_max:
		claim_slots(out, 0xffffffff);
		break;
	case ATTACK_cmd_slots_zero:
		randomise(out->slot, sizeof(out->slot));
		out->nr_slots = 0;
		break;
	case ATTACK_cmd_tail:
		((u8 *)pong(out, 0))[DOM_SLOT_SIZE - 1] = 1;
		break;
	case ATTACK_cmd_out_flags:
		pong(out, 0);
		out->flags = t->c ? (u32)t->c : 0x80000000;
		break;
	case ATTACK_cmd_out_reserved:
		pong(out, 0);
		out->reserved[t->c % sizeof(out->reserved)] = 1;
		break;
	case ATTACK_cmd_handle:
		spoil(out, DOM_CMD_PONG, 0, 0x10001);
		break;
	case ATTACK_cmd_half:
		for (u32 i = 0; i < 10; i++)
			pong(out, 0)->cookie = i;
		spoil(out, 0x7ffe, 0, 0);
		break;
	case ATTACK_cmd_full:
		for (u64 i = 1; dom_room(out); i++)
			pong(out, 0)->a = i;
		break;
	case ATTACK_cmd_repeat:
		pong(out, 0)->cookie = 7;
		pong(out, 0)->cookie = 7;
		break;
	case ATTACK_cmd_random:
		randomise(out, sizeof(*out));
		break;
	case ATTACK_cmd_random_slots:
		randomise(out->slot, sizeof(out->slot));
		out->nr_slots = 1 + next_random() % DOM_OUT_SLOTS;
		break;
	case ATTACK_cmd_more:
		out->flags = DOM_OUT_MORE;
		break;
	case ATTACK_cmd_gap:
		pong(out, 0);
		out->slot[1] = (struct dom_msg){};
		out->nr_slots = 2;
		pong(out, 0);
		break;
	case ATTACK_record_garbage:
		randomise(out->record, sizeof(out->record));
		no_reply = false;
		break;
	case ATTACK_record_die:
		randomise(out->record, sizeof(out->record));
		asm volatile("ud2");
		break;
	case ATTACK_record_beyond:
		randomise(out->record + sizeof(struct hostile_record),
			  sizeof(out->record) - sizeof(struct hostile_record));
		no_reply = false;
		break;
	}
	return 0;
}
