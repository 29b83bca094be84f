// SPDX-License-Identifier: GPL-2.0-only
/*
 * The injuries themselves: where a fault goes, by its kind, and how it is put
 * in and taken out again. Called by test_inject.c with the domain's lock held,
 * bottom halves off; injure_inside() also in the interrupt that came inside.
 *
 * What a restart undoes of a domain's own memory it tells by the dirty bits
 * that the CPU sets, so they are set here as well. Pages that domains share
 * are replaced by a copy for this domain; a death puts the image's page back,
 * as it puts back the image's contents of private pages.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "cpu.h"
#include "test.h"

#define IMAGE_INDEX	(DOM_IMAGE_START / DOM_PAGE_SIZE)

/* RFLAGS that a domain may change without a trap: CF PF AF ZF SF DF OF. */
#define FLAGS_HARMLESS	0xcd5ull

static void injure_note(struct inject *inj, u64 place, u64 before, u64 after)
{
	inj->result.place = place;
	inj->result.before = before;
	inj->result.after = after;
}

/* A bit or a word of @len bytes at @base, aligned to 8 bytes; the rest of it is not touched. */
static void injure_bytes(struct inject *inj, void *base, u32 len, u64 place)
{
	const struct atmos_test_inject *o = &inj->order;
	u32 at = o->where % len;
	u64 before = 0, after = 0;
	u32 n = min(len - (at & ~7u), 8u);
	u8 *word = base + (at & ~7u);

	memcpy(&before, word, n);
	after = before;
	if (o->word)
		after ^= o->value ?: 1;
	else
		after ^= 1ull << (at % 8 * 8 + o->value % 8);
	memcpy(word, &after, n);
	injure_note(inj, place + at, before, after);
}

/* ---- the window ---- */

/* This domain's own copy of a page that it shares; @inj->page is there for it. */
static void *injure_own_page(struct inject *inj, u32 index)
{
	struct atmos_domain *dom = inj->dom;
	bool kernel = dom->privilege == ATMOS_PRIV_KERNEL;
	u32 i = index - IMAGE_INDEX;

	if (!inj->shared) {
		copy_page(page_address(inj->page), page_address(dom->image->page[kernel][i]));
		inj->shared = dom->leaf[index];
		dom->tampered = true;
		inj->index = index;
		WRITE_ONCE(dom->leaf[index], atmos_aspace_pte(inj->page, dom->image->prot[i],
							      dom->privilege));
		dom->map_gen++;
	}
	return page_address(inj->page);
}

/* The page of the image again. */
void injure_undo_page(struct inject *inj)
{
	if (!inj->shared)
		return;
	WRITE_ONCE(inj->dom->leaf[inj->index], inj->shared);
	inj->dom->map_gen++;
	inj->shared = 0;
}

/* A private page's bytes, to be written. */
static void *injure_private(struct atmos_domain *dom, u32 index)
{
	u32 i;

	for (i = 0; i < dom->nr_pages; i++) {
		if (dom->page[i].index != index)
			continue;
		WRITE_ONCE(dom->leaf[index], dom->leaf[index] | _PAGE_DIRTY);
		return page_address(dom->page[i].page);
	}
	return NULL;
}

static void injure_symbol(struct inject *inj, u32 offset)
{
	const char *name;
	u32 delta;

	name = atmos_image_symbol(inj->dom->image, offset, &delta);
	if (name)
		snprintf(inj->result.symbol, sizeof(inj->result.symbol), "%.36s+0x%x", name, delta);
}

static bool injure_page(struct inject *inj, u32 index, u32 len)
{
	struct atmos_domain *dom = inj->dom;
	void *bytes;

	if (dom->image->prot[index - IMAGE_INDEX] == ATMOS_PROT_RW)
		bytes = injure_private(dom, index);
	else
		bytes = injure_own_page(inj, index);
	if (!bytes)
		return false;
	injure_bytes(inj, bytes, len, (u64)index * DOM_PAGE_SIZE);
	injure_symbol(inj, inj->result.place);
	return true;
}

