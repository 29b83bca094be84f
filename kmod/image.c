// SPDX-License-Identifier: GPL-2.0-only
/*
 * Images: from a file (embedded, or through the firmware path) to pristine
 * pages that domains map or copy.
 *
 * All calls are made in process context and may sleep, but for the look-up of
 * a symbol, which is any context. The list is under its mutex; an image that
 * is in use stays until its last domain is gone.
 */
#include <linux/device.h>
#include <linux/firmware.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "cpu.h"
#include "domain.h"
#include "elf.h"
#include "image.h"
#include "platform.h"

#define IMAGES_MAX	1024

static bool allow_unsigned;
module_param(allow_unsigned, bool, 0444);
MODULE_PARM_DESC(allow_unsigned, "load images that carry no trusted signature (default: off)");

static LIST_HEAD(image_list);
static DEFINE_MUTEX(image_mutex);
static unsigned int image_count;
static struct device *image_device;

/* May images without a trusted signature be loaded? */
bool atmos_image_unsigned_ok(void)
{
	return allow_unsigned;
}

static unsigned int image_page_index(u32 offset)
{
	return (offset - DOM_IMAGE_START) / DOM_PAGE_SIZE;
}

static void image_free(struct kref *ref)
{
	struct atmos_image *img = container_of(ref, struct atmos_image, ref);
	unsigned int i;

	spare_drop(&img->spares, U32_MAX);
	for (i = 0; i < ATMOS_IMAGE_PAGES; i++) {
		if (img->page[0][i])
			put_page(img->page[0][i]);
		if (img->page[1][i])
			put_page(img->page[1][i]);
	}
	kvfree(img->symtab);
	kvfree(img->strings);
	kvfree(img);
}

/**
 * atmos_image_put() - drop a reference
 * @img: image
 *
 * Context: any.
 */
void atmos_image_put(struct atmos_image *img)
{
	kref_put(&img->ref, image_free);
}

/**
 * atmos_image_hold() - use an image: it stays loaded
 * @img: image, held by somebody else at least while this is called
 *
 * Context: any.
 */
void atmos_image_hold(struct atmos_image *img)
{
	kref_get(&img->ref);
	atomic_inc(&img->holders);
}

/**
 * atmos_image_release() - undo atmos_image_hold() or atmos_image_find()
 * @img: image
 *
 * Context: any.
 */
void atmos_image_release(struct atmos_image *img)
{
	atomic_dec(&img->holders);
	atmos_image_put(img);
}

/* Fill pristine pages from one segment. */
static int image_fill_segment(struct atmos_image *img, const struct atmos_elf *elf,
			      const struct atmos_elf_segment *s)
{
	u32 done;

	for (done = 0; done < s->mem_size; done += DOM_PAGE_SIZE) {
		unsigned int i = image_page_index(s->start + done);
		struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

		if (!page)
			return -ENOMEM;
		img->page[0][i] = page;
		img->prot[i] = s->write ? ATMOS_PROT_RW : s->exec ? ATMOS_PROT_RX : ATMOS_PROT_R;
		img->nr_pages++;
		if (s->write)
			img->nr_rw++;
		if (done < s->file_size)
			memcpy(page_address(page), elf->data + s->offset + done,
			       min_t(u32, s->file_size - done, DOM_PAGE_SIZE));
	}
	return 0;
}

/*
 * The two privileges have different bases. Pages that hold no relocated word
 * serve both; of the others there are two.
 */
static int image_relocate(struct atmos_image *img, const struct atmos_elf *elf)
{
	u64 base[2] = { atmos_aspace_base(ATMOS_PRIV_USER), atmos_aspace_base(ATMOS_PRIV_KERNEL) };
	u32 where, r;
	u64 addend;
	unsigned int i, p;

	for (r = 0; r < elf->nr_rela; r++) {
		if (atmos_elf_rela(elf, r, &where, &addend))
			return -ENOEXEC;
		i = image_page_index(where);
		if (!img->page[1][i]) {
			img->page[1][i] = alloc_page(GFP_KERNEL);
			if (!img->page[1][i])
				return -ENOMEM;
			copy_page(page_address(img->page[1][i]), page_address(img->page[0][i]));
		}
		for (p = 0; p < 2; p++)
			*(u64 *)(page_address(img->page[p][i]) + where % DOM_PAGE_SIZE) =
				base[p] + addend;
	}
	for (i = 0; i < ATMOS_IMAGE_PAGES; i++) {
		if (img->page[0][i] && !img->page[1][i]) {
			get_page(img->page[0][i]);
			img->page[1][i] = img->page[0][i];
		}
	}
	return 0;
}

