// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steering programs: opening and loading them, and which kind is where. They
 * come in a skeleton that bpftool made of tools/xdp/atmos_steer.bpf.c.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "atmos_steer.skel.h"
#include "atmosctl.h"
#include "steer.h"

/* How the names of our programs begin, as the kernel tells them. */
#define STEER_NAME "atmos_steer_"

static char warning[128];

int steer_say(char *why, int err, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(why, STEER_WHY, fmt, args);
	va_end(args);
	if (len >= 0 && len < STEER_WHY)
		snprintf(why + len, STEER_WHY - len, ": %s", strerror(-err));
	return err;
}

/* What libbpf complains of is told if it was for nothing. */
static int keep_warning(enum libbpf_print_level level, const char *fmt,
			va_list args)
{
	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(warning, sizeof(warning), fmt, args);
	warning[strcspn(warning, "\n")] = '\0';
	return 0;
}

static void maps_of(const struct steer_prog *prog, struct bpf_map **maps)
{
	maps[0] = prog->skel->maps.ports;
	maps[1] = prog->skel->maps.addrs;
	maps[2] = prog->skel->maps.devices;
	maps[3] = prog->skel->maps.frags;
	maps[4] = prog->skel->maps.tx;
}

static int reuse_maps(struct steer_prog *prog, const uint32_t *ids, char *why)
{
	struct bpf_map *maps[STEER_NR_MAPS];
	int i, fd, err;

	maps_of(prog, maps);
	for (i = 0; i < STEER_NR_MAPS; i++) {
		fd = bpf_map_get_fd_by_id(ids[i]);
		if (fd < 0)
			return steer_say(why, -errno, "cannot open map %u",
					 ids[i]);
		err = bpf_map__reuse_fd(maps[i], fd);
		close(fd);
		if (err)
			return steer_say(why, err, "cannot use map %u", ids[i]);
	}
	return 0;
}

int steer_open(struct steer_prog *prog, uint32_t mode, bool l3,
	       const uint32_t *map_ids, char *why)
{
	struct bpf_program *program;
	int err = 0;

	memset(prog, 0, sizeof(*prog));
	libbpf_set_print(keep_warning);
	prog->skel = atmos_steer_bpf__open();
	if (!prog->skel)
		return steer_say(why, -errno, "cannot open the programs");
	prog->mode = mode;
	prog->object = prog->skel->obj;
	if (mode != ATMOS_STEER_MODE_TC)
		prog->program = prog->skel->progs.atmos_steer_xdp;
	else if (l3)
		prog->program = prog->skel->progs.atmos_steer_l3;
	else
		prog->program = prog->skel->progs.atmos_steer_tc;
	bpf_object__for_each_program(program, prog->object)
		bpf_program__set_autoload(program, program == prog->program);
	if (map_ids)
		err = reuse_maps(prog, map_ids, why);
	if (err)
		steer_close(prog);
	return err;
}

void steer_close(struct steer_prog *prog)
{
	atmos_steer_bpf__destroy(prog->skel);
	prog->skel = NULL;
}

int steer_load(struct steer_prog *prog, char *why)
{
	int err;

	warning[0] = '\0';
	err = atmos_steer_bpf__load(prog->skel);
	if (err == -EPERM)
		return steer_say(why, err, "loading a program needs CAP_BPF");
	if (err)
		return steer_say(why, err, "the program cannot be loaded (%s)",
				 warning);
	return 0;
}

void steer_map_fds(const struct steer_prog *prog, uint32_t *fds)
{
	struct bpf_map *maps[STEER_NR_MAPS];
	int i;

	maps_of(prog, maps);
	for (i = 0; i < STEER_NR_MAPS; i++)
		fds[i] = bpf_map__fd(maps[i]);
}

int steer_target(const struct steer_prog *prog, uint32_t device, char *why)
{
	uint32_t key = 0;

	if (bpf_map_update_elem(bpf_map__fd(prog->skel->maps.tx), &key, &device,
				BPF_ANY))
		return steer_say(why, -errno, "cannot send frames to atmos0");
	return 0;
}

bool steer_is_ours(uint32_t id, char *name)
{
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);
	int fd, err;

	name[0] = '\0';
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return false;
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	close(fd);
	if (err)
		return false;
	snprintf(name, sizeof(info.name), "%s", info.name);
	return !strncmp(info.name, STEER_NAME, strlen(STEER_NAME));
}

/* ---- on interfaces ---- */

int steer_look(int ifindex, struct steer_on *on, char *why)
{
	int err;

	memset(on, 0, sizeof(*on));
	libbpf_set_print(keep_warning);
	err = xdp_look(ifindex, on, why);
	if (!err && !on->id)
		err = tc_look(ifindex, on, why);
	return err;
}

int steer_put_on(struct steer_prog *prog, int ifindex, char *why)
{
	struct steer_on on;
	int err;

	if (prog->mode == ATMOS_STEER_MODE_TC)
		err = tc_put_on(prog, ifindex, why);
	else
		err = xdp_put_on(prog, ifindex, why);
	if (err)
		return err;
	err = steer_look(ifindex, &on, why);
	if (!err && (!on.id || on.mode != prog->mode))
		err = steer_say(
			why, -EIO,
			"the kernel took the program, but it is not there");
	return err;
}

int steer_take_off(int ifindex, char *why)
{
	struct steer_on on;
	int err, tries;

	/* One of each kind may be there, from two that were put on at once. */
	for (tries = 0; tries < 4; tries++) {
		err = steer_look(ifindex, &on, why);
		if (err || !on.id)
			return err;
		err = on.mode == ATMOS_STEER_MODE_TC
			      ? tc_take_off(ifindex, why)
			      : xdp_take_off(ifindex, why);
		if (err)
			return err;
	}
	return steer_say(why, -EBUSY, "the program does not go");
}
