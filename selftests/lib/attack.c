// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running hostile images; see attack.h.
 */
#include <stdio.h>
#include <string.h>

#include "attack.h"

#define HOSTILE(id, name, family, outcome, b, proves) { id, #name, outcome, b, proves },
const struct attack_case attack_cases[] = {
#include "hostile/attacks.def"
	{}
};
#undef HOSTILE

const struct attack_case *attack_find(const char *name)
{
	for (const struct attack_case *c = attack_cases; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

int attack_create(int fd, const char *name, struct at_domain *dom)
{
	char image[32];

	snprintf(image, sizeof(image), "hostile-%s", name);
	return at_create(fd, image, ATMOS_TEST_PRIV_USER, dom);
}

int attack_end(struct at_domain *dom)
{
	int err = at_destroy(dom);

	return err ? err : at_forget(dom->fd, dom->image);
}

/* The report must be of this very death. */
static u64 outcome_of_fault(struct at_domain *dom, u64 seq, struct atmos_test_fault *f)
{
	if (at_fault(dom->fd, seq, f) || f->seq != seq || f->domain != dom->id ||
	    strncmp(f->image, dom->image, sizeof(f->image)) != 0)
		return OTHER;
	switch (f->kind) {
	case ATMOS_TEST_FAULT_EXCEPTION:
		return f->vector < 32 ? V(f->vector) : OTHER;
	case ATMOS_TEST_FAULT_BUDGET:
		return BUDGET;
	case ATMOS_TEST_FAULT_CONTRACT:
		return CONTRACT;
	case ATMOS_TEST_FAULT_SEGMENT:
		return SEGMENT;
	case ATMOS_TEST_FAULT_KILLED:
		return KILLED;
	}
	return OTHER;
}

u64 attack_run(struct at_domain *dom, u64 a, u64 b, u64 c, struct at_reply *reply,
	       struct atmos_test_fault *fault)
{
	static struct at_reply own_reply;
	static struct atmos_test_fault own_fault;

	if (!reply)
		reply = &own_reply;
	if (!fault)
		fault = &own_fault;
	memset(fault, 0, sizeof(*fault));
	if (at_ping(dom, 0xa77ac6, a, b, c, reply))
		return OTHER;
	switch (reply->status) {
	case ATMOS_TEST_OK:
		return OK;
	case ATMOS_TEST_DIED:
		/* Nothing of a dead entry may come out. */
		return reply->nr ? OTHER : outcome_of_fault(dom, reply->fault, fault);
	}
	return OTHER;
}

const char *attack_outcome(u64 outcome)
{
	static char text[256];
	size_t at = 0;

	text[0] = 0;
	for (unsigned int i = 0; i < 64; i++) {
		static const char *const words[] = {
			"over budget", "contract violated", "committed",
			"foreign segment or rip", "killed",
		};

		if (!(outcome >> i & 1) || at > sizeof(text) - 40)
			continue;
		if (at)
			at += (size_t)sprintf(text + at, " or ");
		if (i < 32)
			at += (size_t)sprintf(text + at, "exception %u", i);
		else if (i < 37)
			at += (size_t)sprintf(text + at, "%s", words[i - 32]);
		else
			at += (size_t)sprintf(text + at, "something else");
	}
	return text;
}
