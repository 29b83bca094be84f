// SPDX-License-Identifier: GPL-2.0-only
/*
 * A steering program among others behind the XDP dispatcher of xdp-tools'
 * library, where that is installed: it is not needed, so it is opened when it
 * is used.
 *
 * The dispatcher lives by what it pins in the BPF file system. Where there is
 * none, as within "ip netns exec", it is not used: what is mounted for this
 * process alone would go with it, and the program too.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include <linux/magic.h>
#include <xdp/libxdp.h>

#include "atmosctl.h"
#include "steer.h"

#define BPFFS	"/sys/fs/bpf"
#define SECTION "xdp"

static struct {
	bool tried;
	bool there;
	typeof(&libxdp_set_print) set_print;
	typeof(&libxdp_get_error) get_error;
	typeof(&xdp_program__from_bpf_obj) from_obj;
	typeof(&xdp_program__attach) attach;
	typeof(&xdp_program__detach) detach;
	typeof(&xdp_program__close) close;
	typeof(&xdp_program__id) id;
	typeof(&xdp_multiprog__get_from_ifindex) get;
	typeof(&xdp_multiprog__is_legacy) is_legacy;
	typeof(&xdp_multiprog__attach_mode) mode;
	typeof(&xdp_multiprog__next_prog) next;
	typeof(&xdp_multiprog__close) done;
} lib;

static int silent(enum libxdp_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

static bool open_library(void)
{
	void *so = dlopen("libxdp.so.1", RTLD_NOW);
	struct statfs fs;

	if (!so || statfs(BPFFS, &fs) || fs.f_type != BPF_FS_MAGIC)
		return false;
	lib.set_print = dlsym(so, "libxdp_set_print");
	lib.get_error = dlsym(so, "libxdp_get_error");
	lib.from_obj = dlsym(so, "xdp_program__from_bpf_obj");
	lib.attach = dlsym(so, "xdp_program__attach");
	lib.detach = dlsym(so, "xdp_program__detach");
	lib.close = dlsym(so, "xdp_program__close");
	lib.id = dlsym(so, "xdp_program__id");
	lib.get = dlsym(so, "xdp_multiprog__get_from_ifindex");
	lib.is_legacy = dlsym(so, "xdp_multiprog__is_legacy");
	lib.mode = dlsym(so, "xdp_multiprog__attach_mode");
	lib.next = dlsym(so, "xdp_multiprog__next_prog");
	lib.done = dlsym(so, "xdp_multiprog__close");
	if (!lib.set_print || !lib.get_error || !lib.from_obj || !lib.attach ||
	    !lib.detach || !lib.close || !lib.id || !lib.get ||
	    !lib.is_legacy || !lib.mode || !lib.next || !lib.done)
		return false;
	lib.set_print(silent);
	return true;
}

bool libxdp_there(void)
{
	if (!lib.tried)
		lib.there = open_library();
	lib.tried = true;
	return lib.there;
}

/* The dispatcher on the interface, or NULL. */
static struct xdp_multiprog *dispatcher(int ifindex)
{
	struct xdp_multiprog *mp;

	if (!libxdp_there())
		return NULL;
	mp = lib.get(ifindex);
	if (!mp || lib.get_error(mp))
		return NULL;
	if (!lib.is_legacy(mp))
		return mp;
	lib.done(mp);
	return NULL;
}

bool libxdp_holds(int ifindex)
{
	struct xdp_multiprog *mp = dispatcher(ifindex);

	if (mp)
		lib.done(mp);
	return mp;
}

/* Ours among those of the dispatcher, or NULL. */
static struct xdp_program *ours(const struct xdp_multiprog *mp)
{
	struct xdp_program *p = NULL;
	char name[16];

	while ((p = lib.next(p, mp)))
		if (steer_is_ours(lib.id(p), name))
			return p;
	return NULL;
}

uint32_t libxdp_find(int ifindex)
{
	struct xdp_multiprog *mp = dispatcher(ifindex);
	struct xdp_program *p;
	uint32_t id = 0;

	if (!mp)
		return 0;
	p = ours(mp);
	if (p)
		id = lib.id(p);
	lib.done(mp);
	return id;
}

int libxdp_put_on(struct steer_prog *prog, int ifindex, char *why)
{
	struct xdp_program *p = lib.from_obj(prog->object, SECTION);
	enum xdp_attach_mode mode;
	int err;

	err = lib.get_error(p);
	if (err)
		return steer_say(
			why, err,
			"the XDP dispatcher does not know the program");
	mode = prog->mode == ATMOS_STEER_MODE_NATIVE ? XDP_MODE_NATIVE
						     : XDP_MODE_SKB;
	err = lib.attach(p, ifindex, mode, 0);
	/* The program object was ours before, and stays so. */
	if (err)
		return steer_say(
			why, err,
			"the XDP dispatcher cannot put the program on");
	return 0;
}

int libxdp_take_off(int ifindex, char *why)
{
	struct xdp_multiprog *mp = dispatcher(ifindex);
	struct xdp_program *p;
	int err = 0;

	if (!mp)
		return 0;
	p = ours(mp);
	if (p)
		err = lib.detach(p, ifindex, lib.mode(mp), 0);
	lib.done(mp);
	if (err)
		return steer_say(
			why, err,
			"the XDP dispatcher cannot take the program off");
	return 0;
}
