// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contents of the steering programs' maps: which ports and addresses are
 * ours, and which interfaces' frames are steered (linux/atmos_steer.h).
 *
 * The maps are there only while an interface is attached, so the ports are kept
 * here as well. Where a map has no room for an address its whole port is
 * steered: steering is a hint, the native stack gets back what is its own.
 *
 * Process context; &atmos_steer.lock is held but where told.
 */
#include <linux/bpf.h>
#include <linux/slab.h>

#include <linux/atmos_steer.h>

#include "compat.h"
#include "steer.h"

/* A map's bucket can be busy under a probe that interrupted its change. */
#define MAP_TRIES	8

/* ---- the maps ---- */

struct map_kind {
	enum bpf_map_type type;
	u32 key;
	u32 value;
	u32 entries;
	u32 flags;
	const char *wrong;
};

static const struct map_kind map_kinds[STEER_MAPS] = {
	[STEER_PORTS] = {
		BPF_MAP_TYPE_ARRAY, sizeof(u32), sizeof(u64), ATMOS_STEER_PORT_WORDS, 0,
		"ports-fd is no map of ports",
	},
	[STEER_ADDRS] = {
		BPF_MAP_TYPE_HASH, sizeof(struct atmos_steer_addr), sizeof(u32),
		ATMOS_STEER_ADDRS_MAX, BPF_F_NO_PREALLOC, "addrs-fd is no map of addresses",
	},
	[STEER_DEVICES] = {
		BPF_MAP_TYPE_HASH, sizeof(u32), sizeof(u32), ATMOS_STEER_DEVICES_MAX,
		BPF_F_NO_PREALLOC, "devices-fd is no map of interfaces",
	},
	[STEER_FRAGS] = {
		BPF_MAP_TYPE_LRU_HASH, sizeof(struct atmos_steer_frag), sizeof(u32),
		ATMOS_STEER_FRAGS_MAX, 0, "frags-fd is no map of fragments",
	},
	[STEER_TX] = {
		BPF_MAP_TYPE_DEVMAP, sizeof(u32), sizeof(u32), 1, BPF_F_RDONLY_PROG,
		"tx-fd is no map of devices",
	},
};

/* The last are those of maps in a network card: they have no such operations. */
static bool map_fits(const struct bpf_map *map, const struct map_kind *kind)
{
	return map->map_type == kind->type && map->key_size == kind->key &&
	       map->value_size == kind->value && map->max_entries == kind->entries &&
	       map->map_flags == kind->flags && map->ops->map_lookup_elem &&
	       map->ops->map_update_elem && map->ops->map_delete_elem;
}

/**
 * steer_map_get() - the maps that a request brought along
 * @fds: their descriptors
 * @map: result, held
 * @why: result, static: what is wrong with them
 *
 * No lock needed. Return: 0, or -EBADF or -EINVAL and nothing held.
 */
int steer_map_get(const u32 *fds, struct bpf_map **map, const char **why)
{
	int err = 0;
	u32 i;

	for (i = 0; !err && i < STEER_MAPS; i++) {
		map[i] = bpf_map_get(fds[i]);
		*why = map_kinds[i].wrong;
		if (IS_ERR(map[i])) {
			err = PTR_ERR(map[i]);
			map[i] = NULL;
		} else if (!map_fits(map[i], &map_kinds[i])) {
			err = -EINVAL;
		}
	}
	if (err)
		steer_map_put(map);
	return err;
}

/**
 * steer_map_put() - let go of maps
 * @map: of them, those that are there; NULL afterwards
 *
 * No lock needed.
 */
void steer_map_put(struct bpf_map **map)
{
	u32 i;

	for (i = 0; i < STEER_MAPS; i++) {
		if (map[i])
			bpf_map_put(map[i]);
		map[i] = NULL;
	}
}

/* Number of a map, by which user space finds it. */
u32 steer_map_id(const struct bpf_map *map)
{
	return map ? map->id : 0;
}

static int map_set(struct bpf_map *map, void *key, u32 value)
{
	int err, tries = MAP_TRIES;

	do {
		migrate_disable();
		rcu_read_lock();
		err = map->ops->map_update_elem(map, key, &value, BPF_ANY);
		rcu_read_unlock();
		migrate_enable();
	} while (err == -EBUSY && --tries);
	return err;
}

static void map_delete(struct bpf_map *map, void *key)
{
	int err, tries = MAP_TRIES;

	do {
		migrate_disable();
		rcu_read_lock();
		err = map->ops->map_delete_elem(map, key);
		rcu_read_unlock();
		migrate_enable();
	} while (err == -EBUSY && --tries);
}

