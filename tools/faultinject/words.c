// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names in the result file.
 */
#include "faultinject.h"

static const char *const kinds[ATMOS_TEST_INJECT_NR] = {
	[ATMOS_TEST_INJECT_NONE] = "none",
	[ATMOS_TEST_INJECT_TEXT] = "text",
	[ATMOS_TEST_INJECT_DATA] = "data",
	[ATMOS_TEST_INJECT_EVENT] = "event",
	[ATMOS_TEST_INJECT_HEAD] = "event head",
	[ATMOS_TEST_INJECT_LOSE] = "lost event",
	[ATMOS_TEST_INJECT_TWICE] = "event twice",
	[ATMOS_TEST_INJECT_START] = "registers at entry",
	[ATMOS_TEST_INJECT_REGS] = "registers",
	[ATMOS_TEST_INJECT_STACK] = "stack",
	[ATMOS_TEST_INJECT_CODE] = "running text",
	[ATMOS_TEST_INJECT_STATE] = "record in use",
	[ATMOS_TEST_INJECT_COMMAND] = "command",
	[ATMOS_TEST_INJECT_RECORD] = "record",
	[ATMOS_TEST_INJECT_KILL] = "kill",
};

static const char *const causes[] = {
	[0] = "none",
	[ATMOS_TEST_FAULT_EXCEPTION] = "exception",
	[ATMOS_TEST_FAULT_BUDGET] = "budget",
	[ATMOS_TEST_FAULT_CONTRACT] = "check",
	[ATMOS_TEST_FAULT_KILLED] = "killed",
	[ATMOS_TEST_FAULT_SEGMENT] = "left its code",
};

static const char *const outcomes[] = {
	[EXACT] = "exact",
	[ERROR] = "error",
	[STALLED] = "stalled",
	[CORRUPT] = "corrupt",
};

const char *kind_name(u32 kind)
{
	return kind < ATMOS_TEST_INJECT_NR ? kinds[kind] : "?";
}

const char *cause_name(u32 kind)
{
	return kind < sizeof(causes) / sizeof(*causes) ? causes[kind] : "?";
}

const char *outcome_name(enum outcome outcome)
{
	return outcomes[outcome];
}
