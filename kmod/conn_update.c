// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image of a socket's stack: which one, the change to another one while it
 * runs, and the way back.
 *
 * A change is made between two entries, under the socket's lock: a domain of the
 * new image gets the last committed record. If that has another version than the
 * image's own, the domain is asked to convert it (CONVERT), in an entry that may
 * do nothing else. Its answer is checked as any record, and must leave alone what
 * the core reads. Then the new domain takes the place of the old one, and what the
 * application wants is told again, as after a death. Frames, bytes and stash are
 * the socket's: they are not touched.
 *
 * For a while the old image is kept. If the new one dies before its first commit
 * the old record is there as it was; if it is given up later, the old image
 * converts the new record.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "conn.h"
#include "sock.h"

static unsigned int update_ms = 10000;
module_param(update_ms, uint, 0644);
MODULE_PARM_DESC(update_ms, "an image that fails within this time after an update is taken back (default 10000)");

/* Of sockets that have none yet. */
static struct atmos_image __rcu *conn_image;
static DEFINE_MUTEX(conn_image_mutex);

/**
 * struct atmos_update - how to take an update back
 * @image: what ran before, held
 * @end: jiffies, when it is forgotten
 * @fresh: the new image has committed nothing
 * @len: bytes of @record
 * @record: the last one of @image
 */
struct atmos_update {
	struct atmos_image *image;
	unsigned long end;
	bool fresh;
	u32 len;
	u8 record[];
};

/* ---- which image ---- */

/* A socket's first image. @lock. */
void conn_image_take(struct atmos_sock *as)
{
	rcu_read_lock();
	as->image = rcu_dereference(conn_image);
	atmos_image_hold(as->image);
	rcu_read_unlock();
}

/* The socket's stack is over. @lock. */
void conn_image_drop(struct atmos_sock *as)
{
	conn_update_forget(as);
	if (as->image)
		atmos_image_release(as->image);
	as->image = NULL;
}

/**
 * atmos_conn_image_set() - what a socket's stack will run
 * @as: socket, its lock held, without domain and record
 * @img: image, held by the caller
 *
 * Context: any.
 */
void atmos_conn_image_set(struct atmos_sock *as, struct atmos_image *img)
{
	atmos_image_hold(img);
	conn_image_drop(as);
	as->image = img;
}

/**
 * atmos_conn_image_default() - what the stacks of new sockets run
 * @img: image of the class STACK that keeps records, held by the caller
 *
 * Connections have their listener's image. Context: process.
 * Return: 1, or 0 if it was that before.
 */
int atmos_conn_image_default(struct atmos_image *img)
{
	struct atmos_image *old;

	atmos_image_hold(img);
	mutex_lock(&conn_image_mutex);
	old = rcu_replace_pointer(conn_image, img, lockdep_is_held(&conn_image_mutex));
	mutex_unlock(&conn_image_mutex);
	/* Who has read the old one holds it now. */
	synchronize_rcu();
	atmos_image_release(old);
	return old != img;
}

int conn_image_init(void)
{
	struct atmos_image *img = atmos_image_find("stack", NULL);

	if (!img)
		return -ENOENT;
	RCU_INIT_POINTER(conn_image, img);
	return 0;
}

/* No socket is left. */
void conn_image_exit(void)
{
	atmos_image_release(rcu_dereference_protected(conn_image, 1));
}

/* ---- conversion ---- */

static int convert_check(struct atmos_domain *dom, const struct dom_msg *msg, const char **why)
{
	*why = "a command in answer to CONVERT";
	return -EBADMSG;
}

/* What the core reads of a connection's record stays as it is, but for its counts. */
static int convert_check_record(struct atmos_domain *dom, const u8 *record, const char **why)
{
	const u32 from = offsetof(struct tcp_record, snd_una);
	const struct record_head *head = (const void *)record, *old = (const void *)dom->shadow;

	if (head->version != dom->image->manifest.record_version) {
		*why = "the image does not convert this record";
		return -EBADMSG;
	}
	if (head->kind != old->kind || head->state != old->state ||
	    (head->kind == STACK_TCP &&
	     memcmp(record + from, dom->shadow + from, TCP_RECORD_YOUNG - from))) {
		*why = "record: the conversion changed what it must not";
		return -EBADMSG;
	}
	return atmos_check_record(dom, record, why);
}

static void convert_commit(struct atmos_domain *dom, const struct dom_msg *msg,
			   struct atmos_object *obj)
{
}

static const struct atmos_domain_ops convert_ops = {
	.check = convert_check,
	.check_record = convert_check_record,
	.commit = convert_commit,
};

