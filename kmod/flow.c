// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which socket does a packet belong to?
 *
 * Two tables for each namespace: exact flows by the whole key (connections,
 * connected UDP), and bound sockets by protocol, port and local address
 * (listeners, other UDP), where the best of several is chosen as Linux does.
 *
 * Looked up for each packet in softirq, under RCU and without references: a
 * socket's memory stays for a grace period after its last reference is gone
 * (SOCK_RCU_FREE), and its key does not change while it is in a table, nor
 * until the memory is used again. So a look-up may return a socket that has
 * just been removed; who takes its lock sees @hashed cleared, or that it is
 * defunct. A socket that leaves a table and enters it again under another key
 * (a UDP socket that is connected again) may send a look-up that passes it
 * into another chain: rhashtable's end markers make that restart, and lists
 * of one key, which have none, are compared with it all the way.
 *
 * Insertion and removal: process or softirq context, &atmos_sock.lock held,
 * which orders @hashed; the tables have locks of their own, inside of it.
 */
#include <linux/jhash.h>
#include <net/l3mdev.h>

#include "net.h"
#include "sock.h"

/* ---- exact ---- */

static u32 flow_hash(const void *data, u32 len, u32 seed)
{
	const struct atmos_flow_key *key = data;

	if (key->family == 4)
		return jhash_3words((__force u32)key->laddr.v4, (__force u32)key->raddr.v4,
				    (u32)key->lport << 16 | key->rport, seed + key->proto);
	return jhash2(data, sizeof(*key) / sizeof(u32), seed);
}

static int flow_differs(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct atmos_sock *as = obj;

	return !atmos_flow_equal(&as->key, arg->key);
}

static const struct rhashtable_params flow_params = {
	.head_offset = offsetof(struct atmos_sock, flow_node),
	.key_offset = offsetof(struct atmos_sock, key),
	.key_len = sizeof(struct atmos_flow_key),
	.hashfn = flow_hash,
	.obj_cmpfn = flow_differs,
	.automatic_shrinking = true,
};

/* ---- bound ---- */

struct bound_key {
	const union atmos_addr *addr;
	u16 port;
	u8 proto;
};

/* Sockets of both families that are bound to any address share a chain. */
static u32 bound_hash(const union atmos_addr *addr, u16 port, u8 proto, u32 seed)
{
	u32 word = (u32)proto << 16 | port;

	if (atmos_addr_any(addr))
		return jhash_1word(word, seed);
	return jhash2((const u32 *)addr, sizeof(*addr) / sizeof(u32), seed ^ word);
}

static u32 bound_hash_key(const void *data, u32 len, u32 seed)
{
	const struct bound_key *key = data;

	return bound_hash(key->addr, key->port, key->proto, seed);
}

static u32 bound_hash_sock(const void *data, u32 len, u32 seed)
{
	const struct atmos_sock *as = data;

	return bound_hash(&as->key.laddr, as->key.lport, as->key.proto, seed);
}

static int bound_differs(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct bound_key *key = arg->key;
	const struct atmos_sock *as = obj;

	return as->key.lport != key->port || as->key.proto != key->proto ||
	       !atmos_addr_equal(&as->key.laddr, key->addr);
}

static const struct rhashtable_params bound_params = {
	.head_offset = offsetof(struct atmos_sock, bind_node),
	.key_len = sizeof(struct bound_key),
	.hashfn = bound_hash_key,
	.obj_hashfn = bound_hash_sock,
	.obj_cmpfn = bound_differs,
	.automatic_shrinking = true,
};

/* ---- changes ---- */

/**
 * atmos_flow_init() - the tables of a namespace
 * @an: its part
 *
 * Context: process. Return: 0 or -ENOMEM.
 */
int atmos_flow_init(struct atmos_net *an)
{
	int err = rhashtable_init(&an->flows, &flow_params);

	if (err)
		return err;
	err = rhltable_init(&an->bound, &bound_params);
	if (err)
		rhashtable_destroy(&an->flows);
	return err;
}

/**
 * atmos_flow_exit() - free them
 * @an: part of a namespace that has no sockets
 *
 * Context: process.
 */
void atmos_flow_exit(struct atmos_net *an)
{
	rhltable_destroy(&an->bound);
	rhashtable_destroy(&an->flows);
}

/**
 * atmos_flow_insert() - packets of exactly @as->key are this socket's from now on
 * @as: socket, not in a table; a reference is taken
 *
 * Context: process or softirq, as->lock held.
 * Return: 0, -EADDRNOTAVAIL if another socket has that flow, -ENOMEM.
 */
