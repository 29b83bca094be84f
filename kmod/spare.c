// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spare domains: what a domain consists of outlives it for a moment, so that the
 * next one of the same image need not allocate and fill pages. Before it is put
 * aside it is made as if new: a domain never finds anything of the one before.
 *
 * An image keeps at most spare_domains of them. What was not needed for a
 * second is freed, so idle machines keep none. Spares count for no limit.
 */
#include <linux/module.h>
#include <linux/workqueue.h>

#include "domain.h"

#define SPARE_PERIOD	HZ

static unsigned int spare_domains = 64;
module_param(spare_domains, uint, 0644);
MODULE_PARM_DESC(spare_domains, "most ended domains of an image whose memory is kept for new ones (default 64, 0: none)");

static void spare_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(spare_trim, spare_work);

/**
 * spare_init() - an image without spares
 * @s: of the image
 */
void spare_init(struct atmos_spares *s)
{
	spin_lock_init(&s->lock);
	INIT_LIST_HEAD(&s->list);
	s->count = 0;
	s->unused = 0;
}

/**
 * spare_put() - keep a domain's memory for another one
 * @dom: domain whose last reference went; as good as new (domain_renew())
 *
 * Context: any but hard interrupt.
 * Return: whether it was taken; it may be gone at once then.
 */
bool spare_put(struct atmos_domain *dom)
{
	struct atmos_spares *s = &dom->image->spares;
	bool taken;

	spin_lock_bh(&s->lock);
	taken = s->count < READ_ONCE(spare_domains);
	if (taken) {
		list_add(&dom->spare, &s->list);
		s->count++;
	}
	spin_unlock_bh(&s->lock);
	if (taken && !delayed_work_pending(&spare_trim))
		schedule_delayed_work(&spare_trim, SPARE_PERIOD);
	return taken;
}

/**
 * spare_get() - a spare domain, or NULL
 * @img: of which image
 * @priv: at which privilege; they are all of one, as a rule
 *
 * Context: any but hard interrupt.
 */
struct atmos_domain *spare_get(struct atmos_image *img, enum atmos_privilege priv)
{
	struct atmos_spares *s = &img->spares;
	struct atmos_domain *dom;

	spin_lock_bh(&s->lock);
	dom = list_first_entry_or_null(&s->list, struct atmos_domain, spare);
	if (dom && dom->privilege != priv)
		dom = NULL;
	if (dom) {
		list_del(&dom->spare);
		s->count--;
		s->unused = min(s->unused, s->count);
	}
	spin_unlock_bh(&s->lock);
	return dom;
}

/**
 * spare_drop() - free spares
 * @s: of the image
 * @count: how many at most
 *
 * Context: any but hard interrupt.
 */
void spare_drop(struct atmos_spares *s, u32 count)
{
	struct atmos_domain *dom, *next;
	LIST_HEAD(list);

	spin_lock_bh(&s->lock);
	for (count = min(count, s->count); count; count--) {
		list_move(s->list.prev, &list);
		s->count--;
	}
	s->unused = s->count;
	spin_unlock_bh(&s->lock);
	list_for_each_entry_safe(dom, next, &list, spare)
		domain_free(dom);
}

/* The least that lay unused during the last period. */
static int spare_age(struct atmos_image *img, void *left)
{
	spare_drop(&img->spares, READ_ONCE(img->spares.unused));
	*(u32 *)left += READ_ONCE(img->spares.count);
	return 0;
}

static void spare_work(struct work_struct *work)
{
	u32 left = 0;

	atmos_image_for_each(spare_age, &left);
	if (left)
		schedule_delayed_work(&spare_trim, SPARE_PERIOD);
}

/* At unload, when no domain is left. */
void spare_exit(void)
{
	cancel_delayed_work_sync(&spare_trim);
}
