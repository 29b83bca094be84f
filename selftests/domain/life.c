// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a domain: made, entered, dead, restarted in place, destroyed;
 * and what an entry is as a transaction, seen from outside.
 */
#include "kselftest_harness.h"

#include <pthread.h>

#include "attack.h"
#include "echo/echo.h"
#include "system.h"

FIXTURE(life)
{
	int fd;
	struct at_domain dom;
};

FIXTURE_SETUP(life)
{
	self->fd = at_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(at_create(self->fd, "echo", ATMOS_TEST_PRIV_USER, &self->dom), 0);
}

FIXTURE_TEARDOWN(life)
{
	if (self->dom.id)
		EXPECT_EQ(at_destroy(&self->dom), 0);
	close(self->fd);
}

/* What the echo image's record says; the query itself counts as a PING. */
static bool query(struct at_domain *dom, struct echo_record *rec)
{
	const struct dom_cmd_PONG *pong;
	struct at_reply reply;

	if (at_ping(dom, ECHO_QUERY, 0, 0, 0, &reply) || reply.status != ATMOS_TEST_OK)
		return false;
	pong = at_pong(&reply, ECHO_QUERY);
	if (!pong)
		return false;
	*rec = (struct echo_record){ .pings = pong->a, .offers = pong->b, .lost = pong->c };
	return true;
}

static int kill_once(struct at_domain *dom)
{
	struct atmos_test_loop loop;
	int err = at_loop(dom, ATMOS_TEST_LOOP_KILL, 1, -1, &loop);

	return err ? err : loop.died != 1;
}

TEST_F(life, events_and_commands)
{
	struct dom_msg msg[1 + DOM_INLINE_MAX / DOM_SLOT_SIZE];
	const struct dom_cmd_PONG *pong;
	struct at_reply reply;
	u8 *inl = (u8 *)(msg + 1);

	for (u32 len = 0; len <= DOM_INLINE_MAX; len += 31) {
		at_ping_event(msg, 100 + len, len, ~0ull, 1ull << 63);
		msg->hdr.inline_len = (u16)len;
		for (u32 i = 0; i < DOM_INLINE_MAX; i++)
			inl[i] = (u8)(i * 5 + len);
		ASSERT_EQ(at_enter(&self->dom, msg, dom_msg_slots(len), &reply), 0);
		ASSERT_EQ(reply.status, ATMOS_TEST_OK);
		ASSERT_EQ(reply.fault, 0);
		ASSERT_EQ(reply.nr, dom_msg_slots(len));
		pong = at_pong(&reply, 100 + len);
		ASSERT_NE(pong, NULL);
		EXPECT_EQ(pong->a, len);
		EXPECT_EQ(pong->b, ~0ull);
		EXPECT_EQ(pong->c, 1ull << 63);
		EXPECT_EQ(pong->hdr.inline_len, len);
		EXPECT_EQ(memcmp(at_inline(pong), inl, len), 0);
	}
}

TEST_F(life, empty_entry)
{
	struct at_reply reply;

	ASSERT_EQ(at_enter(&self->dom, NULL, 0, &reply), 0);
	EXPECT_EQ(reply.status, ATMOS_TEST_OK);
	EXPECT_EQ(reply.nr, 0);
}

/* More events than replies fit: the rest comes with the next entry. */
TEST_F(life, more_than_the_queue_holds)
{
	struct dom_msg msg[DOM_IN_SLOTS];
	struct at_reply reply;
	u32 next = 1;

	for (u32 i = 0; i < DOM_IN_SLOTS; i++)
		at_ping_event(&msg[i], 1 + i, i, 0, 0);
	ASSERT_EQ(at_enter(&self->dom, msg, DOM_IN_SLOTS, &reply), 0);
	ASSERT_EQ(reply.status, ATMOS_TEST_OK);
	ASSERT_EQ(reply.nr, DOM_OUT_SLOTS);
	for (u32 i = 0; i < reply.nr; i++)
		EXPECT_EQ(((struct dom_cmd_PONG *)&reply.cmd[i])->cookie, next++);
	ASSERT_EQ(at_enter(&self->dom, NULL, 0, &reply), 0);
	ASSERT_EQ(reply.nr, DOM_IN_SLOTS - DOM_OUT_SLOTS);
	for (u32 i = 0; i < reply.nr; i++)
		EXPECT_EQ(((struct dom_cmd_PONG *)&reply.cmd[i])->cookie, next++);
}

/* A death loses what was not committed, and nothing that was. */
TEST_F(life, record_survives)
{
	struct dom_msg msg[DOM_IN_SLOTS];
	struct echo_record rec;
	struct at_reply reply;
	u64 expected = 0;

	for (u32 i = 0; i < DOM_IN_SLOTS; i++)
		at_ping_event(&msg[i], 1 + i, i, 0, 0);
	for (int round = 0; round < 50; round++) {
		ASSERT_EQ(at_enter(&self->dom, msg, DOM_IN_SLOTS, &reply), 0);
		ASSERT_EQ(reply.nr, DOM_OUT_SLOTS);
		expected += DOM_OUT_SLOTS;
		ASSERT_EQ(kill_once(&self->dom), 0);
		/* The left-over replies lived in private memory. */
		ASSERT_EQ(at_enter(&self->dom, NULL, 0, &reply), 0);
		ASSERT_EQ(reply.nr, 0);
		ASSERT_TRUE(query(&self->dom, &rec));
		expected++;
		ASSERT_EQ(rec.pings, expected);
		ASSERT_EQ(rec.lost, 0);
	}
}

