// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a domain: create, restart in place, give up, destroy; limits;
 * look-up by id. The entry itself, a transaction, is in entry.c.
 *
 * A domain's lock (bottom halves off) serialises everything that touches its
 * memory. Domains are found by id under RCU and held by references; the
 * creator's is dropped by atmos_domain_destroy().
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/security.h>
#include <linux/slab.h>

#include "cpu.h"
#include "domain.h"
#include "handles.h"
#include "platform.h"
#include "words.h"

#define DOMAIN_PTE(offset)	((offset) / DOM_PAGE_SIZE)

#define STACK_HANDLES		32

enum atmos_privilege atmos_privilege_default = ATMOS_PRIV_USER;

static unsigned int max_domains = 1 << 17;
module_param(max_domains, uint, 0444);
MODULE_PARM_DESC(max_domains, "most domains at once (default 131072)");

static unsigned long max_pages;
module_param(max_pages, ulong, 0444);
MODULE_PARM_DESC(max_pages, "most pages of memory for all domains together (default: a quarter of the machine's)");

static DEFINE_XARRAY_FLAGS(domains, XA_FLAGS_LOCK_BH);
static atomic64_t domain_ids = ATOMIC64_INIT(0);
static atomic_t domain_count = ATOMIC_INIT(0);
static atomic64_t domain_page_count = ATOMIC64_INIT(0);

/* Pages that a domain costs: its private ones and the leaf table. */
u32 atmos_domain_pages(const struct atmos_domain *dom)
{
	return dom->nr_pages + 1;
}

/**
 * atmos_domain_limits() - how much is in use and how much may be
 * @l: result
 *
 * Context: any.
 */
void atmos_domain_limits(struct atmos_limits *l)
{
	l->domains = atomic_read(&domain_count);
	l->domains_max = READ_ONCE(max_domains);
	l->pages = atomic64_read(&domain_page_count);
	l->pages_max = READ_ONCE(max_pages);
}

/**
 * atmos_domain_set_limits() - change the limits
 * @domains_max: at least 1
 * @pages_max: at least 1
 *
 * What exists beyond a lowered limit stays. Context: any. Return: 0 or -EINVAL.
 */
int atmos_domain_set_limits(u32 domains_max, u64 pages_max)
{
	if (!domains_max || !pages_max || pages_max > ULONG_MAX)
		return -EINVAL;
	WRITE_ONCE(max_domains, domains_max);
	WRITE_ONCE(max_pages, pages_max);
	return 0;
}

static int domain_charge(u32 pages)
{
	if (atomic_inc_return(&domain_count) > READ_ONCE(max_domains))
		goto domains;
	if (atomic64_add_return(pages, &domain_page_count) > READ_ONCE(max_pages))
		goto pages;
	return 0;
pages:
	atomic64_sub(pages, &domain_page_count);
domains:
	atomic_dec(&domain_count);
	return -ENOSPC;
}

static void domain_uncharge(u32 pages)
{
	atomic64_sub(pages, &domain_page_count);
	atomic_dec(&domain_count);
}

/*
 * A stack answers for each object in the entry that brought it, so the table
 * need not hold more than one batch.
 */
static u32 domain_handles(const struct atmos_image *img)
{
	return img->manifest.image_class == DOM_CLASS_STACK ? STACK_HANDLES : HANDLES_MAX;
}

static void domain_map(struct atmos_domain *dom, u32 index, struct page *page,
		       enum atmos_prot prot)
{
	WRITE_ONCE(dom->leaf[index], atmos_aspace_pte(page, prot, dom->privilege));
}

/* One more private page; its contents are set by the first restart. */
static int domain_add_page(struct atmos_domain *dom, u32 index, struct page *pristine,
			   enum atmos_prot prot, gfp_t gfp)
{
	struct page *page = alloc_page(gfp | __GFP_ZERO);

	if (!page)
		return -ENOMEM;
	if (pristine)
		copy_page(page_address(page), page_address(pristine));
	dom->page[dom->nr_pages++] = (struct atmos_private) { page, pristine, index };
	domain_map(dom, index, page, prot);
	return 0;
}

