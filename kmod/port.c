// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ports: who of our sockets may have which, and no native socket beside them.
 *
 * A reservation is a native kernel socket that is bound and does nothing else:
 * one for each (protocol, port, address, family, device), shared by all our
 * sockets of that binding. What is bound natively cannot be reserved, and what
 * is reserved cannot be bound natively, whatever options the other one sets:
 * reservations have SO_REUSEPORT, and a user that nobody can be, so that only
 * they may overlap each other. Conflicts among our own sockets are judged here,
 * by Linux's rules.
 *
 * Connections from no port in particular share reservations of a pool, so that
 * many of them, to different peers, take one native socket. Those of the pool
 * stay for a while when nobody uses them; all others go at once.
 *
 * Making and releasing native sockets sleeps, and is done under @mutex. A port
 * may be given back in softirq; then its release is left to a work item, and
 * after a close() to atmos_port_settle(), so that a native socket can have the
 * port when close() has returned.
 *
 * Locks, outermost first: &atmos_ports.mutex (process context, no
 * &atmos_sock.lock); &port_bucket.lock; &atmos_ports.lock. The latter two are
 * taken in softirq too, inside of &atmos_sock.lock.
 */
#include <linux/in.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "net.h"
#include "port_native.h"
#include "sock.h"

/* Ports to choose from before one is used twice: whoever learns one knows little. */
#define PORT_POOL_MIN	256

/* Tries to find one of the pool whose flow to a peer is free. */
#define PORT_TRIES	8

/* For how long one of the pool is kept for the next connection. */
#define PORT_LINGER	(5 * HZ)

/**
 * struct port_bucket - a port number of a protocol
 * @lock: for @users
 * @users: our sockets that have it, by &atmos_sock.port_node
 * @reservations: struct atmos_port; &atmos_ports.mutex. It goes with the last
 * @index: in &atmos_ports.buckets
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @num: the port
 */
struct port_bucket {
	spinlock_t lock;	/* see above */
	struct hlist_head users;
	struct list_head reservations;
	u32 index;
	u8 proto;
	u16 num;
};

/**
 * struct atmos_port - a reservation
 * @bucket: its number's
 * @node: there
 * @where: what is reserved of the port; constant
 * @sock: native socket that holds it
 * @users: sockets that have it; from and to 0 under &atmos_ports.lock
 * @idle: in &atmos_ports.idle or @dead while there are none; that lock
 * @until: jiffies at which an idle one goes
 * @slot: of the pool, plus one; 0: not of the pool; that lock
 */
struct atmos_port {
	struct port_bucket *bucket;
	struct list_head node;
	struct atmos_binding where;
	struct socket *sock;
	atomic_t users;
	struct list_head idle;
	unsigned long until;
	u32 slot;
};

/**
 * struct atmos_ports - a namespace's part
 * @an: the namespace's
 * @mutex: making and releasing reservations
 * @buckets: struct port_bucket by protocol and number; @mutex
 * @lock: for all below
 * @idle: reservations of the pool that nobody uses, oldest first
 * @dead: others that nobody uses
 * @pool: reservations of any address that connections may share
 * @pool_len: how many
 * @pool_size: room in @pool; changed under @mutex too
 * @later: releases what is due
 * @now: the same at once
 */
struct atmos_ports {
	struct atmos_net *an;
	struct mutex mutex;	/* see above */
	struct xarray buckets;
	spinlock_t lock;	/* see above */
	struct list_head idle;
	struct list_head dead;
	struct atmos_port **pool;
	u32 pool_len;
	u32 pool_size;
	struct delayed_work later;
	struct work_struct now;
};

/* ---- reservations, under the mutex ---- */

static u32 port_index(u8 proto, u16 num)
{
	return (u32)(proto == IPPROTO_UDP) << 16 | num;
}

static struct port_bucket *port_bucket_get(struct atmos_ports *ports, u8 proto, u16 num)
{
	u32 index = port_index(proto, num);
	struct port_bucket *bucket = xa_load(&ports->buckets, index);

	if (bucket)
		return bucket;
	bucket = kzalloc(sizeof(*bucket), GFP_KERNEL_ACCOUNT);
	if (!bucket)
		return NULL;
	spin_lock_init(&bucket->lock);
	INIT_HLIST_HEAD(&bucket->users);
	INIT_LIST_HEAD(&bucket->reservations);
	bucket->index = index;
	bucket->proto = proto;
	bucket->num = num;
	if (xa_err(xa_store(&ports->buckets, index, bucket, GFP_KERNEL_ACCOUNT))) {
		kfree(bucket);
		return NULL;
	}
	return bucket;
}