TEST_F(life, reports_of_deaths)
{
	struct atmos_test_fault fault, again;
	struct at_domain dom;
	struct at_reply reply;
	u64 last = 0;

	ASSERT_EQ(attack_create(self->fd, "ud2", &dom), 0);
	for (int i = 0; i < 10; i++) {
		struct atmos_test_info info;

		ASSERT_EQ(attack_run(&dom, 1, 0, 0, &reply, &fault), V(6));
		EXPECT_GT(fault.seq, last);
		last = fault.seq;
		EXPECT_EQ(fault.domain, dom.id);
		EXPECT_EQ(fault.address, 0);
		EXPECT_STREQ(fault.image, "hostile-ud2");
		EXPECT_GE(fault.rip, DOM_IMAGE_START);
		EXPECT_LT(fault.rip, DOM_IMAGE_END);
		EXPECT_EQ(strncmp(fault.symbol, "dom_main+", 9), 0);
		ASSERT_EQ(at_fault(self->fd, fault.seq, &again), 0);
		EXPECT_EQ(memcmp(&fault, &again, sizeof(fault)), 0);
		ASSERT_EQ(at_info(&dom, &info), 0);
		EXPECT_EQ(info.restarts, i + 1);
	}
	EXPECT_EQ(at_fault(self->fd, last + 1, &again), -ENOENT);
	EXPECT_EQ(at_fault(self->fd, 0, &again), -ENOENT);
	ASSERT_EQ(attack_end(&dom), 0);
}

TEST_F(life, killed)
{
	struct atmos_test_loop loop;
	struct atmos_test_info info;
	u64 count = sys_scaled(1000, 20);

	ASSERT_EQ(at_loop(&self->dom, ATMOS_TEST_LOOP_KILL, count, -1, &loop), 0);
	EXPECT_EQ(loop.died, count);
	EXPECT_EQ(loop.ok, 0);
	ASSERT_EQ(at_info(&self->dom, &info), 0);
	EXPECT_EQ(info.restarts, count);
	EXPECT_EQ(at_healthy(&self->dom), 0);
}

struct inside {
	struct at_domain *dom;
	u64 outcome;
	int err;
};

static void *stay_inside(void *arg)
{
	struct inside *in = arg;
	struct at_reply reply;

	for (int i = 0; i < 1000 && !in->err; i++)
		in->err = at_ping(in->dom, 1, 1, 0, 0, &reply);
	return NULL;
}

/* Destroyed while inside: the entry ends, later calls find no domain. */
TEST_F_TIMEOUT(life, destroyed_while_inside, 60)
{
	for (u64 i = 0; i < sys_scaled(20, 2); i++) {
		struct at_domain dom, copy;
		struct inside in = {};
		pthread_t thread;

		ASSERT_EQ(attack_create(self->fd, "loop", &dom), 0);
		in.dom = &dom;
		pthread_create(&thread, NULL, stay_inside, &in);
		usleep(1000 * (useconds_t)(i % 7));
		copy = dom;
		ASSERT_EQ(at_destroy(&copy), 0);
		pthread_join(thread, NULL);
		EXPECT_EQ(in.err, -ENOENT);
		ASSERT_EQ(at_forget(self->fd, "hostile-loop"), 0);
	}
	EXPECT_EQ(at_healthy(&self->dom), 0);
}

/* The process dies with its domains inside and alive. */
TEST_F_TIMEOUT(life, owner_dies, 60)
{
	for (u64 i = 0; i < sys_scaled(20, 2); i++) {
		pid_t pid = fork();
		int status;

		ASSERT_GE(pid, 0);
		if (!pid) {
			struct at_reply reply;
			struct at_domain dom;
			int fd = at_open();

			if (attack_create(fd, "loop", &dom))
				_exit(1);
			for (;;)
				at_ping(&dom, 1, 1, 0, 0, &reply);
		}
		usleep(20000);
		kill(pid, SIGKILL);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		EXPECT_TRUE(WIFSIGNALED(status));
	}
	/* The image is free again, so nothing of them is left. */
	EXPECT_EQ(at_forget(self->fd, "hostile-loop"), 0);
	EXPECT_EQ(at_healthy(&self->dom), 0);
}

TEST_F(life, bad_calls)
{
	struct dom_msg msg = {};
	struct at_domain dom;
	struct at_reply reply;
	struct atmos_test_loop loop;

	EXPECT_EQ(at_create(self->fd, "no_such_image", ATMOS_TEST_PRIV_USER, &dom), -ENOENT);
	EXPECT_EQ(at_create(self->fd, "", ATMOS_TEST_PRIV_USER, &dom), -EINVAL);
	EXPECT_EQ(at_create(self->fd, "../echo", ATMOS_TEST_PRIV_USER, &dom), -EINVAL);
	EXPECT_EQ(at_create(self->fd, "a/b", ATMOS_TEST_PRIV_USER, &dom), -EINVAL);
	EXPECT_EQ(at_create(self->fd, "echo", 77, &dom), -EINVAL);

	dom = self->dom;
	dom.id += 1000;
	EXPECT_EQ(at_enter(&dom, &msg, 1, &reply), -ENOENT);
	EXPECT_EQ(at_destroy(&dom), -ENOENT);
	EXPECT_EQ(at_enter(&self->dom, &msg, DOM_IN_SLOTS + 1, &reply), -EINVAL);
	EXPECT_EQ(at_enter(&self->dom, NULL, 1, &reply), -EFAULT);
	EXPECT_EQ(at_loop(&self->dom, 99, 1, -1, &loop), -EINVAL);

	/* Another file's domain is none of ours. */
	int other = at_open();

	ASSERT_GE(other, 0);
	dom = self->dom;
	dom.fd = other;
	EXPECT_EQ(at_enter(&dom, &msg, 1, &reply), -ENOENT);
	close(other);
	EXPECT_EQ(at_healthy(&self->dom), 0);
}

TEST_HARNESS_MAIN