/* The window: the image's pages, shared or copied; the stack; the mailbox. */
static int domain_populate(struct atmos_domain *dom, gfp_t gfp)
{
	const struct atmos_image *img = dom->image;
	struct page * const *pages = img->page[dom->privilege == ATMOS_PRIV_KERNEL];
	u32 stack = img->manifest.stack_pages;
	u32 left = img->nr_pages;
	int err = 0;
	u32 i;

	for (i = 0; !err && left && i < ATMOS_IMAGE_PAGES; i++) {
		u32 index = DOMAIN_PTE(DOM_IMAGE_START) + i;

		if (img->prot[i] == ATMOS_PROT_NONE)
			continue;
		left--;
		if (img->prot[i] == ATMOS_PROT_RW)
			err = domain_add_page(dom, index, pages[i], ATMOS_PROT_RW, gfp);
		else
			domain_map(dom, index, pages[i], img->prot[i]);
	}
	for (i = 0; !err && i < stack; i++)
		err = domain_add_page(dom, DOMAIN_PTE(DOM_STACK_TOP) - stack + i, NULL,
				      ATMOS_PROT_RW, gfp);
	if (!err)
		err = domain_add_page(dom, DOMAIN_PTE(DOM_IN_OFFSET), NULL, ATMOS_PROT_R, gfp);
	if (!err)
		err = domain_add_page(dom, DOMAIN_PTE(DOM_OUT_OFFSET), NULL, ATMOS_PROT_RW, gfp);
	if (err)
		return err;
	dom->in = page_address(dom->page[dom->nr_pages - 2].page);
	dom->out = page_address(dom->page[dom->nr_pages - 1].page);
	return 0;
}

/**
 * domain_free() - give back what a domain consists of
 * @dom: without references, in no list
 *
 * Context: any but hard interrupt.
 */
void domain_free(struct atmos_domain *dom)
{
	u32 i;

	for (i = 0; i < dom->nr_pages; i++)
		__free_page(dom->page[i].page);
	free_page((unsigned long)dom->leaf);
	atmos_handles_free(dom->handles);
	kfree(dom->shadow);
	kfree_rcu(dom, rcu);
}

/* What a domain consists of, all of it as its image says. */
static struct atmos_domain *domain_alloc(struct atmos_image *img, enum atmos_privilege priv,
					 u32 nr, gfp_t gfp)
{
	struct atmos_domain *dom = kzalloc(struct_size(dom, page, nr), gfp);

	if (!dom)
		return NULL;
	spin_lock_init(&dom->lock);
	dom->image = img;
	dom->privilege = priv;
	dom->base = atmos_aspace_base(priv);
	dom->leaf = (u64 *)get_zeroed_page(gfp);
	dom->handles = atmos_handles_alloc(domain_handles(img), gfp);
	dom->shadow_len = img->manifest.record_size;
	dom->shadow = kzalloc(max(dom->shadow_len, 1u), gfp);
	if (dom->leaf && dom->handles && dom->shadow && !domain_populate(dom, gfp))
		return dom;
	domain_free(dom);
	return NULL;
}

/* Private memory as the image has it: only what was written is copied. */
static void domain_pristine(struct atmos_domain *dom)
{
	u32 i;

	for (i = 0; i < dom->nr_pages - 2; i++) {
		struct atmos_private *p = &dom->page[i];
		u64 pte = READ_ONCE(dom->leaf[p->index]);

		if (!atmos_pte_dirty(pte))
			continue;
		if (p->pristine)
			copy_page(page_address(p->page), page_address(p->pristine));
		else
			atmos_zero_words(page_address(p->page), PAGE_SIZE);
		WRITE_ONCE(dom->leaf[p->index], pte & ~(u64)_PAGE_DIRTY);
	}
}

