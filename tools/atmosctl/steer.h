/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Steering programs on interfaces: open, put on, look, take off. What knows
 * BPF is behind this; attach.c has the commands.
 *
 * Functions return 0, or a negative errno and say why.
 */
#ifndef ATMOSCTL_STEER_H
#define ATMOSCTL_STEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../uapi/linux/atmos.h"

#define STEER_NR_MAPS 5

/* Room for a sentence that says what is wrong. */
#define STEER_WHY 400

struct bpf_object;
struct bpf_program;

/**
 * struct steer_prog - a program for one interface, and its maps
 * @skel: libbpf's
 * @object: of it
 * @program: of it, the one for the mode
 * @mode: enum atmos_steer_mode
 * @alone: do without libxdp's dispatcher
 * @try_alone: that did not work, and there is nobody to share with: open it anew
 */
struct steer_prog {
	struct atmos_steer_bpf *skel;
	struct bpf_object *object;
	struct bpf_program *program;
	uint32_t mode;
	bool alone;
	bool try_alone;
};

/**
 * struct steer_on - what is on an interface
 * @id: our program's number, 0: it is not there
 * @mode: where that is
 * @other_id: of somebody else's XDP program, or dispatcher, 0: there is none
 * @other_name: its name
 */
struct steer_on {
	uint32_t id;
	uint32_t mode;
	uint32_t other_id;
	char other_name[16];
};

/*
 * @map_ids: of the namespace's maps, NULL: new ones. @l3: the interface has no
 * link layer.
 */
int steer_open(struct steer_prog *prog, uint32_t mode, bool l3,
	       const uint32_t *map_ids, char *why);
void steer_close(struct steer_prog *prog);

/* Loads it, puts it on, and looks whether it is there. */
int steer_put_on(struct steer_prog *prog, int ifindex, char *why);

/* Of a program that is on: its maps, and where XDP is to send frames. */
void steer_map_fds(const struct steer_prog *prog, uint32_t *fds);
int steer_target(const struct steer_prog *prog, uint32_t device, char *why);

/* Takes all of ours off, and looks whether they are gone. */
int steer_take_off(int ifindex, char *why);

int steer_look(int ifindex, struct steer_on *on, char *why);

/* ---- among themselves: steer_xdp.c, steer_tc.c, steer_libxdp.c ---- */

int steer_load(struct steer_prog *prog, char *why);
bool steer_is_ours(uint32_t id, char *name);
int steer_say(char *why, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

int xdp_put_on(struct steer_prog *prog, int ifindex, char *why);
int xdp_take_off(int ifindex, char *why);
int xdp_look(int ifindex, struct steer_on *on, char *why);

int tc_put_on(struct steer_prog *prog, int ifindex, char *why);
int tc_take_off(int ifindex, char *why);
int tc_look(int ifindex, struct steer_on *on, char *why);

/* The library of xdp-tools, which lets XDP programs share an interface. */
bool libxdp_there(void);
bool libxdp_holds(int ifindex); /* is its dispatcher there? */
int libxdp_put_on(struct steer_prog *prog, int ifindex, char *why);
int libxdp_take_off(int ifindex, char *why);
uint32_t libxdp_find(int ifindex); /* number of our program, 0: not there */

#endif /* ATMOSCTL_STEER_H */