static void port_bucket_put(struct atmos_ports *ports, struct port_bucket *bucket)
{
	if (!list_empty(&bucket->reservations))
		return;
	xa_erase(&ports->buckets, bucket->index);
	kfree(bucket);
}

/* The native sockets of a number may overlap from now on. */
static void port_allow_overlap(struct port_bucket *bucket)
{
	struct atmos_port *p;

	list_for_each_entry(p, &bucket->reservations, node)
		atmos_native_share(p->sock);
}

/* Frames for what is reserved are steered, or are no more. */
static int port_steer(struct atmos_ports *ports, const struct port_bucket *bucket,
		      const struct atmos_binding *where, bool on)
{
	bool any = !(where->addr.q[0] | where->addr.q[1]);
	int err = 0;

	/* A socket of both families. */
	if (where->family == 6 && any && !where->v6only)
		err = atmos_steer_port(ports->an, bucket->proto, 4, NULL, bucket->num, on);
	if (err)
		return err;
	err = atmos_steer_port(ports->an, bucket->proto, where->family, &where->addr,
			       bucket->num, on);
	if (err && where->family == 6 && any && !where->v6only)
		atmos_steer_port(ports->an, bucket->proto, 4, NULL, bucket->num, false);
	return err;
}

/*
 * A new reservation, with one user, of @num or, if that is 0, of one that the
 * native stack chooses. ERR_PTR: -EADDRINUSE and others of a native bind().
 */
static struct atmos_port *port_reserve(struct atmos_ports *ports, u8 proto, u16 num,
				       const struct atmos_binding *where)
{
	struct port_bucket *bucket = num ? xa_load(&ports->buckets, port_index(proto, num)) : NULL;
	struct atmos_port *p;
	int err;

	p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	if (!p)
		return ERR_PTR(-ENOMEM);
	p->where = *where;
	atomic_set(&p->users, 1);
	INIT_LIST_HEAD(&p->idle);
	if (bucket)
		port_allow_overlap(bucket);
	err = atmos_native_bind(ports->an->net, proto, where, &num, bucket, &p->sock);
	if (err)
		goto free;
	err = -ENOMEM;
	p->bucket = port_bucket_get(ports, proto, num);
	if (!p->bucket)
		goto release;
	err = port_steer(ports, p->bucket, where, true);
	if (err)
		goto bucket;
	list_add(&p->node, &p->bucket->reservations);
	return p;
bucket:
	port_bucket_put(ports, p->bucket);
release:
	atmos_native_release(p->sock);
free:
	kfree(p);
	return ERR_PTR(err);
}

static void port_destroy(struct atmos_ports *ports, struct atmos_port *p)
{
	port_steer(ports, p->bucket, &p->where, false);
	atmos_native_release(p->sock);
	list_del(&p->node);
	port_bucket_put(ports, p->bucket);
	kfree(p);
}

/* ---- users ---- */

/* One less; any context. */
static void port_drop(struct atmos_ports *ports, struct atmos_port *p)
{
	bool dead = false;

	local_bh_disable();
	if (atomic_dec_and_lock(&p->users, &ports->lock)) {
		dead = !p->slot;
		p->until = jiffies + PORT_LINGER;
		list_add_tail(&p->idle, dead ? &ports->dead : &ports->idle);
		spin_unlock(&ports->lock);
		/* System calls settle; if one does not, the other work comes by. */
		if (dead && in_serving_softirq())
			schedule_work(&ports->now);
		else
			schedule_delayed_work(&ports->later, PORT_LINGER);
	}
	local_bh_enable();
}

static void port_set(struct atmos_sock *as, struct atmos_port *p)
{
	struct port_bucket *bucket = p->bucket;

	as->key.lport = bucket->num;
	as->inet.inet_sport = htons(bucket->num);
	atmos_sock_sk(as)->sk_num = bucket->num;
	spin_lock_bh(&bucket->lock);
	WRITE_ONCE(as->port, p);
	hlist_add_head(&as->port_node, &bucket->users);
	spin_unlock_bh(&bucket->lock);
}

static struct atmos_binding port_binding(const struct atmos_sock *as)
{
	return (struct atmos_binding) {
		.addr = as->key.laddr,
		.dev = READ_ONCE(atmos_sock_sk(as)->sk_bound_dev_if),
		.family = as->key.family,
		.v6only = as->v6only,
	};
}