/* As domain_alloc() left it, whatever it was used for. */
static void domain_renew(struct atmos_domain *dom)
{
	domain_pristine(dom);
	atmos_zero_words(dom->in, PAGE_SIZE);
	atmos_zero_words(dom->out, PAGE_SIZE);
	memset(dom->shadow, 0, dom->shadow_used);
	dom->shadow_used = 0;
	memset(&dom->life, 0, sizeof(dom->life));
}

/**
 * atmos_domain_put() - drop a reference
 * @dom: domain
 *
 * Context: any but hard interrupt.
 */
void atmos_domain_put(struct atmos_domain *dom)
{
	struct atmos_image *img = dom->image;
	u32 pages = atmos_domain_pages(dom);

	if (!refcount_dec_and_test(&dom->ref))
		return;
	if (dom->tampered) {
		domain_free(dom);
	} else {
		domain_renew(dom);
		if (!spare_put(dom))
			domain_free(dom);
	}
	domain_uncharge(pages);
	atomic_dec(&img->domains);
	atmos_image_put(img);
	atmos_cpu_disable();
}

/**
 * atmos_domain_create() - make a domain, ready to be entered
 * @img: what it runs; the domain takes its own reference
 * @priv: at which privilege
 * @ops: its owner's part of a transaction
 * @owner: for @ops
 * @gfp: GFP_KERNEL, or GFP_ATOMIC while another domain exists
 *
 * Context: process or softirq.
 * Return: the domain with one reference, to be dropped by
 * atmos_domain_destroy(); or ERR_PTR: -ENOMEM, -ENOSPC at a limit, -EAGAIN as
 * of atmos_cpu_enable(), -EPERM for an unsigned image at CPL0 under lockdown,
 * -EOPNOTSUPP for a privilege that this CPU cannot have.
 */
struct atmos_domain *atmos_domain_create(struct atmos_image *img, enum atmos_privilege priv,
					 const struct atmos_domain_ops *ops, void *owner,
					 gfp_t gfp)
{
	u32 nr = img->nr_rw + img->manifest.stack_pages + 2;
	struct atmos_domain *dom;
	int err;

	if (priv == ATMOS_PRIV_KERNEL && !atmos_platform_kernel_privilege())
		return ERR_PTR(-EOPNOTSUPP);
	/* At CPL0 an image is kernel code. */
	if (priv == ATMOS_PRIV_KERNEL && !img->is_signed &&
	    security_locked_down(LOCKDOWN_MODULE_SIGNATURE))
		return ERR_PTR(-EPERM);
	err = domain_charge(nr + 1);
	if (err)
		return ERR_PTR(err);
	err = atmos_cpu_enable(gfp);
	if (err)
		goto uncharge;
	err = -ENOMEM;
	dom = spare_get(img, priv);
	if (!dom)
		dom = domain_alloc(img, priv, nr, gfp);
	if (!dom)
		goto disable;
	dom->ops = ops;
	dom->owner = owner;
	dom->state = ATMOS_DOM_READY;
	dom->map_gen = 1;
	dom->id = atomic64_inc_return(&domain_ids);
	dom->in->abi_version = DOM_ABI_VERSION;
	dom->in->domain_id = dom->id;
	smp_wmb();	/* who gets a reference by an old id sees the new one */
	refcount_set(&dom->ref, 1);
	err = xa_err(xa_store_bh(&domains, dom->id, dom, gfp));
	if (err)
		goto free;
	kref_get(&img->ref);
	atomic_inc(&img->domains);
	atmos_netlink_domain(dom, ATMOS_NOTICE_CREATED);
	return dom;
free:
	domain_free(dom);
disable:
	atmos_cpu_disable();
uncharge:
	domain_uncharge(nr + 1);
	return ERR_PTR(err);
}

/**
 * atmos_domain_seed() - what a new domain begins with
 * @dom: domain that was never entered
 * @config: bytes of dom_in.config, all of them
 * @record: committed record of another domain of its kind, or NULL
 * @len: bytes of @record; the rest of the record is zero
 *
 * Context: any; the caller serialises with entries.
 */
