// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running hostile images; see attack.h.
 */
#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attack.h"

#define HOSTILE(id, name, family, outcome, b, proves) { id, #name, outcome, b, proves },
const struct attack_case attack_cases[] = {
#include "hostile/attacks.def"
	{}
};

#undef HOSTILE

/*
 * QEMU 7.2 to 9: i386 translation. Iret and far return read the stack as the
 * supervisor, which SMAP forbids; several state instructions do not look at
 * CR0.TS; alignment checks and canonical checks of WRGSBASE are not made.
 */
static const struct attack_deviation deviations[] = {
	{ "clflush", OK, false, "CLFLUSH does not translate its address" },
	{ "incsspq", OK, false, "INCSSP is taken for a fence" },
	{ "rsp_push", V(13), false, "a push to a non-canonical address is #GP, not #SS" },
	{ "icebp", V(6), false, "INT1 is undefined" },
	{ "mov_ss_tf_icebp", V(6), false, "INT1 is undefined" },
	{ "emms", OK, true, "EMMS ignores CR0.TS" },
	{ "xsave", OK, false, "XSAVE ignores CR0.TS" },
	{ "xsaveopt", OK, false, "XSAVEOPT ignores CR0.TS" },
	{ "xrstor", OK, true, "XRSTOR ignores CR0.TS" },
	{ "gs_base_bad", OK, false, "WRGSBASE takes any address" },
	{ "flags_ac_access", OK, false, "no alignment checks" },
	{ "iretq_ring0", V(14), false, "IRET reads the stack as the supervisor" },
	{ "iretq_bad_rip", V(14), false, "IRET reads the stack as the supervisor" },
	{ "iretq_same", V(14), false, "IRET reads the stack as the supervisor" },
	{ "iretq_ss_null", V(14), false, "IRET reads the stack as the supervisor" },
	{ "iretq_tf", V(14), false, "IRET reads the stack as the supervisor" },
	{ "flags_rf_exit", V(14), false, "IRET reads the stack as the supervisor" },
	{ "lret_ring0", V(14), false, "far return reads the stack as the supervisor" },
	{}
};

bool attack_on_tcg(void)
{
	static const char tcg[12] = "TCGTCGTCGTCG";
	uint32_t words[4];

	__cpuid(0x40000000, words[0], words[1], words[2], words[3]);
	return !memcmp(words + 1, tcg, sizeof(tcg));
}

const struct attack_deviation *attack_deviation(const char *name)
{
	const struct attack_deviation *d;

	if (!attack_on_tcg())
		return NULL;
	for (d = deviations; d->name; d++)
		if (!strcmp(d->name, name))
			return d;
	return NULL;
}

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

int attack_last_fault(int fd, u64 domain, struct atmos_test_fault *fault)
{
	struct at_domain dom;
	u64 seq;
	int err;

	err = attack_create(fd, "ud2", &dom);
	if (err)
		return err;
	err = attack_run(&dom, 1, 0, 0, NULL, fault) == OTHER ? -ENOENT : 0;
	if (attack_end(&dom) || err)
		return -ENOENT;
	for (seq = fault->seq; seq && !at_fault(fd, seq, fault); seq--)
		if (fault->domain == domain)
			return 0;
	return -ENOENT;
}

const char *attack_report(const struct atmos_test_fault *f)
{
	static char text[256];

	snprintf(text, sizeof(text),
		 "kind %u vector %u error code %llx address %llx rip %llx %.47s", f->kind,
		 f->vector, f->error_code, f->address, f->rip, f->symbol);
	return text;
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