/* Linux's rules of bind() (inet_csk_get_port(), udp_lib_get_port()). */
static bool port_may_share(const struct atmos_sock *as, const struct atmos_sock *other)
{
	const struct sock *a = atmos_sock_sk(as), *b = atmos_sock_sk(other);
	struct net *net = sock_net(a);

	if (a->sk_reuse && b->sk_reuse && other->kind != STACK_LISTEN)
		return true;
	return a->sk_reuseport && b->sk_reuseport &&
	       uid_eq(sock_net_uid(net, a), sock_net_uid(net, b));
}

/* Under the bucket's lock. */
static bool port_conflict(const struct port_bucket *bucket, const struct atmos_sock *as,
			  const struct atmos_binding *where)
{
	const struct atmos_sock *other;

	hlist_for_each_entry(other, &bucket->users, port_node) {
		const struct atmos_binding theirs = port_binding(other);

		if (other != as && atmos_binding_overlaps(where, &theirs) &&
		    !port_may_share(as, other))
			return true;
	}
	return false;
}

/* No longer one for connections from anywhere. Under &atmos_ports.lock. */
static void port_unpool(struct atmos_ports *ports, struct atmos_port *p)
{
	struct atmos_port *last;

	if (!p->slot)
		return;
	last = ports->pool[--ports->pool_len];
	ports->pool[p->slot - 1] = last;
	last->slot = p->slot;
	p->slot = 0;
}

/* A reservation of that number for @as, with it as user. */
static struct atmos_port *port_take(struct atmos_ports *ports, struct atmos_sock *as, u16 num,
				    const struct atmos_binding *where)
{
	struct port_bucket *bucket = xa_load(&ports->buckets, port_index(as->key.proto, num));
	struct atmos_port *p;
	bool conflict;

	if (!bucket)
		return port_reserve(ports, as->key.proto, num, where);
	spin_lock_bh(&bucket->lock);
	conflict = port_conflict(bucket, as, where);
	spin_unlock_bh(&bucket->lock);
	if (conflict)
		return ERR_PTR(-EADDRINUSE);
	spin_lock_bh(&ports->lock);
	list_for_each_entry(p, &bucket->reservations, node) {
		/* Now that somebody asks for the number. */
		port_unpool(ports, p);
		if (!atmos_binding_equal(&p->where, where))
			continue;
		atomic_inc(&p->users);
		list_del_init(&p->idle);
		spin_unlock_bh(&ports->lock);
		return p;
	}
	spin_unlock_bh(&ports->lock);
	return port_reserve(ports, as->key.proto, num, where);
}

/* ---- release ---- */

/* Under both locks: takes what is due from a list. */
static void port_due(struct atmos_ports *ports, struct list_head *from, bool all,
		     struct list_head *due)
{
	struct atmos_port *p, *next;

	list_for_each_entry_safe(p, next, from, idle) {
		if (!all && time_before(jiffies, p->until))
			break;
		port_unpool(ports, p);
		list_move_tail(&p->idle, due);
	}
}

static void port_reap(struct atmos_ports *ports, bool all)
{
	struct atmos_port *p, *next;
	LIST_HEAD(due);

	lockdep_assert_held(&ports->mutex);
	spin_lock_bh(&ports->lock);
	port_due(ports, &ports->dead, true, &due);
	port_due(ports, &ports->idle, all, &due);
	spin_unlock_bh(&ports->lock);
	list_for_each_entry_safe(p, next, &due, idle)
		port_destroy(ports, p);
}

static void port_work(struct atmos_ports *ports)
{
	mutex_lock(&ports->mutex);
	port_reap(ports, false);
	if (!list_empty_careful(&ports->idle))
		schedule_delayed_work(&ports->later, PORT_LINGER);
	mutex_unlock(&ports->mutex);
}

static void port_work_later(struct work_struct *work)
{
	port_work(container_of(to_delayed_work(work), struct atmos_ports, later));
}

static void port_work_now(struct work_struct *work)
{
	port_work(container_of(work, struct atmos_ports, now));
}

/**
 * atmos_port_settle() - release natively what sockets have given back
 * @an: their namespace's part
 *
 * After a close(): a native socket may want the port at once.
 * Context: process, may sleep.
 */
void atmos_port_settle(struct atmos_net *an)
{
	struct atmos_ports *ports = an->ports;

	if (list_empty_careful(&ports->dead))
		return;
	mutex_lock(&ports->mutex);
	port_reap(ports, false);
	mutex_unlock(&ports->mutex);
}

/* ---- for sockets ---- */