static int image_symbol_cmp(const void *a, const void *b)
{
	const struct atmos_symbol *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Names for reports. An image without any is fine. */
static int image_symbols(struct atmos_image *img, const struct atmos_elf *elf)
{
	u32 i, start, size, total = 0;
	const char *name;
	char *to;

	for (i = 0; i < elf->nr_sym; i++) {
		if (!atmos_elf_symbol(elf, i, &start, &size, &name)) {
			img->nr_symbols++;
			total += strnlen(name, ATMOS_SYMBOL_LEN) + 1;
		}
	}
	if (!img->nr_symbols)
		return 0;
	img->symtab = kvcalloc(img->nr_symbols, sizeof(*img->symtab), GFP_KERNEL);
	img->strings = kvzalloc(total, GFP_KERNEL);
	if (!img->symtab || !img->strings)
		return -ENOMEM;
	to = img->strings;
	img->nr_symbols = 0;
	for (i = 0; i < elf->nr_sym; i++) {
		struct atmos_symbol *s = &img->symtab[img->nr_symbols];
		size_t len;

		if (atmos_elf_symbol(elf, i, &s->start, &s->size, &name))
			continue;
		len = strnlen(name, ATMOS_SYMBOL_LEN);
		memcpy(to, name, len);
		s->name = to;
		to += len + 1;
		img->nr_symbols++;
	}
	sort(img->symtab, img->nr_symbols, sizeof(*img->symtab), image_symbol_cmp, NULL);
	return 0;
}

/**
 * atmos_image_symbol() - name of the function at an offset
 * @img: image
 * @offset: in the window
 * @delta: out: bytes into the function
 *
 * Context: any. Return: the name, or NULL.
 */
const char *atmos_image_symbol(const struct atmos_image *img, u32 offset, u32 *delta)
{
	u32 low = 0, high = img->nr_symbols;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (img->symtab[mid].start <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || offset - img->symtab[low - 1].start >= max(img->symtab[low - 1].size, 1u))
		return NULL;
	*delta = offset - img->symtab[low - 1].start;
	return img->symtab[low - 1].name;
}

static struct atmos_image *image_find(const char *name)
{
	struct atmos_image *img;

	list_for_each_entry(img, &image_list, node)
		if (!strcmp(img->manifest.name, name))
			return img;
	return NULL;
}

static struct atmos_image *image_build(const struct atmos_elf *elf)
{
	struct atmos_image *img = kvzalloc(sizeof(*img), GFP_KERNEL);
	unsigned int i;
	int err = 0;

	if (!img)
		return ERR_PTR(-ENOMEM);
	kref_init(&img->ref);
	spare_init(&img->spares);
	img->manifest = elf->manifest;
	img->entry = elf->entry;
	for (i = 0; !err && i < elf->nr_segments; i++)
		err = image_fill_segment(img, elf, &elf->segment[i]);
	if (!err)
		err = image_relocate(img, elf);
	if (!err)
		err = image_symbols(img, elf);
	if (err) {
		atmos_image_put(img);
		return ERR_PTR(err);
	}
	return img;
}

/* Check, build and list an image; the caller gets a reference of its own. */
static struct atmos_image *image_add(const u8 *data, size_t size, const char *name,
				     bool builtin, bool is_signed)
{
	struct atmos_image *img;
	struct atmos_elf *elf;
	const char *why = "";
	int err;

	elf = kmalloc(sizeof(*elf), GFP_KERNEL);
	if (!elf)
		return ERR_PTR(-ENOMEM);
	err = atmos_elf_check(data, size, elf, &why);
	if (!err && strcmp(elf->manifest.name, name)) {
		why = "the manifest has another name than the file";
		err = -ENOEXEC;
	}
	if (err) {
		pr_warn_ratelimited("image %s refused: %s\n", name, why);
		img = ERR_PTR(err);
		goto out;
	}
	img = image_build(elf);
	if (IS_ERR(img))
		goto out;
	img->builtin = builtin;
	img->is_signed = is_signed;

	mutex_lock(&image_mutex);
	if (image_find(img->manifest.name))
		err = -EEXIST;
	else if (image_count >= IMAGES_MAX)
		err = -ENOSPC;
	if (!err) {
		kref_get(&img->ref);
		list_add_tail(&img->node, &image_list);
		image_count++;
		atmos_netlink_image(img, true);
	}
	mutex_unlock(&image_mutex);
	if (err) {
		atmos_image_put(img);
		img = ERR_PTR(err);
	}
out:
	kfree(elf);
	return img;
}

/**
 * atmos_image_load() - load an image through the firmware path
 * @name: file atmos/NAME.elf there; letters, digits, '-' and '_'
 * @dev: whose firmware it is, or NULL
 *
 * Return: a reference, or ERR_PTR: -EINVAL for a bad name, -ENOENT without
 * such a file, -ENOEXEC if the file is no image (the log says why), -ENOKEY,
 * -EKEYREJECTED or -ENODATA for a missing or bad signature, -EEXIST if an image
 * of that name is there.
 */
struct atmos_image *atmos_image_load(const char *name, struct device *dev)
{
	const struct firmware *fw;
	struct atmos_image *img;
	char path[64];
	size_t size;
	int err;

	if (!*name || strnlen(name, ATMOS_IMAGE_NAME_LEN) == ATMOS_IMAGE_NAME_LEN ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") !=
	    strlen(name))
		return ERR_PTR(-EINVAL);
	snprintf(path, sizeof(path), "atmos/%s.elf", name);
	err = firmware_request_nowarn(&fw, path, dev ?: image_device);
	if (err)
		return ERR_PTR(err);
	size = fw->size;
	err = atmos_image_verify(fw->data, &size);
	if (err && !allow_unsigned) {
		pr_warn_ratelimited("image %s refused: no signature of a key the kernel trusts (%d)\n",
				    name, err);
		img = ERR_PTR(err);
	} else {
		img = image_add(fw->data, size, name, false, !err);
	}
	release_firmware(fw);
	return img;
}

/**
 * atmos_image_get() - find an image by name
 * @name: as in its manifest
 *
 * Return: a reference or NULL.
 */
struct atmos_image *atmos_image_get(const char *name)
{
	struct atmos_image *img;

	mutex_lock(&image_mutex);
	img = image_find(name);
	if (img)
		kref_get(&img->ref);
	mutex_unlock(&image_mutex);
	return img;
}

/**
 * atmos_image_find() - find an image by name or build id, and hold it
 * @name: as in its manifest; or NULL
 * @build_id: if @name is NULL, its 20 bytes
 *
 * Return: the image, for atmos_image_release(); or NULL.
 */
struct atmos_image *atmos_image_find(const char *name, const u8 *build_id)
{
	struct atmos_image *img, *found = NULL;

	mutex_lock(&image_mutex);
	list_for_each_entry(img, &image_list, node) {
		if (name ? !strcmp(img->manifest.name, name) :
		    !memcmp(img->manifest.build_id, build_id, sizeof(img->manifest.build_id))) {
			atmos_image_hold(img);
			found = img;
			break;
		}
	}
	mutex_unlock(&image_mutex);
	return found;
}

/**
 * atmos_image_remove() - forget a loaded image
 * @name: which
 *
 * Return: 0, -ENOENT, -EPERM for a built-in one, -EBUSY while domains run it
 * or sockets hold it.
 */
int atmos_image_remove(const char *name)
{
	struct atmos_image *img;
	int err = 0;

	mutex_lock(&image_mutex);
	img = image_find(name);
	if (!img)
		err = -ENOENT;
	else if (img->builtin)
		err = -EPERM;
	else if (atomic_read(&img->domains) || atomic_read(&img->holders))
		err = -EBUSY;
	if (!err) {
		list_del(&img->node);
		image_count--;
		atmos_netlink_image(img, false);
	}
	mutex_unlock(&image_mutex);
	if (!err)
		atmos_image_put(img);
	return err;
}

/**
 * atmos_image_for_each() - call a function for each image
 * @fn: may not call back into this file; stops at the first non-zero result
 * @arg: passed on
 *
 * Return: that result or 0.
 */
int atmos_image_for_each(int (*fn)(struct atmos_image *img, void *arg), void *arg)
{
	struct atmos_image *img;
	int ret = 0;

	mutex_lock(&image_mutex);
	list_for_each_entry(img, &image_list, node) {
		ret = fn(img, arg);
		if (ret)
			break;
	}
	mutex_unlock(&image_mutex);
	return ret;
}

static const struct {
	const char *name;
	const u8 *start;
	const u8 *end;
} image_builtin[] = {
	{ "echo", atmos_builtin_echo, atmos_builtin_echo_end },
	{ "stack", atmos_builtin_stack, atmos_builtin_stack_end },
	{ "reasm", atmos_builtin_reasm, atmos_builtin_reasm_end },
};

static void image_forget_all(void)
{
	struct atmos_image *img, *next;

	list_for_each_entry_safe(img, next, &image_list, node) {
		list_del(&img->node);
		image_count--;
		atmos_image_put(img);
	}
	root_device_unregister(image_device);
}

/**
 * atmos_image_init() - list the built-in images
 *
 * Return: 0 or a negative errno.
 */
int atmos_image_init(void)
{
	struct atmos_image *img;
	unsigned int i;

	image_device = root_device_register("atmos");
	if (IS_ERR(image_device))
		return PTR_ERR(image_device);
	for (i = 0; i < ARRAY_SIZE(image_builtin); i++) {
		img = image_add(image_builtin[i].start,
				image_builtin[i].end - image_builtin[i].start,
				image_builtin[i].name, true, true);
		if (IS_ERR(img)) {
			image_forget_all();
			return PTR_ERR(img);
		}
		atmos_image_put(img);
	}
	return 0;
}

/* No domain exists any more. */
void atmos_image_exit(void)
{
	image_forget_all();
}