int atmos_flow_insert(struct atmos_sock *as)
{
	int err;

	sock_hold(atmos_sock_sk(as));
	err = rhashtable_lookup_insert_fast(&as->net->flows, &as->flow_node, flow_params);
	if (err) {
		__sock_put(atmos_sock_sk(as));
		return err == -EEXIST ? -EADDRNOTAVAIL : -ENOMEM;
	}
	as->exact = 1;
	as->hashed = 1;
	return 0;
}

/**
 * atmos_flow_listen() - packets to @as->key's local half may be this socket's
 * @as: socket without a peer, not in a table; a reference is taken
 *
 * Context: process, as->lock held. Return: 0 or -ENOMEM.
 */
int atmos_flow_listen(struct atmos_sock *as)
{
	const struct bound_key key = { &as->key.laddr, as->key.lport, as->key.proto };
	struct atmos_net *an = as->net;

	sock_hold(atmos_sock_sk(as));
	if (!atmos_addr_any(&as->key.laddr))
		atomic_inc(&an->bound_addrs);
	if (rhltable_insert_key(&an->bound, &key, &as->bind_node, bound_params)) {
		if (!atmos_addr_any(&as->key.laddr))
			atomic_dec(&an->bound_addrs);
		__sock_put(atmos_sock_sk(as));
		return -ENOMEM;
	}
	as->exact = 0;
	as->hashed = 1;
	return 0;
}

/**
 * atmos_flow_remove() - no more packets for this socket
 * @as: socket; nothing happens if it is in no table. The table's reference is
 *	dropped: if it was the last one, the socket lives as long as RCU is held,
 *	which bottom halves that are off do
 *
 * Context: process or softirq, as->lock held.
 */
void atmos_flow_remove(struct atmos_sock *as)
{
	struct atmos_net *an = as->net;

	if (!as->hashed)
		return;
	as->hashed = 0;
	if (as->exact) {
		rhashtable_remove_fast(&an->flows, &as->flow_node, flow_params);
	} else {
		rhltable_remove(&an->bound, &as->bind_node, bound_params);
		if (!atmos_addr_any(&as->key.laddr))
			atomic_dec(&an->bound_addrs);
	}
	sock_put(atmos_sock_sk(as));
}

/* ---- look-ups ---- */

/* Sockets without a device do not see into VRFs unless told so, as in Linux. */
static bool flow_vrf_global(const struct atmos_net *an, u8 proto)
{
#ifdef CONFIG_NET_L3_MASTER_DEV
	return proto == IPPROTO_TCP ? READ_ONCE(an->net->ipv4.sysctl_tcp_l3mdev_accept) :
				      READ_ONCE(an->net->ipv4.sysctl_udp_l3mdev_accept);
#else
	return false;
#endif
}

static void flow_arrival(struct atmos_net *an, struct atmos_arrival *from, int dev, u8 proto)
{
	from->dev = dev;
	from->master = l3mdev_master_ifindex_by_index(an->net, dev);
	from->global = !from->master || flow_vrf_global(an, proto);
}

static struct atmos_binding flow_binding(const struct atmos_sock *as)
{
	return (struct atmos_binding) {
		.addr = as->key.laddr,
		.dev = READ_ONCE(atmos_sock_sk(as)->sk_bound_dev_if),
		.family = as->key.family,
		.v6only = as->v6only,
	};
}

/*
 * The best socket at one address. Among equals that share their port
 * (SO_REUSEPORT) each gets its part of the peers, the same as long as there are
 * the same sockets: with n of them seen, the n-th takes over with probability 1/n.
 */
static struct atmos_sock *flow_best(struct atmos_net *an, const union atmos_addr *addr,
				    const struct atmos_flow_key *key,
				    const struct atmos_arrival *from)
{
	const struct bound_key bound = { addr, key->lport, key->proto };
	struct rhlist_head *list, *pos;
	struct atmos_sock *as, *best = NULL;
	int score, best_score = -1;
	u32 hash = 0, equals = 0;

	list = rhltable_lookup(&an->bound, &bound, bound_params);
	rhl_for_each_entry_rcu(as, pos, list, bind_node) {
		const struct atmos_binding b = flow_binding(as);

		if (as->key.lport != key->lport || as->key.proto != key->proto)
			continue;
		score = atmos_binding_score(&b, key, from);
		if (score < 0 || score < best_score)
			continue;
		if (score > best_score) {
			best_score = score;
			best = as;
			equals = 1;
			continue;
		}
		if (!atmos_sock_sk(as)->sk_reuseport)
			continue;
		if (equals++ == 1)
			hash = siphash(key, sizeof(*key), &an->secret);
		if (!reciprocal_scale(jhash_1word(hash, equals), equals))
			best = as;
	}
	return best;
}

