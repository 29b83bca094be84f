// SPDX-License-Identifier: GPL-2.0-only
/*
 * atmosctl attach, detach: which interfaces' frames are steered.
 *
 * A program is put on first, and steers nothing until the core knows of the
 * interface; it is taken off last. So there is no moment at which frames are
 * sent where nobody takes them, and an atmosctl that is killed leaves at most a
 * program behind that does nothing, which the next one finds.
 */
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <netlink/attr.h>

#include "atmosctl.h"
#include "json.h"
#include "nl.h"
#include "show.h"
#include "steer.h"

#define ATTACH_USAGE \
	"attach { list | show | DEV [mode auto|native|generic|tc] }"

/* An interface that a user has named. */
struct device {
	const char *name;
	int ifindex;
	bool l3; /* no link layer */
};

/* The namespace's steering, as the core tells it. */
struct namespace
{
	bool has_maps;
	uint32_t map_ids[STEER_NR_MAPS];
};

/* ---- interfaces ---- */

/* Calls an ioctl that asks about an interface. */
static bool ask_device(const char *name, unsigned long request,
		       struct ifreq *req)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return false;
	snprintf(req->ifr_name, sizeof(req->ifr_name), "%s", name);
	ok = !ioctl(fd, request, req);
	close(fd);
	return ok;
}

static void find_device(struct device *dev, const char *name)
{
	struct ifreq req = {};

	dev->name = name;
	dev->ifindex = if_nametoindex(name);
	if (!dev->ifindex)
		fail(STATUS_NOT_FOUND, "there is no interface \"%s\"", name);
	if (!ask_device(name, SIOCGIFHWADDR, &req))
		fail(STATUS_FAILED, "cannot look at %s: %s", name,
		     strerror(errno));
	dev->l3 = req.ifr_hwaddr.sa_family != ARPHRD_ETHER &&
		  req.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK;
}

/* Does hardware take VLAN tags off, so that XDP in the driver sees none? */
static bool hides_tags(const struct device *dev)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq req = { .ifr_data = (char *)&value };

	return ask_device(dev->name, SIOCETHTOOL, &req) &&
	       value.data & ETH_FLAG_RXVLAN;
}

/*
 * Behind a bus there is hardware, whose driver knows what it does with XDP.
 * Virtual interfaces lose with XDP what makes them fast: segments that stay
 * together, checksums that need not be computed.
 */
static bool is_hardware(const struct device *dev)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/net/%s/device", dev->name);
	return !access(path, F_OK);
}

/* ---- attach ---- */

static void read_namespace(const struct reply *reply, void *arg)
{
	struct namespace *ns = arg;
	int i;

	ns->has_maps = reply_attr(reply, ATMOS_A_STEER_PORTS_ID);
	for (i = 0; i < STEER_NR_MAPS; i++)
		ns->map_ids[i] =
			reply_number(reply, ATMOS_A_STEER_PORTS_ID + i);
}

static void read_device(const struct reply *reply, void *arg)
{
	*(uint32_t *)arg = reply_number(reply, ATMOS_A_STEER_DEVICE);
}

/* The core learns of it. */
static int announce(const struct steer_prog *prog, const struct device *dev,
		    bool with_maps, uint32_t *device, char *why)
{
	struct nl_msg *msg = ctl_begin(ATMOS_CMD_STEER_ATTACH, false);
	uint32_t fds[STEER_NR_MAPS];
	int i;

	nla_put_u32(msg, ATMOS_A_STEER_IFINDEX, dev->ifindex);
	nla_put_u32(msg, ATMOS_A_STEER_MODE, prog->mode);
	steer_map_fds(prog, fds);
	for (i = 0; with_maps && i < STEER_NR_MAPS; i++)
		nla_put_u32(msg, ATMOS_A_STEER_PORTS_FD + i, fds[i]);
	return ctl_ask(msg, &spec_steer, read_device, device, why, STEER_WHY);
}

