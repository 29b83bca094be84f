// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host test of the decision whether the module may load, for the conditions
 * that no emulator at hand can bring about: every combination of facts about a
 * machine is asked, and each single reason is to be named.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint32_t u32;

#include "../../kmod/platform.h"

#define NEEDED	(ATMOS_FACT_NX | ATMOS_FACT_FSGSBASE)
#define FACTS	7

/* A fact, whether the module needs it or cannot bear it, and its word. */
static const struct rule {
	u32 fact;
	bool needed;
	const char *word;
} rules[] = {
	{ ATMOS_FACT_NX, true, "NX" },
	{ ATMOS_FACT_FSGSBASE, true, "FSGSBASE" },
	{ ATMOS_FACT_XENPV, false, "Xen" },
	{ ATMOS_FACT_FRED, false, "FRED" },
	{ ATMOS_FACT_CONFIDENTIAL, false, "confidentiality" },
	{ ATMOS_FACT_ENCRYPTED, false, "TDX" },
};

#define NR_RULES (sizeof(rules) / sizeof(rules[0]))

static unsigned int number, failed;

static void result(bool ok, const char *text, const char *detail)
{
	number++;
	failed += !ok;
	printf("%sok %u refusal: %s%s\n", ok ? "" : "not ", number, text, detail);
}

static bool broken(const struct rule *rule, u32 facts)
{
	return rule->needed ? !(facts & rule->fact) : facts & rule->fact;
}

int main(void)
{
	bool consistent = true;
	u32 facts;
	size_t i;

	result(!atmos_platform_refusal(NEEDED), "a fit machine is accepted", "");
	result(!atmos_platform_refusal(NEEDED | ATMOS_FACT_SMEP), "SMEP does no harm", "");

	for (i = 0; i < NR_RULES; i++) {
		const char *why = atmos_platform_refusal(NEEDED ^ rules[i].fact);

		result(why && strstr(why, rules[i].word), "alone it is named: ", rules[i].word);
	}

	/* Several at once: refused exactly if one is broken, and for one of them. */
	for (facts = 0; facts < 1u << FACTS; facts++) {
		const char *why = atmos_platform_refusal(facts);
		bool any = false, named = false;

		for (i = 0; i < NR_RULES; i++) {
			if (!broken(&rules[i], facts))
				continue;
			any = true;
			named |= why && strstr(why, rules[i].word);
		}
		if (any != !!why || any != named)
			consistent = false;
	}
	result(consistent, "all combinations are judged", "");
	return failed ? 1 : 0;
}