/**
 * atmos_flow_find() - the socket of a packet
 * @an: where it came in
 * @key: laddr and lport are its destination, raddr and rport its source
 * @ifindex: of the device that it came in by
 *
 * Context: softirq or process, under RCU.
 * Return: the socket, for as long as RCU is held and without a reference; NULL
 * if it is not for Atmos.
 */
struct atmos_sock *atmos_flow_find(struct atmos_net *an, const struct atmos_flow_key *key,
				   int ifindex)
{
	static const union atmos_addr any;
	struct atmos_arrival from;
	struct atmos_sock *as;
	int dev;

	as = rhashtable_lookup(&an->flows, key, flow_params);
	if (likely(as)) {
		dev = READ_ONCE(atmos_sock_sk(as)->sk_bound_dev_if);
		if (likely(!dev || dev == ifindex))
			return as;
	}
	flow_arrival(an, &from, ifindex, key->proto);
	if (as && dev == from.master)
		return as;
	if (atomic_read(&an->bound_addrs)) {
		as = flow_best(an, &key->laddr, key, &from);
		if (as)
			return as;
	}
	return flow_best(an, &any, key, &from);
}

static void flow_each_at(struct atmos_net *an, const union atmos_addr *addr,
			 const struct atmos_flow_key *key, const struct atmos_arrival *from,
			 void (*fn)(struct atmos_sock *as, void *arg), void *arg)
{
	const struct bound_key bound = { addr, key->lport, key->proto };
	struct rhlist_head *list, *pos;
	struct atmos_sock *as;

	list = rhltable_lookup(&an->bound, &bound, bound_params);
	rhl_for_each_entry_rcu(as, pos, list, bind_node) {
		const struct atmos_binding b = flow_binding(as);

		if (as->key.lport == key->lport && as->key.proto == key->proto &&
		    atmos_binding_score(&b, key, from) >= 0)
			fn(as, arg);
	}
}

/**
 * atmos_flow_each() - all sockets of a datagram to many
 * @an: where it came in
 * @key: laddr, a group or broadcast address, and lport are its destination
 * @ifindex: of the device that it came in by
 * @fn: called for each socket that is bound so that the datagram is for it
 * @arg: for @fn
 *
 * Context: softirq or process, under RCU.
 */
void atmos_flow_each(struct atmos_net *an, const struct atmos_flow_key *key, int ifindex,
		     void (*fn)(struct atmos_sock *as, void *arg), void *arg)
{
	static const union atmos_addr any;
	struct atmos_arrival from;

	flow_arrival(an, &from, ifindex, key->proto);
	if (atomic_read(&an->bound_addrs))
		flow_each_at(an, &key->laddr, key, &from, fn, arg);
	flow_each_at(an, &any, key, &from, fn, arg);
}

/* ---- walks ---- */

/**
 * atmos_flow_iter_begin() - begin to walk over all sockets of a namespace
 * @iter: to be ended by atmos_flow_iter_end()
 * @an: the namespace's part, held meanwhile
 *
 * Context: process.
 */
void atmos_flow_iter_begin(struct atmos_flow_iter *iter, struct atmos_net *an)
{
	iter->an = an;
	iter->bound = false;
	rhashtable_walk_enter(&an->flows, &iter->walk);
}

/**
 * atmos_flow_iter_next() - the next socket
 * @iter: walk
 *
 * Sockets that are there all the time are found at least once; a table that
 * grows meanwhile may show some of them again.
 * Context: process; may be left and come back to.
 * Return: the socket with a reference, or NULL at the end.
 */
struct atmos_sock *atmos_flow_iter_next(struct atmos_flow_iter *iter)
{
	struct atmos_sock *as;

	for (;;) {
		rhashtable_walk_start(&iter->walk);
		do {
			as = rhashtable_walk_next(&iter->walk);
		} while (as == ERR_PTR(-EAGAIN) ||
			 (as && !refcount_inc_not_zero(&atmos_sock_sk(as)->sk_refcnt)));
		rhashtable_walk_stop(&iter->walk);
		if (as || iter->bound)
			return as;
		rhashtable_walk_exit(&iter->walk);
		rhltable_walk_enter(&iter->an->bound, &iter->walk);
		iter->bound = true;
	}
}

/**
 * atmos_flow_iter_end() - end a walk
 * @iter: walk
 *
 * Context: process.
 */
void atmos_flow_iter_end(struct atmos_flow_iter *iter)
{
	rhashtable_walk_exit(&iter->walk);
}