static int forget(const struct device *dev, char *why)
{
	struct nl_msg *msg = ctl_begin(ATMOS_CMD_STEER_DETACH, false);

	nla_put_u32(msg, ATMOS_A_STEER_IFINDEX, dev->ifindex);
	return ctl_ask(msg, &spec_steer, NULL, NULL, why, STEER_WHY);
}

static bool is_attached(const struct device *dev)
{
	struct nl_msg *msg = ctl_begin(ATMOS_CMD_STEER_GET, false);
	char ignored[STEER_WHY];

	nla_put_u32(msg, ATMOS_A_STEER_IFINDEX, dev->ifindex);
	return !ctl_ask(msg, &spec_steer, NULL, NULL, ignored, STEER_WHY);
}

/* All steps for one mode; on failure all of them are undone. */
static int attach_as(const struct device *dev, uint32_t mode,
		     const struct namespace *ns, char *why)
{
	const uint32_t *ids = ns->has_maps ? ns->map_ids : NULL;
	struct steer_prog prog;
	char ignored[STEER_WHY];
	uint32_t device = 0;
	int err;

	err = steer_open(&prog, mode, dev->l3, ids, why);
	if (err)
		return err;
	err = steer_put_on(&prog, dev->ifindex, why);
	if (err && prog.try_alone) {
		steer_close(&prog);
		err = steer_open(&prog, mode, dev->l3, ids, why);
		if (err)
			return err;
		prog.alone = true;
		err = steer_put_on(&prog, dev->ifindex, why);
	}
	if (err)
		goto close;
	err = announce(&prog, dev, !ids, &device, why);
	/* Another atmosctl was faster: ours has the same maps, and may stay. */
	if (err == -EEXIST)
		goto close;
	if (err)
		goto take_off;
	if (mode != ATMOS_STEER_MODE_TC)
		err = steer_target(&prog, device, why);
	if (!err)
		goto close;
	forget(dev, ignored);
take_off:
	steer_take_off(dev->ifindex, ignored);
close:
	steer_close(&prog);
	return err;
}

/* Others may attach or detach the first or last interface at the same time. */
static int attach_mode(const struct device *dev, uint32_t mode, char *why)
{
	struct namespace ns;
	int err, tries;

	for (tries = 0; tries < 8; tries++) {
		ctl_send(ctl_begin(ATMOS_CMD_STEER_GET, false), &spec_steer,
			 read_namespace, &ns);
		err = attach_as(dev, mode, &ns, why);
		if (err != -EALREADY && err != -ENOKEY)
			break;
	}
	return err;
}

static uint32_t parse_mode(const char *text)
{
	static const char *const modes[] = {
		[ATMOS_STEER_MODE_NATIVE] = "native",
		[ATMOS_STEER_MODE_GENERIC] = "generic",
		[ATMOS_STEER_MODE_TC] = "tc",
	};
	uint32_t i;

	if (!strcmp(text, "auto"))
		return 0;
	for (i = 1; i < ARRAY_SIZE(modes); i++)
		if (!strcmp(text, modes[i]))
			return i;
	usage(ATTACH_USAGE);
}

static void warn_tags(const struct device *dev)
{
	if (!options.json)
		fprintf(stderr,
			"atmosctl: warning: %s takes VLAN tags off before XDP in the driver can see them: \"ethtool -K %s rxvlan off\", or mode tc\n",
			dev->name, dev->name);
}

