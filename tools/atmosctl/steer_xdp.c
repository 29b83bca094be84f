// SPDX-License-Identifier: GPL-2.0-only
/*
 * A steering program as XDP program of an interface.
 *
 * An interface has one XDP program. Where the library of xdp-tools is installed
 * its dispatcher is that, and ours one of several behind it; where not, ours is
 * put on alone, and never in the place of somebody else's.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "atmosctl.h"
#include "steer.h"

static uint32_t flags_of(uint32_t mode)
{
	return mode == ATMOS_STEER_MODE_NATIVE ? XDP_FLAGS_DRV_MODE
					       : XDP_FLAGS_SKB_MODE;
}

/* What the interface has; @mode is of what it is running. */
static int query(int ifindex, uint32_t *id, uint32_t *mode, char *why)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);
	int err;

	*id = 0;
	err = bpf_xdp_query(ifindex, 0, &opts);
	if (err)
		return steer_say(why, err,
				 "cannot look for the interface's program");
	/* With programs in several places (a network card's own): ours. */
	if (opts.drv_prog_id) {
		*id = opts.drv_prog_id;
		*mode = ATMOS_STEER_MODE_NATIVE;
	} else if (opts.skb_prog_id) {
		*id = opts.skb_prog_id;
		*mode = ATMOS_STEER_MODE_GENERIC;
	} else if (opts.prog_id) {
		*id = opts.prog_id;
		*mode = opts.attach_mode == XDP_ATTACHED_SKB
				? ATMOS_STEER_MODE_GENERIC
				: ATMOS_STEER_MODE_NATIVE;
	}
	return 0;
}

int xdp_look(int ifindex, struct steer_on *on, char *why)
{
	uint32_t id, mode;
	char name[16];
	int err;

	err = query(ifindex, &id, &mode, why);
	if (err || !id)
		return err;
	if (steer_is_ours(id, name)) {
		on->id = id;
		on->mode = mode;
		return 0;
	}
	on->other_id = id;
	memcpy(on->other_name, name, sizeof(name));
	on->id = libxdp_find(ifindex);
	on->mode = mode;
	return 0;
}

static int put_on_alone(struct steer_prog *prog, int ifindex, char *why)
{
	uint32_t flags = flags_of(prog->mode) | XDP_FLAGS_UPDATE_IF_NOEXIST;
	int err;

	err = steer_load(prog, why);
	if (err)
		return err;
	err = bpf_xdp_attach(ifindex, bpf_program__fd(prog->program), flags,
			     NULL);
	if (!err)
		return 0;
	if (err == -EOPNOTSUPP)
		return steer_say(why, err, "the interface's driver has no XDP");
	if (err == -EBUSY || err == -EEXIST)
		return steer_say(why, -EEXIST,
				 "the interface has an XDP program already");
	return steer_say(why, err, "the interface does not take the program");
}

int xdp_put_on(struct steer_prog *prog, int ifindex, char *why)
{
	struct steer_on on = {};
	int err;

	err = xdp_look(ifindex, &on, why);
	if (err)
		return err;
	/* One of an atmosctl that did not finish, or of a module that went. */
	if (on.id) {
		err = xdp_take_off(ifindex, why);
		if (err)
			return err;
		/* With the last program the dispatcher goes. */
		memset(&on, 0, sizeof(on));
		err = xdp_look(ifindex, &on, why);
		if (err)
			return err;
	}
	if (on.other_id && !libxdp_holds(ifindex))
		return steer_say(
			why, -EEXIST,
			"XDP program %u (%s) is on the interface, and it shares with nobody: take it off, or use mode tc",
			on.other_id, on.other_name[0] ? on.other_name : "?");
	if (!on.other_id && (prog->alone || !libxdp_there()))
		return put_on_alone(prog, ifindex, why);
	err = libxdp_put_on(prog, ifindex, why);
	/* Its dispatcher may be older than the kernel. */
	prog->try_alone = err && !on.other_id;
	return err;
}

int xdp_take_off(int ifindex, char *why)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts);
	uint32_t id, mode;
	char name[16];
	int fd, err;

	err = query(ifindex, &id, &mode, why);
	if (err || !id)
		return err;
	if (!steer_is_ours(id, name))
		return libxdp_take_off(ifindex, why);
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return steer_say(why, -errno, "cannot open program %u", id);
	/* Only if it is still that one. */
	opts.old_prog_fd = fd;
	err = bpf_xdp_detach(ifindex, flags_of(mode) | XDP_FLAGS_REPLACE,
			     &opts);
	close(fd);
	return err ? steer_say(why, err, "cannot take program %u off", id) : 0;
}