void atmos_domain_seed(struct atmos_domain *dom, const void *config, const void *record, u32 len)
{
	memcpy(dom->in->config, config, sizeof(dom->in->config));
	if (!record)
		return;
	dom->shadow_used = min(len, dom->shadow_len);
	memcpy(dom->shadow, record, dom->shadow_used);
	memcpy(dom->out->record, record, dom->shadow_used);
	dom->in->record_len = dom->shadow_len;
}

/**
 * atmos_domain_reclaim() - take back the objects that a domain kept
 * @dom: domain, not inside
 *
 * Context: process or softirq; takes the domain's lock.
 */
void atmos_domain_reclaim(struct atmos_domain *dom)
{
	spin_lock_bh(&dom->lock);
	atmos_handles_reclaim(dom->handles);
	spin_unlock_bh(&dom->lock);
}

/**
 * atmos_domain_kill() - let a domain die, as by a fault, and be restarted
 * @dom: domain; need not be inside
 *
 * The entry under way, or else the next one, dies. One that is just beginning
 * may miss the poke; it ends at its first interrupt, at the latest the budget
 * timer's.
 * Context: process.
 */
void atmos_domain_kill(struct atmos_domain *dom)
{
	WRITE_ONCE(dom->stop, 1);
	smp_mb();	/* a CPU that is seen inside sees the flag */
	atmos_cpu_poke(dom);
}

/**
 * atmos_domain_give_up() - a domain's owner does not want it to go on after a death
 * @dom: domain, not inside
 *
 * Context: any; takes the domain's lock.
 */
void atmos_domain_give_up(struct atmos_domain *dom)
{
	spin_lock_bh(&dom->lock);
	if (dom->state == ATMOS_DOM_READY) {
		dom->state = ATMOS_DOM_GIVEN_UP;
		atmos_netlink_domain(dom, ATMOS_NOTICE_GIVEN_UP);
	}
	spin_unlock_bh(&dom->lock);
}

/**
 * atmos_domain_quarantine() - keep a domain from being entered, or let it again
 * @dom: domain
 * @on: which
 *
 * Context: process. Return: 0, or -EINVAL if its state does not allow it.
 */
int atmos_domain_quarantine(struct atmos_domain *dom, bool on)
{
	enum atmos_domain_state from = on ? ATMOS_DOM_READY : ATMOS_DOM_QUARANTINED;
	int err = -EINVAL;

	spin_lock_bh(&dom->lock);
	if (dom->state == from) {
		dom->state = on ? ATMOS_DOM_QUARANTINED : ATMOS_DOM_READY;
		atmos_netlink_domain(dom, ATMOS_NOTICE_QUARANTINED);
		err = 0;
	}
	spin_unlock_bh(&dom->lock);
	return err;
}

/**
 * atmos_domain_destroy() - end a domain for good
 * @dom: domain; the creator's reference is dropped
 *
 * When this returns the domain is not inside and cannot be entered, and its
 * owner is not called again; others may still hold references to look at it.
 * Context: process or softirq; not from the owner's ops.
 */
void atmos_domain_destroy(struct atmos_domain *dom)
{
	xa_erase_bh(&domains, dom->id);
	WRITE_ONCE(dom->stop, 1);
	spin_lock_bh(&dom->lock);
	dom->state = ATMOS_DOM_DEAD;
	dom->ops = NULL;
	atmos_handles_reclaim(dom->handles);
	atmos_netlink_domain(dom, ATMOS_NOTICE_DESTROYED);
	spin_unlock_bh(&dom->lock);
	atmos_domain_put(dom);
}

/*
 * A reference to what was the domain @id when it was looked up under RCU. Its
 * memory may be another domain's by now.
 */
static bool domain_get(struct atmos_domain *dom, u64 id)
{
	if (!refcount_inc_not_zero(&dom->ref))
		return false;
	smp_rmb();	/* pairs with the one before the new life's first reference */
	if (likely(dom->id == id))
		return true;
	atmos_domain_put(dom);
	return false;
}

/**
 * atmos_domain_get() - find a domain
 * @id: its id
 *
 * Context: any. Return: a reference, or NULL.
 */
