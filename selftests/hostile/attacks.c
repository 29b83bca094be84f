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
	/* What it owned died with it. */
	EXPECT_EQ(at_info(&self->bystander, &self->info), 0);
	EXPECT_EQ(self->info.exchange_objects, 0);
	EXPECT_EQ(at_destroy(&self->bystander), 0);
	close(self->fd);
}

/* The domain gets an object to own, for attacks that name one. */
static int offer(struct at_domain *dom)
{
	struct at_reply reply;
	struct dom_msg msg;
	u32 handle;
	int err;

	err = at_offer(dom, "payload", 8, &handle);
	if (err)
		return err;
	at_offer_event(&msg, handle, 8, 1);
	err = at_enter(dom, &msg, 1, &reply);
	return err ? err : reply.status != ATMOS_TEST_OK;
}

TEST_F(attack, ends_in_report)
{
	const struct attack_deviation *deviation = attack_deviation(variant->name);
	u64 expected = variant->outcome | (deviation ? deviation->outcome : 0);
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

	ASSERT_EQ(offer(&self->dom), 0);
	outcome = attack_run(&self->dom, 1, b, 0, &reply, &fault);
	if (deviation && !(outcome & variant->outcome))
		TH_LOG("taken as QEMU has it: %s", deviation->why);
	EXPECT_NE(outcome & expected, 0) {
		TH_LOG("ended: %s (error code %llx, address %llx, rip %llx %s)",
		       attack_outcome(outcome), fault.error_code, fault.address,
		       fault.rip, fault.symbol);
		TH_LOG("expected: %s", attack_outcome(expected));
	}
	EXPECT_EQ(at_healthy(&self->dom), 0);
	EXPECT_EQ(at_healthy(&self->bystander), 0);

	/* Once more, with every register of this program looked at. */
	ASSERT_EQ(offer(&self->dom), 0);
	state_fill(&before, self->dom.id);
	at_ping_event(&ping, 0xa77ac6, 1, b, 0);
	ASSERT_EQ(state_ioctl(&before, &after, self->fd, ATMOS_TEST_ENTER, &enter), 0);
	changed = state_compare(&before, &after);
	if (!deviation || !deviation->changes_state) {
		EXPECT_EQ(changed, NULL) {
			TH_LOG("changed in the program: %s", changed);
		}
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