static int update_convert(struct atmos_sock *as, struct atmos_domain *dom, u32 version)
{
	struct dom_ev_CONVERT *e = (void *)atmos_domain_event(dom, DOM_EV_CONVERT, 0);
	struct atmos_entry entry;

	e->version = version;
	atmos_check_begin(as);
	atmos_domain_enter(dom, &entry);
	if (entry.status == ATMOS_ENTRY_REFUSED)
		return entry.error;
	return entry.status == ATMOS_ENTRY_OK ? 0 : -EBADMSG;
}

/* A domain of @img that goes on from a record; ERR_PTR: -EBADMSG if it refuses that. */
static struct atmos_domain *update_domain(struct atmos_sock *as, struct atmos_image *img,
					  const u8 *record, u32 len)
{
	/* Without a record it begins as the old one would have. */
	u32 version = len ? ((const struct record_head *)record)->version :
			    img->manifest.record_version;
	struct atmos_domain *dom;
	int err = 0;

	if (len > img->manifest.record_size)
		return ERR_PTR(-EBADMSG);
	dom = atmos_domain_create(img, atmos_privilege_default, &convert_ops, as,
				  GFP_ATOMIC | __GFP_NOWARN);
	if (IS_ERR(dom))
		return dom;
	atmos_domain_seed(dom, &as->config, len ? record : NULL, len);
	if (version != img->manifest.record_version)
		err = update_convert(as, dom, version);
	if (err) {
		atmos_domain_destroy(dom);
		return ERR_PTR(err);
	}
	spin_lock(&dom->lock);
	dom->ops = &conn_ops;
	spin_unlock(&dom->lock);
	return dom;
}

/* ---- the change ---- */

/* The new domain takes over, and is told all that the application wants. */
static void update_switch(struct atmos_sock *as, struct atmos_domain *dom)
{
	struct atmos_domain *old = as->dom;

	atmos_image_hold(dom->image);
	if (as->image)
		atmos_image_release(as->image);
	as->image = dom->image;
	as->dom = dom;
	if (old)
		atmos_domain_destroy(old);
	as->pending |= ATMOS_EV_WAKE | ATMOS_EV_SETOPT;
	if (as->kind != STACK_UDP)
		as->pending |= ATMOS_EV_MORE;
	if (as->kind == STACK_LISTEN)
		as->pending |= ATMOS_EV_LISTEN;
	if (as->kind == STACK_TCP && as->tcp_state != TCPS_SYN_SENT)
		as->pending |= ATMOS_EV_CONSUMED | (as->tx.end ? ATMOS_EV_SEND : 0);
	if (as->shut)
		as->pending |= ATMOS_EV_SHUTDOWN;
	if (!skb_queue_empty(&as->sendq))
		as->pending |= ATMOS_EV_SENDTO;
}

/* The image and record of now, to come back to. */
static struct atmos_update *update_note(const struct atmos_sock *as, const u8 *record, u32 len)
{
	struct atmos_update *up = kmalloc(struct_size(up, record, len), GFP_ATOMIC | __GFP_NOWARN);

	if (!up)
		return NULL;
	*up = (struct atmos_update) {
		.image = as->image,
		.end = jiffies + msecs_to_jiffies(READ_ONCE(update_ms)),
		.fresh = true,
		.len = len,
	};
	memcpy(up->record, record, len);
	atmos_image_hold(up->image);
	return up;
}

static void update_free(struct atmos_update *up)
{
	if (!up)
		return;
	atmos_image_release(up->image);
	kfree(up);
}

/* There is no way back any more. @lock. */
void conn_update_forget(struct atmos_sock *as)
{
	update_free(as->update);
	as->update = NULL;
}

/* Jiffies, when conn_update_forget() is due. @lock, there is an update. */
unsigned long conn_update_end(const struct atmos_sock *as)
{
	return as->update->end;
}

static int update_change(struct atmos_sock *as, struct atmos_image *img)
{
	u64 record[DOM_RECORD_MAX / sizeof(u64)];
	u32 len = as->dom ? as->dom->shadow_used : as->record_len;
	bool asleep = !as->dom;
	struct atmos_update *up;
	struct atmos_domain *dom;

	/* A sleeping record may be where the new domain's will be. */
	atmos_conn_record(as, record, sizeof(record));
	up = update_note(as, (const u8 *)record, len);
	if (!up)
		return -ENOMEM;
	if (asleep)
		conn_config(as);
	dom = update_domain(as, img, (const u8 *)record, len);
	if (IS_ERR(dom)) {
		update_free(up);
		return PTR_ERR(dom);
	}
	conn_update_forget(as);
	as->update = up;
	conn_record_free(as);
	update_switch(as, dom);
	atmos_netlink_domain(dom, ATMOS_NOTICE_UPDATED);
	atmos_conn_run(as);
	if (as->defunct)
		return 0;
	if (asleep && as->dom && !as->pending && skb_queue_empty(&as->rxq))
		conn_sleep(as);
	return as->image == img ? 0 : -ECANCELED;
}