static void attach(const char *name, uint32_t mode)
{
	char why[STEER_WHY];
	struct nl_msg *msg;
	struct device dev;
	int err = -EOPNOTSUPP;

	find_device(&dev, name);
	if (dev.l3 && mode && mode != ATMOS_STEER_MODE_TC)
		fail(STATUS_FAILED,
		     "%s has no link layer: only mode tc is for it", name);
	ctl_open();
	if (is_attached(&dev))
		fail(STATUS_FAILED,
		     "%s is attached already (\"atmosctl attach list\" tells whether its program is there)",
		     name);
	if (!mode && is_hardware(&dev) && !dev.l3 && !hides_tags(&dev))
		err = attach_mode(&dev, ATMOS_STEER_MODE_NATIVE, why);
	else if (mode == ATMOS_STEER_MODE_NATIVE && hides_tags(&dev))
		warn_tags(&dev);
	if (!mode && err)
		err = attach_mode(&dev, ATMOS_STEER_MODE_TC, why);
	else if (mode)
		err = attach_mode(&dev, mode, why);
	if (err == -EPERM)
		fail(STATUS_PERMISSION, "%s: %s", name, why);
	if (err)
		fail(STATUS_FAILED, "%s: %s", name, why);
	msg = ctl_begin(ATMOS_CMD_STEER_GET, false);
	nla_put_u32(msg, ATMOS_A_STEER_IFINDEX, dev.ifindex);
	show_one(msg, &spec_steer);
}

/* ---- list ---- */

static void list_one(const struct reply *reply, void *arg)
{
	unsigned int ifindex = reply_number(reply, ATMOS_A_STEER_IFINDEX);
	uint32_t mode = reply_number(reply, ATMOS_A_STEER_MODE);
	char name[IF_NAMESIZE] = "?", why[STEER_WHY];
	bool *begun = arg;
	const char *state = "ok";
	struct steer_on on;

	if_indextoname(ifindex, name);
	if (steer_look(ifindex, &on, why))
		state = "unknown";
	else if (!on.id)
		state = "no program";
	else if (on.mode != mode)
		state = "other mode";
	if (options.json) {
		json_begin(NULL, '{');
		json_string("dev", name);
		json_number("ifindex", ifindex);
		json_string("mode", reply_enum(reply, ATMOS_A_STEER_MODE));
		json_number("device",
			    reply_number(reply, ATMOS_A_STEER_DEVICE));
		json_number("program", on.id);
		json_string("state", state);
		json_end('}');
		return;
	}
	if (!*begun)
		printf("%-15s %-7s %7s %s\n", "DEV", "MODE", "PROGRAM",
		       "STATE");
	*begun = true;
	printf("%-15s %-7s %7u %s\n", name,
	       reply_enum(reply, ATMOS_A_STEER_MODE), on.id, state);
}

static void list(void)
{
	bool begun = false;

	ctl_open();
	if (options.json)
		json_begin(NULL, '[');
	ctl_send(ctl_begin(ATMOS_CMD_STEER_GET, true), &spec_steer, list_one,
		 &begun);
	if (options.json)
		json_end(']');
}

int do_attach(int argc, char **argv)
{
	const char *first = argc ? argv[0] : "list";

	if (!strcmp(first, "list") && argc <= 1) {
		list();
	} else if (!strcmp(first, "show") && argc == 1) {
		ctl_open();
		show_one(ctl_begin(ATMOS_CMD_STEER_GET, false), &spec_steer);
	} else if (argc == 1) {
		attach(first, 0);
	} else if (argc == 3 && !strcmp(argv[1], "mode")) {
		attach(first, parse_mode(argv[2]));
	} else {
		usage(ATTACH_USAGE);
	}
	return STATUS_OK;
}

/* ---- detach ---- */

int do_detach(int argc, char **argv)
{
	char why[STEER_WHY], ignored[STEER_WHY];
	struct steer_on on;
	struct device dev;
	int err;

	if (argc != 1)
		usage("detach DEV");
	find_device(&dev, argv[0]);
	ctl_open();
	err = forget(&dev, why);
	if (err == -EPERM)
		fail(STATUS_PERMISSION, "this needs CAP_NET_ADMIN");
	if (err && err != -ENOENT)
		fail(STATUS_FAILED, "%s: %s", dev.name, why);
	if (steer_look(dev.ifindex, &on, ignored) || (err && !on.id))
		fail(STATUS_NOT_FOUND, "%s: %s", dev.name, why);
	if (steer_take_off(dev.ifindex, why))
		fail(STATUS_FAILED, "%s: %s", dev.name, why);
	return STATUS_OK;
}
