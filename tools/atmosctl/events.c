// SPDX-License-Identifier: GPL-2.0-only
/* Names of events, from the one list of messages between core and domain. */
#include <stddef.h>

#include "atmosctl.h"
#include "events.h"

#define DOM_EVENT(NAME, id, class, handle, inl, fields) [id] = #NAME,
#define DOM_COMMAND(NAME, id, class, handle, inl, fields)

static const char *const names[] = {
#include "../../domains/abi/contract.def"
};

const char *event_name(unsigned long long type)
{
	return type < ARRAY_SIZE(names) ? names[type] : NULL;
}
