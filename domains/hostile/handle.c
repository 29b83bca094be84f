// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks by handles. The test offers an object first, which the frame keeps
 * (own_handle), where the attack needs one. b is a handle or a bit number.
 */
#include "hostile.h"

static void give_back(struct dom_out *out, u32 handle, u32 offset, u32 len)
{
	struct dom_cmd_RETURN *cmd = DOM_PUT(out, RETURN, handle, NULL, 0);

	if (cmd) {
		cmd->offset = offset;
		cmd->len = len;
	}
}

static void keep_it(struct dom_out *out, u32 handle)
{
	DOM_PUT(out, KEEP, handle, NULL, 0);
}

static u64 attack(const struct attack *t)
{
	struct dom_out *out = t->out;
	u32 b = (u32)t->b;

	switch (ATTACK) {
	case ATTACK_handle_none:
		give_back(out, DOM_NO_HANDLE, 0, 0);
		break;
	case ATTACK_handle_forged:
		give_back(out, b, 0, 0);
		break;
	case ATTACK_handle_keep:
		keep_it(out, b);
		break;
	case ATTACK_handle_flip:
		give_back(out, own_handle ^ (1u << (b % 32)), 0, 0);
		break;
	case ATTACK_handle_twice:
		give_back(out, own_handle, 0, own_len);
		give_back(out, own_handle, 0, own_len);
		break;
	case ATTACK_handle_stale:
		/* The test calls twice: the first time it is all right. */
		give_back(out, own_handle, 0, own_len);
		break;
	case ATTACK_handle_order:
		give_back(out, own_handle, 0, own_len);
		keep_it(out, own_handle);
		break;
	case ATTACK_handle_keep_twice:
		keep_it(out, own_handle);
		keep_it(out, own_handle);
		give_back(out, own_handle, 0, own_len);
		break;
	case ATTACK_handle_range:
		give_back(out, own_handle, 0, own_len + 1);
		break;
	case ATTACK_handle_range_wrap:
		give_back(out, own_handle, 0xffffffff, 2);
		break;
	case ATTACK_handle_half:
		give_back(out, own_handle, 0, own_len);
		DOM_PUT(out, KEEP, own_handle ^ 0x10000, NULL, 0);
		break;
	}
	return own_handle;
}