/* ---- interfaces ---- */

/**
 * steer_map_device() - let an interface's program steer
 * @st: steering
 * @ifindex: interface
 * @device: number of atmos0
 *
 * Return: 0 or a negative errno.
 */
int steer_map_device(struct atmos_steer *st, u32 ifindex, u32 device)
{
	return map_set(st->map[STEER_DEVICES], &ifindex, device);
}

/**
 * steer_map_forget() - let an interface's program pass everything
 * @st: steering
 * @ifindex: interface
 */
void steer_map_forget(struct atmos_steer *st, u32 ifindex)
{
	map_delete(st->map[STEER_DEVICES], &ifindex);
}

/* ---- ports ---- */

/**
 * struct steer_port - a port that is ours, at some address
 * @node: in &atmos_steer.ports
 * @key: protocol and number
 * @any: users of it at all addresses, of IPv4 and IPv6
 * @wide: at an address that the map had no room for: steered as a whole
 * @addrs: struct steer_addr: users of it at one address
 */
struct steer_port {
	struct rhash_head node;
	u32 key;
	u32 any[2];
	bool wide[2];
	struct list_head addrs;
};

/**
 * struct steer_addr - an address of a port
 * @node: in &steer_port.addrs
 * @key: of the map
 * @users: of it
 */
struct steer_addr {
	struct list_head node;
	struct atmos_steer_addr key;
	u32 users;
};

static const struct rhashtable_params port_params = {
	.key_len = sizeof(u32),
	.key_offset = offsetof(struct steer_port, key),
	.head_offset = offsetof(struct steer_port, node),
	.automatic_shrinking = true,
};

/* The four bits of a port. */
static u32 port_bits(const struct steer_port *p)
{
	const struct steer_addr *a;
	u32 bits = 0;

	if (p->any[0] || p->wide[0])
		bits |= ATMOS_STEER_ANY4;
	if (p->any[1] || p->wide[1])
		bits |= ATMOS_STEER_ANY6;
	list_for_each_entry(a, &p->addrs, node)
		bits |= a->key.family == 4 ? ATMOS_STEER_ADDR4 : ATMOS_STEER_ADDR6;
	return bits;
}

/* The word is read by programs meanwhile; it is written here alone. */
static void port_show(struct atmos_steer *st, const struct steer_port *p)
{
	struct bpf_map *map = st->map[STEER_PORTS];
	u32 port = p->key & 0xffff, index = port / 16, shift = port % 16 * 4;
	u64 *word;

	if (!map)
		return;
	if (p->key >> 16 == IPPROTO_UDP)
		index += ATMOS_STEER_PORT_WORDS / 2;
	rcu_read_lock();
	word = map->ops->map_lookup_elem(map, &index);
	if (word)
		WRITE_ONCE(*word, (*word & ~(15ull << shift)) | (u64)port_bits(p) << shift);
	rcu_read_unlock();
}

static void addr_show(struct atmos_steer *st, struct steer_port *p, struct steer_addr *a)
{
	if (st->map[STEER_ADDRS] && map_set(st->map[STEER_ADDRS], &a->key, 1))
		p->wide[a->key.family == 6] = true;
}

static void addr_hide(struct atmos_steer *st, struct steer_addr *a)
{
	if (st->map[STEER_ADDRS])
		map_delete(st->map[STEER_ADDRS], &a->key);
}

static struct steer_addr *addr_find(struct steer_port *p, const struct atmos_steer_addr *key)
{
	struct steer_addr *a;

	list_for_each_entry(a, &p->addrs, node)
		if (!memcmp(&a->key, key, sizeof(*key)))
			return a;
	return NULL;
}

static struct steer_port *port_get(struct atmos_steer *st, u32 key)
{
	struct steer_port *p = rhashtable_lookup_fast(&st->ports, &key, port_params);

	if (p)
		return p;
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return NULL;
	p->key = key;
	INIT_LIST_HEAD(&p->addrs);
	if (rhashtable_insert_fast(&st->ports, &p->node, port_params)) {
		kfree(p);
		return NULL;
	}
	return p;
}

static void port_put(struct atmos_steer *st, struct steer_port *p)
{
	if (list_empty(&p->addrs)) {
		p->wide[0] = false;
		p->wide[1] = false;
	}
	port_show(st, p);
	if (port_bits(p))
		return;
	rhashtable_remove_fast(&st->ports, &p->node, port_params);
	kfree(p);
}