/**
 * atmos_conn_update() - a socket's stack goes on with another image
 * @as: socket
 * @img: image of the class STACK that keeps records, held by the caller
 *
 * Context: process. Takes the socket's lock.
 * Return: 0, -EALREADY if that is what it runs, -ENOTCONN if the connection is
 * over, -EHOSTDOWN if it is quarantined, -EBADMSG if the image refused the record,
 * -ECANCELED if it died at once and was taken back, -ENOMEM, -ENOSPC or -EAGAIN if
 * its domain could not be made or entered. But for 0 the old image goes on.
 */
int atmos_conn_update(struct atmos_sock *as, struct atmos_image *img)
{
	int err = 0;

	spin_lock_bh(&as->lock);
	if (as->defunct)
		err = -ENOTCONN;
	else if (as->image == img)
		err = -EALREADY;
	else if (as->dom && READ_ONCE(as->dom->state) != ATMOS_DOM_READY)
		err = -EHOSTDOWN;
	else if (!as->dom && !as->record)
		atmos_conn_image_set(as, img);
	else
		err = update_change(as, img);
	spin_unlock_bh(&as->lock);
	return err;
}

/* ---- the way back ---- */

/* An entry was committed. @lock, there is an update. */
void conn_update_lived(struct atmos_sock *as)
{
	as->update->fresh = false;
	if (time_after_eq(jiffies, as->update->end))
		conn_update_forget(as);
}

/*
 * The domain died. At once: back. Too often: back with its record, or it is given
 * up as any other. Those that the administrator has killed do not count. @lock,
 * there is an update.
 */
void conn_update_died(struct atmos_sock *as)
{
	struct atmos_domain *dom = as->dom, *back;
	struct atmos_update *up = as->update;

	if (time_after_eq(jiffies, up->end)) {
		conn_update_forget(as);
		return;
	}
	if (!dom->deaths_in_window || (!up->fresh && dom->state != ATMOS_DOM_GIVEN_UP))
		return;
	back = up->fresh ? update_domain(as, up->image, up->record, up->len) :
			   update_domain(as, up->image, dom->shadow, dom->shadow_used);
	if (IS_ERR(back))
		return;
	update_switch(as, back);
	conn_update_forget(as);
	atmos_netlink_domain(back, ATMOS_NOTICE_ROLLED_BACK);
}

/**
 * atmos_conn_of_domain() - the socket whose stack a domain runs
 * @id: of the domain
 *
 * Context: any. Return: the socket with a reference, or NULL.
 */
struct atmos_sock *atmos_conn_of_domain(u64 id)
{
	struct atmos_domain *dom = atmos_domain_get(id);
	struct atmos_sock *as = NULL;

	if (!dom)
		return NULL;
	/* A domain is destroyed, and has no owner then, before its socket is freed. */
	spin_lock_bh(&dom->lock);
	if (dom->ops == &conn_ops) {
		as = dom->owner;
		if (!refcount_inc_not_zero(&atmos_sock_sk(as)->sk_refcnt))
			as = NULL;
	}
	spin_unlock_bh(&dom->lock);
	atmos_domain_put(dom);
	return as;
}

/**
 * atmos_conn_halt() - a domain was quarantined, or let go on: tell its socket
 * @id: of the domain
 * @on: which
 *
 * Whoever waits learns of a quarantine now, by an error; calls that begin later find
 * the domain's state by themselves, and poll() by &atmos_sock.halted.
 * Context: process.
 */
void atmos_conn_halt(u64 id, bool on)
{
	struct atmos_sock *as = atmos_conn_of_domain(id);
	struct sock *sk;

	if (!as)
		return;
	sk = atmos_sock_sk(as);
	spin_lock_bh(&as->lock);
	if (!as->defunct && as->dom && as->dom->id == id && !sock_flag(sk, SOCK_DEAD)) {
		WRITE_ONCE(as->halted, on);
		if (on || sk->sk_err == EHOSTDOWN)
			WRITE_ONCE(sk->sk_err, on ? EHOSTDOWN : 0);
		sk_error_report(sk);
		sk->sk_state_change(sk);
	}
	spin_unlock_bh(&as->lock);
	sock_put(sk);
}
