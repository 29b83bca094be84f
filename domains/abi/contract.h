/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Message types and their named forms, generated from contract.def.
 *
 * struct dom_ev_NAME and struct dom_cmd_NAME overlay struct dom_msg.
 */
#ifndef _DOM_ABI_CONTRACT_H
#define _DOM_ABI_CONTRACT_H

#include "abi.h"

#define DOM_FIELD(type, name, check, bound) type name;

#define DOM_COMMAND(NAME, id, class, handle, inl, fields)
#define DOM_EVENT(NAME, id, class, handle, inl, fields) DOM_EV_##NAME = (id),
enum dom_event {
	DOM_EV_NONE = 0,
#include "contract.def"
};

#undef DOM_EVENT
#define DOM_EVENT(NAME, id, class, handle, inl, fields)		\
	struct dom_ev_##NAME {						\
		struct dom_hdr hdr;					\
		fields							\
	};								\
	static_assert(sizeof(struct dom_ev_##NAME) <= DOM_SLOT_SIZE, #NAME);
#include "contract.def"

#undef DOM_EVENT
#undef DOM_COMMAND
#define DOM_EVENT(NAME, id, class, handle, inl, fields)
#define DOM_COMMAND(NAME, id, class, handle, inl, fields) DOM_CMD_##NAME = (id),
enum dom_command {
	DOM_CMD_NONE = 0,
#include "contract.def"
};

#undef DOM_COMMAND
#define DOM_COMMAND(NAME, id, class, handle, inl, fields)		\
	struct dom_cmd_##NAME {						\
		struct dom_hdr hdr;					\
		fields							\
	};								\
	static_assert(sizeof(struct dom_cmd_##NAME) <= DOM_SLOT_SIZE, #NAME);
#include "contract.def"

#undef DOM_EVENT
#undef DOM_COMMAND
#undef DOM_FIELD

#endif /* _DOM_ABI_CONTRACT_H */
