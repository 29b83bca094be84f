// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every attack of domains/hostile/attacks.def, one test each: the domain is
 * healthy, attacks, and ends as the table says, with a report; it is healthy
 * again at once; another domain never noticed; nothing of the test's own
 * registers changed; no reply held the secret.
 */
#include "kselftest_harness.h"

#include "attack.h"
#include "state.h"

FIXTURE(attack)
{
	int fd;
	struct at_domain dom;
	struct at_domain bystander;
	struct atmos_test_info info;
	u64 bystander_restarts;
};

FIXTURE_VARIANT(attack)
{
	const char *name;
	u64 outcome;
	u64 b;
};

#define HOSTILE(id, attack_name, family, ends, param, proves)		\
	FIXTURE_VARIANT_ADD(attack, attack_name) {			\
		.name = #attack_name,					\
		.outcome = ends,					\
		.b = param,						\
	};
#include "hostile/attacks.def"
#undef HOSTILE

FIXTURE_SETUP(attack)
{
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(attack_create(self->fd, variant->name, &self->dom), 0);
	ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &self->bystander), 0);
	ASSERT_EQ(at_info(&self->dom, &self->info), 0);
}

FIXTURE_TEARDOWN(attack)
{
	EXPECT_EQ(attack_end(&self->dom), 0);
	EXPECT_EQ(at_destroy(&self->bystander), 0);
	close(self->fd);
}

TEST_F(attack, ends_in_report)
{
	static struct state before, after;
	struct atmos_test_fault fault;
	struct at_reply reply = {};
	struct dom_msg ping;
	struct atmos_test_enter enter = {
		.id = self->dom.id,
		.events = (uintptr_t)&ping,
		.commands = (uintptr_t)reply.cmd,
		.nr_events = 1,
		.max_commands = DOM_OUT_SLOTS,
	};
	u64 b = variant->b == SECRET ? self->info.secret : variant->b;
	struct atmos_test_info info;
	const char *changed;
	u64 outcome;

	ASSERT_EQ(at_healthy(&self->bystander), 0);
	ASSERT_EQ(at_healthy(&self->dom), 0);

	outcome = attack_run(&self->dom, 1, b, 0, &reply, &fault);
	EXPECT_NE(outcome & variant->outcome, 0) {
		TH_LOG("ended: %s (error code %llx, address %llx, rip %llx %s)",
		       attack_outcome(outcome), fault.error_code, fault.address,
		       fault.rip, fault.symbol);
		TH_LOG("expected: %s", attack_outcome(variant->outcome));
	}
	EXPECT_EQ(at_healthy(&self->dom), 0);
	EXPECT_EQ(at_healthy(&self->bystander), 0);

	/* Once more, with every register of this program looked at. */
	state_fill(&before, self->dom.id);
	at_ping_event(&ping, 0xa77ac6, 1, b, 0);
	ASSERT_EQ(state_ioctl(&before, &after, self->fd, ATMOS_TEST_ENTER, &enter), 0);
	changed = state_compare(&before, &after);
	EXPECT_EQ(changed, NULL) {
		TH_LOG("changed in the program: %s", changed);
	}
	EXPECT_FALSE(at_contains(reply.cmd, sizeof(reply.cmd), self->dom.secret,
				 sizeof(self->dom.secret)));
	EXPECT_EQ(at_healthy(&self->dom), 0);
	EXPECT_EQ(at_healthy(&self->bystander), 0);

	EXPECT_EQ(self->dom.leaks, 0);
	ASSERT_EQ(at_info(&self->bystander, &info), 0);
	EXPECT_EQ(info.restarts, 0);
	EXPECT_EQ(memcmp(info.secret_value, self->info.secret_value,
			 sizeof(info.secret_value)), 0);
}

TEST_HARNESS_MAIN