static int port_on(struct atmos_steer *st, struct steer_port *p,
		   const struct atmos_steer_addr *key, bool any)
{
	struct steer_addr *a;

	if (any) {
		p->any[key->family == 6]++;
		return 0;
	}
	a = addr_find(p, key);
	if (!a) {
		a = kzalloc(sizeof(*a), GFP_KERNEL);
		if (!a)
			return -ENOMEM;
		a->key = *key;
		list_add(&a->node, &p->addrs);
		addr_show(st, p, a);
	}
	a->users++;
	return 0;
}

static void port_off(struct atmos_steer *st, struct steer_port *p,
		     const struct atmos_steer_addr *key, bool any)
{
	struct steer_addr *a;

	if (any) {
		if (p->any[key->family == 6])
			p->any[key->family == 6]--;
		return;
	}
	a = addr_find(p, key);
	if (!a || --a->users)
		return;
	addr_hide(st, a);
	list_del(&a->node);
	kfree(a);
}

/**
 * atmos_steer_port() - a port at an address is ours from now on, or no more
 * @an: namespace
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @family: 4 or 6, of the packets
 * @addr: our address; NULL or any: all of them
 * @port: host order
 * @on: which of both; each "on" that returned 0 needs its "off"
 *
 * Frames are steered when it returns.
 *
 * Context: process, may sleep. Return: 0, or -ENOMEM for @on.
 */
int atmos_steer_port(struct atmos_net *an, u8 proto, u8 family, const union atmos_addr *addr,
		     u16 port, bool on)
{
	struct atmos_steer_addr key = { .port = port, .proto = proto, .family = family };
	bool any = !addr || !(addr->q[0] | addr->q[1]);
	struct atmos_steer *st = an->steer;
	struct steer_port *p;
	u32 id = (u32)proto << 16 | port;
	int err = 0;

	if (!any)
		memcpy(key.addr, addr->b, family == 4 ? 4 : 16);
	mutex_lock(&st->lock);
	if (on)
		p = port_get(st, id);
	else
		p = rhashtable_lookup_fast(&st->ports, &id, port_params);
	if (p) {
		if (on)
			err = port_on(st, p, &key, any);
		else
			port_off(st, p, &key, any);
		port_put(st, p);
	} else if (on) {
		err = -ENOMEM;
	}
	mutex_unlock(&st->lock);
	return err;
}

/* Puts all ports into the maps, which are new, or takes them out. */
static int ports_walk(struct atmos_steer *st, bool in)
{
	struct rhashtable_iter iter;
	struct steer_addr *a;
	struct steer_port *p;
	int err = 0;

	rhashtable_walk_enter(&st->ports, &iter);
	rhashtable_walk_start(&iter);
	while ((p = rhashtable_walk_next(&iter))) {
		/* The table is being resized: some may come twice, none is lost. */
		if (IS_ERR(p)) {
			if (PTR_ERR(p) == -EAGAIN)
				continue;
			err = PTR_ERR(p);
			break;
		}
		p->wide[0] = false;
		p->wide[1] = false;
		list_for_each_entry(a, &p->addrs, node) {
			if (in)
				addr_show(st, p, a);
			else
				addr_hide(st, a);
		}
		if (in)
			port_show(st, p);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	return err;
}

/**
 * steer_map_fill() - put all our ports into new maps
 * @st: steering
 *
 * Return: 0 or a negative errno.
 */
int steer_map_fill(struct atmos_steer *st)
{
	return ports_walk(st, true);
}

/**
 * steer_map_clear() - programs that still have the maps pass everything
 * @st: steering
 */
void steer_map_clear(struct atmos_steer *st)
{
	struct bpf_map *map = st->map[STEER_PORTS];
	u64 *word;
	u32 i;

	for (i = 0; i < ATMOS_STEER_PORT_WORDS; i++) {
		rcu_read_lock();
		word = map->ops->map_lookup_elem(map, &i);
		if (word)
			WRITE_ONCE(*word, 0);
		rcu_read_unlock();
	}
	ports_walk(st, false);
}

/* ---- life ---- */

/* Return: 0 or a negative errno. No lock needed, likewise below. */
int steer_map_init(struct atmos_steer *st)
{
	return rhashtable_init(&st->ports, &port_params);
}

static void port_free(void *port, void *arg)
{
	struct steer_port *p = port;
	struct steer_addr *a, *next;

	list_for_each_entry_safe(a, next, &p->addrs, node)
		kfree(a);
	kfree(p);
}

void steer_map_exit(struct atmos_steer *st)
{
	rhashtable_free_and_destroy(&st->ports, port_free, NULL);
}
