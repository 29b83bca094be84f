/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core's check of a command queue against the contract. Pure; also built
 * on the host, where it is fuzzed with a hostile domain's output.
 */
#ifndef _ATMOS_CONTRACT_H
#define _ATMOS_CONTRACT_H

#include "../domains/abi/contract.h"
#include "../domains/abi/record.h"
#include "handles.h"

/**
 * struct atmos_violation - where a command queue breaks the contract
 * @slot: index of the offending message
 * @why: a sentence
 */
struct atmos_violation {
	u32 slot;
	const char *why;
};

int atmos_contract_queue(const struct dom_out *out, struct atmos_violation *v);
int atmos_contract_message(const struct dom_msg *msg, u32 room, u32 image_class,
			   struct atmos_handles *handles, const char **why);
bool atmos_contract_takes(u16 command);
const char *atmos_event_name(u16 event);
const char *atmos_command_name(u16 command);

#endif /* _ATMOS_CONTRACT_H */