struct atmos_domain *atmos_domain_get(u64 id)
{
	struct atmos_domain *dom;

	rcu_read_lock();
	dom = xa_load(&domains, id);
	if (dom && !domain_get(dom, id))
		dom = NULL;
	rcu_read_unlock();
	return dom;
}

/**
 * atmos_domain_next() - walk all domains
 * @id: in: smallest id wanted; out: the id of the one found
 *
 * Context: any. Return: a reference, or NULL at the end.
 */
struct atmos_domain *atmos_domain_next(u64 *id)
{
	struct atmos_domain *dom;
	unsigned long index = *id;

	rcu_read_lock();
	do {
		dom = xa_find(&domains, &index, ULONG_MAX, XA_PRESENT);
		if (!dom)
			break;
		if (domain_get(dom, index))
			break;
		index++;
	} while (true);
	rcu_read_unlock();
	*id = index;
	return dom;
}

/**
 * domain_restart() - private memory and record as after the last commit
 * @dom: domain, its lock held, not inside
 *
 * What was written is told by the CPU's dirty bits. Taking those away is a
 * weakening: cached translations would not set them again, so the next entry
 * flushes.
 */
void domain_restart(struct atmos_domain *dom)
{
	domain_pristine(dom);
	dom->map_gen++;
	atmos_zero_words(dom->out, PAGE_SIZE);
	memcpy(dom->out->record, dom->shadow, dom->shadow_used);
	dom->in->nr_slots = 0;
	atmos_handles_reclaim(dom->handles);
	WRITE_ONCE(dom->stop, 0);
	dom->restarts++;
}

/**
 * atmos_domain_remap() - change a page of the window; for tests
 * @dom: domain
 * @offset: of the page, not one that the domain owns privately
 * @page: what to map there, NULL to unmap
 *
 * The caller keeps the page and frees it after the domain.
 * Context: process. Return: 0 or -EINVAL.
 */
int atmos_domain_remap(struct atmos_domain *dom, u32 offset, struct page *page)
{
	u32 index = DOMAIN_PTE(offset);
	u32 i;

	if (offset % DOM_PAGE_SIZE || offset >= DOM_WINDOW_SIZE)
		return -EINVAL;
	for (i = 0; i < dom->nr_pages; i++)
		if (dom->page[i].index == index)
			return -EINVAL;
	spin_lock_bh(&dom->lock);
	dom->tampered = true;
	WRITE_ONCE(dom->leaf[index],
		   page ? atmos_aspace_pte(page, ATMOS_PROT_R, dom->privilege) : 0);
	dom->map_gen++;
	spin_unlock_bh(&dom->lock);
	return 0;
}

static char *privilege = "user";
module_param(privilege, charp, 0444);
MODULE_PARM_DESC(privilege, "where domains run unless told: user (CPL3, default) or kernel (CPL0: stops accidents, not attackers)");

/**
 * atmos_domain_init() - parameters and limits
 *
 * Context: process, at load. Return: 0 or -EINVAL.
 */
int atmos_domain_init(void)
{
	if (!strcmp(privilege, "kernel")) {
		if (!atmos_platform_kernel_privilege()) {
			pr_err("privilege=kernel needs SMEP, which this CPU does not have\n");
			return -EOPNOTSUPP;
		}
		atmos_privilege_default = ATMOS_PRIV_KERNEL;
	} else if (strcmp(privilege, "user")) {
		pr_err("privilege=%s is neither user nor kernel\n", privilege);
		return -EINVAL;
	}
	if (!max_pages)
		max_pages = totalram_pages() / 4;
	if (!max_domains) {
		pr_err("max_domains=0 leaves no room for any domain\n");
		return -EINVAL;
	}
	return 0;
}

/* At unload: whoever made domains has destroyed them. */
void atmos_domain_exit(void)
{
	spare_exit();
	rcu_barrier();	/* kfree_rcu() of the last ones needs no code of ours, but order */
	xa_destroy(&domains);
}