/**
 * atmos_port_get() - bind
 * @as: socket that has no port; its key's family and proto are set, and options
 *	(SO_REUSEADDR, SO_REUSEPORT, SO_BINDTODEVICE, IPV6_V6ONLY)
 * @addr: local address, or any; becomes its key's laddr
 * @port: or 0: any that is free
 *
 * Context: process, lock_sock() held, may sleep.
 * Return: 0; -EADDRINUSE, -EACCES (privileged port), -ENOMEM, or else as of a
 * native bind().
 */
int atmos_port_get(struct atmos_sock *as, const union atmos_addr *addr, u16 port)
{
	struct atmos_ports *ports = as->net->ports;
	struct atmos_binding where = port_binding(as);
	struct atmos_port *p;

	where.addr = *addr;
	mutex_lock(&ports->mutex);
	p = port ? port_take(ports, as, port, &where) :
		   port_reserve(ports, as->key.proto, 0, &where);
	if (!IS_ERR(p)) {
		as->key.laddr = *addr;
		port_set(as, p);
	}
	mutex_unlock(&ports->mutex);
	return PTR_ERR_OR_ZERO(p);
}

/**
 * atmos_port_listen() - may this socket listen? Then it is a listener's
 * @as: bound socket; its kind is set
 *
 * Context: process, as->lock held. Return: 0 or -EADDRINUSE.
 */
int atmos_port_listen(struct atmos_sock *as)
{
	struct port_bucket *bucket = as->port->bucket;
	const struct atmos_binding where = port_binding(as);
	int err = -EADDRINUSE;

	spin_lock_bh(&bucket->lock);
	if (!port_conflict(bucket, as, &where)) {
		as->kind = STACK_LISTEN;
		err = 0;
	}
	spin_unlock_bh(&bucket->lock);
	return err;
}

/**
 * atmos_port_share() - an accepted connection has its listener's port
 * @child: connection
 * @listener: its lock held
 *
 * Context: softirq or process, bottom halves off.
 */
void atmos_port_share(struct atmos_sock *child, const struct atmos_sock *listener)
{
	atomic_inc(&listener->port->users);
	port_set(child, listener->port);
}

/**
 * atmos_port_put() - give a port back
 * @as: socket; nothing happens if it has none
 *
 * Its key keeps the number. Context: process or softirq; as->lock held or
 * nobody else knows the socket.
 */
void atmos_port_put(struct atmos_sock *as)
{
	struct atmos_port *p = as->port;

	if (!p)
		return;
	spin_lock_bh(&p->bucket->lock);
	WRITE_ONCE(as->port, NULL);
	hlist_del_init(&as->port_node);
	spin_unlock_bh(&p->bucket->lock);
	atmos_sock_sk(as)->sk_num = 0;
	port_drop(as->net->ports, p);
}

/* ---- ports of the pool ---- */

/* The n-th of the pool, counted around, with one more user; NULL while there are too few. */
static struct atmos_port *port_pool_pick(struct atmos_ports *ports, u32 n, u32 least)
{
	struct atmos_port *p = NULL;

	spin_lock_bh(&ports->lock);
	if (ports->pool_len >= least) {
		p = ports->pool[n % ports->pool_len];
		atomic_inc(&p->users);
		list_del_init(&p->idle);
	}
	spin_unlock_bh(&ports->lock);
	return p;
}

/* May the kernel choose it now? The range may be another than when it was reserved. */
static bool port_in_range(const struct atmos_ports *ports, u16 num)
{
	int low, high;

	inet_get_local_port_range(ports->an->net, &low, &high);
	return num >= low && num <= high && !inet_is_local_reserved_port(ports->an->net, num);
}

/* Room for one more, under the mutex. */
static int port_pool_grow(struct atmos_ports *ports)
{
	struct atmos_port **pool, **old = ports->pool;
	u32 size = ports->pool_size ? 2 * ports->pool_size : 64;

	if (ports->pool_len < ports->pool_size)
		return 0;
	pool = kvmalloc_array(size, sizeof(*pool), GFP_KERNEL_ACCOUNT);
	if (!pool)
		return -ENOMEM;
	spin_lock_bh(&ports->lock);
	if (ports->pool_len)
		memcpy(pool, old, ports->pool_len * sizeof(*pool));
	ports->pool = pool;
	ports->pool_size = size;
	spin_unlock_bh(&ports->lock);
	kvfree(old);
	return 0;
}

static struct atmos_port *port_pool_add(struct atmos_ports *ports)
{
	const struct atmos_binding any = { .family = ipv6_mod_enabled() ? 6 : 4 };
	struct atmos_port *p;
	int err;