/**
 * injure_window() - TEXT and DATA
 * @inj: order
 *
 * The place is one of all bytes of the kind; code ends with the last symbol.
 * Return: was it done?
 */
bool injure_window(struct inject *inj)
{
	const struct atmos_image *img = inj->dom->image;
	bool text = inj->order.kind == ATMOS_TEST_INJECT_TEXT;
	const struct atmos_symbol *last = img->symtab + img->nr_symbols - 1;
	u32 end = img->nr_symbols ? last->start + last->size : DOM_IMAGE_END;
	u64 total = 0, at;
	u32 i, len;

	/* First how many bytes there are, then which page has the one wanted. */
	for (at = U64_MAX;; at = inj->order.where % total) {
		for (i = 0; i < ATMOS_IMAGE_PAGES; i++) {
			u32 start = (IMAGE_INDEX + i) * DOM_PAGE_SIZE;
			bool is_text = img->prot[i] == ATMOS_PROT_RX;

			if (img->prot[i] == ATMOS_PROT_NONE || text != is_text)
				continue;
			len = DOM_PAGE_SIZE;
			if (text && start < end && end - start < len)
				len = end - start;
			if (at == U64_MAX) {
				total += len;
				continue;
			}
			if (at < len) {
				inj->order.where = at;
				return injure_page(inj, IMAGE_INDEX + i, len);
			}
			at -= len;
		}
		if (at != U64_MAX || !total)
			return false;
	}
}

/* ---- the mailbox ---- */

static u32 injure_slots(const struct dom_in *in, const struct dom_msg *m)
{
	u32 slots = dom_msg_slots(m->hdr.inline_len);

	return min_t(u32, slots, in->nr_slots - (m - in->slot));
}

/* One event is taken out, or repeated at the end. */
static bool injure_order(struct inject *inj)
{
	struct dom_in *in = inj->dom->in;
	u32 nr = 0, slots, i, left;

	for (i = 0; i < in->nr_slots; i += injure_slots(in, &in->slot[i]))
		nr++;
	if (!nr)
		return false;
	nr = inj->order.where % nr;
	for (i = 0; nr--; i += injure_slots(in, &in->slot[i]))
		;
	slots = injure_slots(in, &in->slot[i]);
	injure_note(inj, i, in->slot[i].hdr.type, slots);
	if (inj->order.kind == ATMOS_TEST_INJECT_TWICE) {
		if (in->nr_slots + slots > DOM_IN_SLOTS)
			return false;
		memcpy(&in->slot[in->nr_slots], &in->slot[i], slots * DOM_SLOT_SIZE);
		in->nr_slots += slots;
		return true;
	}
	left = in->nr_slots - i - slots;
	memmove(&in->slot[i], &in->slot[i + slots], left * DOM_SLOT_SIZE);
	in->nr_slots -= slots;
	return true;
}

/**
 * injure_events() - EVENT, HEAD, LOSE and TWICE
 * @inj: order; @inj->page keeps what the core itself has written there
 *
 * Return: was it done?
 */
bool injure_events(struct inject *inj)
{
	struct dom_in *in = inj->dom->in;
	bool done = true;

	copy_page(page_address(inj->page), in);
	switch (inj->order.kind) {
	case ATMOS_TEST_INJECT_EVENT:
		done = in->nr_slots;
		if (done)
			injure_bytes(inj, in->slot, in->nr_slots * DOM_SLOT_SIZE, 0);
		break;
	case ATMOS_TEST_INJECT_HEAD:
		injure_bytes(inj, in, offsetof(struct dom_in, slot), 0);
		break;
	default:
		done = injure_order(inj);
	}
	inj->hidden = done;
	return done;
}

/* The core finds what it has written. */
void injure_undo_events(struct inject *inj)
{
	if (inj->hidden)
		copy_page(inj->dom->in, page_address(inj->page));
	inj->hidden = false;
}

/* Bytes of the record that count, by its own head. */
static u32 injure_record_len(const struct atmos_domain *dom)
{
	const u16 *head = (const u16 *)dom->out->record;

	return clamp_t(u32, head[1], 8, DOM_RECORD_MAX);
}

