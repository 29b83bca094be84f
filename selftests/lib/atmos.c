// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test interface for C tests; see atmos.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "atmos.h"

static int call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

bool at_contains(const void *buffer, size_t len, const void *bytes, size_t nr)
{
	return !!memmem(buffer, len, bytes, nr);
}

int at_open(void)
{
	int fd = open("/dev/atmos-test", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int at_create(int fd, const char *image, u32 privilege, struct at_domain *dom)
{
	struct atmos_test_create arg = { .privilege = privilege };
	struct atmos_test_info info;
	int err;

	memset(dom, 0, sizeof(*dom));
	dom->fd = fd;
	strncpy(dom->image, image, sizeof(dom->image) - 1);
	memcpy(arg.image, dom->image, sizeof(arg.image));
	err = call(fd, ATMOS_TEST_CREATE, &arg);
	if (err)
		return err;
	dom->id = arg.id;

	err = at_info(dom, &info);
	if (!err) {
		memcpy(dom->secret, info.secret_value, sizeof(dom->secret));
		dom->secret_known = true;
	}
	return err;
}

int at_destroy(struct at_domain *dom)
{
	__u64 id = dom->id;
	int err = call(dom->fd, ATMOS_TEST_DESTROY, &id);

	if (!err)
		dom->id = 0;
	return err;
}

int at_forget(int fd, const char *image)
{
	struct atmos_test_create arg = {};

	strncpy(arg.image, image, sizeof(arg.image) - 1);
	return call(fd, ATMOS_TEST_FORGET, &arg);
}

int at_enter(struct at_domain *dom, const struct dom_msg *events, u32 nr,
	     struct at_reply *reply)
{
	struct atmos_test_enter arg = {
		.id = dom->id,
		.events = (uintptr_t)events,
		.nr_events = nr,
		.commands = (uintptr_t)reply->cmd,
		.max_commands = DOM_OUT_SLOTS,
	};
	int err;

	memset(reply, 0, sizeof(*reply));
	err = call(dom->fd, ATMOS_TEST_ENTER, &arg);
	if (err)
		return err;
	reply->status = arg.status;
	reply->fault = arg.fault;
	reply->cycles = arg.cycles;
	reply->nr = arg.nr_commands;
	if (dom->secret_known && at_contains(reply->cmd, sizeof(reply->cmd), dom->secret,
					     sizeof(dom->secret)))
		dom->leaks++;
	return 0;
}

void at_ping_event(struct dom_msg *msg, u64 cookie, u64 a, u64 b, u64 c)
{
	struct dom_ev_PING *ping = (struct dom_ev_PING *)msg;

	memset(msg, 0, sizeof(*msg));
	ping->hdr.type = DOM_EV_PING;
	ping->cookie = cookie;
	ping->a = a;
	ping->b = b;
	ping->c = c;
}

int at_ping(struct at_domain *dom, u64 cookie, u64 a, u64 b, u64 c,
	    struct at_reply *reply)
{
	struct dom_msg msg;

	at_ping_event(&msg, cookie, a, b, c);
	return at_enter(dom, &msg, 1, reply);
}

const struct dom_cmd_PONG *at_pong(const struct at_reply *reply, u64 cookie)
{
	const struct dom_cmd_PONG *found = NULL;

	for (u32 i = 0; i < reply->nr;) {
		const struct dom_cmd_PONG *pong = (const void *)&reply->cmd[i];

		if (pong->hdr.type == DOM_CMD_PONG && pong->cookie == cookie) {
			if (found)
				return NULL;
			found = pong;
		}
		i += dom_msg_slots(pong->hdr.inline_len);
	}
	return found;
}

int at_healthy(struct at_domain *dom)
{
	static u64 cookie = 0x6865616c74687900ull;
	const struct dom_cmd_PONG *pong;
	struct at_reply reply;
	int err;

	cookie++;
	err = at_ping(dom, cookie, 0, ~cookie, 0, &reply);
	if (err)
		return err;
	if (reply.status != ATMOS_TEST_OK)
		return 1;
	pong = at_pong(&reply, cookie);
	return !(pong && pong->a == 0 && pong->b == ~cookie);
}

int at_offer(struct at_domain *dom, const void *data, u32 len, u32 *handle)
{
	struct atmos_test_offer arg = {
		.id = dom->id,
		.data = (uintptr_t)data,
		.len = len,
	};
	int err = call(dom->fd, ATMOS_TEST_OFFER, &arg);

	*handle = arg.handle;
	return err;
}

void at_offer_event(struct dom_msg *msg, u32 handle, u32 len, u64 cookie)
{
	struct dom_ev_OFFER *offer = (struct dom_ev_OFFER *)msg;

	memset(msg, 0, sizeof(*msg));
	offer->hdr.type = DOM_EV_OFFER;
	offer->hdr.handle = handle;
	offer->cookie = cookie;
	offer->len = len;
}

int at_info(const struct at_domain *dom, struct atmos_test_info *info)
{
	memset(info, 0, sizeof(*info));
	info->id = dom->id;
	return call(dom->fd, ATMOS_TEST_INFO, info);
}

int at_fault(int fd, u64 seq, struct atmos_test_fault *fault)
{
	memset(fault, 0, sizeof(*fault));
	fault->seq = seq;
	return call(fd, ATMOS_TEST_FAULT, fault);
}

int at_loop(const struct at_domain *dom, u32 mode, u64 count, int cpu,
	    struct atmos_test_loop *loop)
{
	memset(loop, 0, sizeof(*loop));
	loop->id = dom->id;
	loop->mode = mode;
	loop->count = count;
	loop->cpu = cpu;
	return call(dom->fd, ATMOS_TEST_LOOP, loop);
}

int at_provoke(int fd, u32 what, u32 cpu, u64 count, u32 interval_us)
{
	struct atmos_test_provoke arg = {
		.what = what,
		.cpu = cpu,
		.count = count,
		.interval_us = interval_us,
	};

	return call(fd, ATMOS_TEST_PROVOKE, &arg);
}

int at_remap(const struct at_domain *dom, u64 offset, u32 op, u64 value)
{
	struct atmos_test_remap arg = {
		.id = dom->id,
		.offset = offset,
		.op = op,
		.value = value,
	};

	return call(dom->fd, ATMOS_TEST_REMAP, &arg);
}