	mutex_lock(&ports->mutex);
	err = port_pool_grow(ports);
	p = err ? ERR_PTR(err) : port_reserve(ports, IPPROTO_TCP, 0, &any);
	if (!IS_ERR(p)) {
		spin_lock_bh(&ports->lock);
		ports->pool[ports->pool_len++] = p;
		p->slot = ports->pool_len;
		spin_unlock_bh(&ports->lock);
	}
	mutex_unlock(&ports->mutex);
	/* As connect() says of no free port. */
	return p == ERR_PTR(-EADDRINUSE) ? ERR_PTR(-EADDRNOTAVAIL) : p;
}

/* Takes the user of @p, which is of the pool. */
static int port_connect_by(struct atmos_sock *as, struct atmos_port *p)
{
	int err;

	if (unlikely(!port_in_range(as->net->ports, p->bucket->num))) {
		port_drop(as->net->ports, p);
		return -EADDRNOTAVAIL;
	}
	port_set(as, p);
	spin_lock_bh(&as->lock);
	err = atmos_flow_insert(as);
	if (err)
		atmos_port_put(as);
	spin_unlock_bh(&as->lock);
	return err;
}

static int port_connect_any(struct atmos_sock *as)
{
	struct atmos_ports *ports = as->net->ports;
	struct atmos_port *p;
	u32 i, first;
	int err;

	/* By chance (RFC 6056 3.3.1) */
	for (i = 0; i < PORT_TRIES; i++) {
		p = port_pool_pick(ports, get_random_u32(), PORT_POOL_MIN);
		if (!p)
			break;
		err = port_connect_by(as, p);
		if (err != -EADDRNOTAVAIL)
			return err;
	}
	p = port_pool_add(ports);
	if (p != ERR_PTR(-EADDRNOTAVAIL))
		return IS_ERR(p) ? PTR_ERR(p) : port_connect_by(as, p);
	/* All are taken: one whose connections go to others. */
	first = get_random_u32();
	for (i = 0; i < READ_ONCE(ports->pool_len); i++) {
		p = port_pool_pick(ports, first + i, 1);
		if (!p)
			break;
		err = port_connect_by(as, p);
		if (err != -EADDRNOTAVAIL)
			return err;
	}
	return -EADDRNOTAVAIL;
}

/**
 * atmos_port_connect() - choose a connection's port, and make it known
 * @as: TCP socket, routed, its key complete but for lport if it is not bound.
 *	Afterwards its flow is in the table
 *
 * Context: process, lock_sock() held, may sleep.
 * Return: 0; -EADDRNOTAVAIL: that connection exists, or no port is free;
 * -ENOMEM; or as atmos_egress_connect(), where the route depends on the port.
 */
int atmos_port_connect(struct atmos_sock *as)
{
	int err;

	if (as->port) {
		spin_lock_bh(&as->lock);
		err = atmos_flow_insert(as);
		spin_unlock_bh(&as->lock);
		return err;
	}
	err = port_connect_any(as);
	if (err)
		return err;
	err = atmos_egress_rebind(as);
	if (err) {
		spin_lock_bh(&as->lock);
		atmos_flow_remove(as);
		atmos_port_put(as);
		spin_unlock_bh(&as->lock);
	}
	return err;
}

/* ---- namespaces ---- */

/**
 * atmos_port_init() - a namespace's part
 * @an: its part
 *
 * Context: process. Return: 0 or -ENOMEM.
 */
int atmos_port_init(struct atmos_net *an)
{
	struct atmos_ports *ports = kzalloc(sizeof(*ports), GFP_KERNEL_ACCOUNT);

	if (!ports)
		return -ENOMEM;
	ports->an = an;
	mutex_init(&ports->mutex);
	xa_init(&ports->buckets);
	spin_lock_init(&ports->lock);
	INIT_LIST_HEAD(&ports->idle);
	INIT_LIST_HEAD(&ports->dead);
	INIT_DELAYED_WORK(&ports->later, port_work_later);
	INIT_WORK(&ports->now, port_work_now);
	an->ports = ports;
	return 0;
}

/**
 * atmos_port_exit() - release all
 * @an: part of a namespace that has no sockets
 *
 * Context: process.
 */
void atmos_port_exit(struct atmos_net *an)
{
	struct atmos_ports *ports = an->ports;

	cancel_work_sync(&ports->now);
	mutex_lock(&ports->mutex);
	port_reap(ports, true);
	mutex_unlock(&ports->mutex);
	cancel_delayed_work_sync(&ports->later);
	xa_destroy(&ports->buckets);
	kvfree(ports->pool);
	kfree(ports);
	an->ports = NULL;
}