/**
 * injure_answer() - COMMAND and RECORD
 * @inj: order
 *
 * Return: was it done?
 */
bool injure_answer(struct inject *inj)
{
	struct dom_out *out = inj->dom->out;
	u32 nr = min_t(u32, out->nr_slots, DOM_OUT_SLOTS);

	if (inj->order.kind == ATMOS_TEST_INJECT_RECORD) {
		injure_bytes(inj, out->record, injure_record_len(inj->dom), 0);
		return true;
	}
	/* The two counts of the head, or the commands. */
	if (!nr)
		return false;
	if (inj->order.where >> 32 & 15)
		injure_bytes(inj, out->slot, nr * DOM_SLOT_SIZE, offsetof(struct dom_out, slot));
	else
		injure_bytes(inj, out, 8, 0);
	return true;
}

/* ---- inside ---- */

static void injure_regs(struct inject *inj, struct gate_regs *r)
{
	u64 *reg[] = {
		&r->rax, &r->rbx, &r->rcx, &r->rdx, &r->rsi, &r->rdi, &r->rbp, &r->rsp,
		&r->r8, &r->r9, &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15,
		&r->rip, &r->rflags,
	};
	u32 number = inj->order.where % ARRAY_SIZE(reg);
	u64 before = *reg[number], flip = 1ull << inj->order.value % 64;

	if (inj->order.word)
		flip = inj->order.value ?: 1;
	if (reg[number] == &r->rflags) {
		flip &= FLAGS_HARMLESS;
		flip = flip ?: 1;
	}
	*reg[number] ^= flip;
	injure_note(inj, number, before, *reg[number]);
}

static bool injure_stack(struct inject *inj, const struct gate_regs *r)
{
	u64 base = inj->dom->base, top = base + DOM_STACK_TOP;
	u32 pages = inj->dom->image->manifest.stack_pages;
	u64 at;
	u8 *bytes;

	/* Nothing is on it yet, or it is not the stack. */
	if (r->rsp >= top || r->rsp < top - pages * DOM_PAGE_SIZE)
		return false;
	at = r->rsp + inj->order.where % (top - r->rsp);
	bytes = injure_private(inj->dom, (at - base) / DOM_PAGE_SIZE);
	if (!bytes)
		return false;
	inj->order.where = at % 8;
	injure_bytes(inj, bytes + (at % DOM_PAGE_SIZE & ~7ull), 8, (at & ~7ull) - base);
	return true;
}

/* The next bytes to be executed, or others close by. */
static bool injure_code(struct inject *inj, struct gate *g, const struct gate_regs *r)
{
	const struct atmos_image *img = inj->dom->image;
	u64 at = r->rip - inj->dom->base + inj->order.where % 32;
	u32 index = at / DOM_PAGE_SIZE;

	if (index < IMAGE_INDEX || index - IMAGE_INDEX >= ATMOS_IMAGE_PAGES ||
	    img->prot[index - IMAGE_INDEX] != ATMOS_PROT_RX)
		return false;
	inj->order.where = at % DOM_PAGE_SIZE;
	/* The way back must not find the old page in the TLB. */
	g->domain_cr3 &= ~(1ull << 63);
	return injure_page(inj, index, DOM_PAGE_SIZE);
}

/**
 * injure_inside() - START, REGS, STACK, CODE and STATE
 * @inj: order
 * @g: this CPU's gate
 * @regs: the interrupted domain's, with which it will go on
 *
 * Return: was it done?
 */
bool injure_inside(struct inject *inj, struct gate *g, struct gate_regs *regs)
{
	injure_symbol(inj, regs->rip - inj->dom->base);
	switch (inj->order.kind) {
	case ATMOS_TEST_INJECT_STACK:
		return injure_stack(inj, regs);
	case ATMOS_TEST_INJECT_CODE:
		return injure_code(inj, g, regs);
	case ATMOS_TEST_INJECT_STATE:
		injure_bytes(inj, inj->dom->out->record, injure_record_len(inj->dom), 0);
		return true;
	default:
		injure_regs(inj, regs);
		return true;
	}
}
