// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control plane: images.
 *
 * The list has no key that only grows, so a dump that sees it change between
 * two buffers says so (NLM_F_DUMP_INTR) and the asker asks again.
 */
#include <linux/atomic.h>

#include "compat.h"
#include "netlink.h"

static_assert((int)ATMOS_IMAGE_CLASS_ECHO == (int)DOM_CLASS_ECHO, "class");
static_assert((int)ATMOS_IMAGE_CLASS_STACK == (int)DOM_CLASS_STACK, "class");
static_assert((int)ATMOS_IMAGE_CLASS_DRIVER == (int)DOM_CLASS_DRIVER, "class");
static_assert(ATMOS_NAME_MAX == ATMOS_IMAGE_NAME_LEN - 1, "name");

/* Counts changes of the list; never 0, which a dump takes for "no matter". */
static atomic_t image_generation = ATOMIC_INIT(1);

/**
 * atmos_nl_fill_image() - write the attributes of an image
 * @skb: message
 * @image: struct atmos_image, held
 *
 * Return: 0 or -EMSGSIZE.
 */
int atmos_nl_fill_image(struct sk_buff *skb, const void *image)
{
	const struct atmos_image *img = image;
	const struct dom_manifest *m = &img->manifest;

	if (nla_put_string(skb, ATMOS_A_IMAGE_NAME, m->name) ||
	    nla_put_u32(skb, ATMOS_A_IMAGE_CLASS, m->image_class) ||
	    nla_put(skb, ATMOS_A_IMAGE_BUILD_ID, sizeof(m->build_id), m->build_id) ||
	    nla_put_u32(skb, ATMOS_A_IMAGE_ABI, m->abi_version) ||
	    nla_put_u32(skb, ATMOS_A_IMAGE_RECORD_SIZE, m->record_size) ||
	    nla_put_u32(skb, ATMOS_A_IMAGE_RECORD_VERSION, m->record_version) ||
	    nla_put_u32(skb, ATMOS_A_IMAGE_PAGES, img->nr_pages) ||
	    nla_put_u32(skb, ATMOS_A_IMAGE_PRIVATE_PAGES, img->nr_rw) ||
	    nla_put_u32(skb, ATMOS_A_IMAGE_STACK_PAGES, m->stack_pages) ||
	    nla_put_u32(skb, ATMOS_A_IMAGE_DOMAINS, atomic_read(&img->domains)))
		return -EMSGSIZE;
	if (img->builtin && nla_put_flag(skb, ATMOS_A_IMAGE_BUILTIN))
		return -EMSGSIZE;
	if (img->is_signed && nla_put_flag(skb, ATMOS_A_IMAGE_SIGNED))
		return -EMSGSIZE;
	return 0;
}

static void image_notice(u8 cmd, const struct atmos_image *img)
{
	if (atomic_inc_return(&image_generation) == 0)
		atomic_inc(&image_generation);
	atmos_nl_notify(cmd, atmos_nl_fill_image, img);
}

/**
 * atmos_netlink_image() - tell listeners that the list of images has changed
 * @img: image, held
 * @loaded: it was added; else removed
 *
 * Context: under the list's lock, so that a dump sees both changes or none.
 */
void atmos_netlink_image(const struct atmos_image *img, bool loaded)
{
	image_notice(loaded ? ATMOS_CMD_IMAGE_LOADED_NTF : ATMOS_CMD_IMAGE_UNLOADED_NTF, img);
}

int atmos_nl_image_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct atmos_image *img;
	int err;

	err = atmos_nl_missing(info, ATMOS_A_IMAGE_NAME);
	if (err)
		return err;
	img = atmos_image_get(nla_data(info->attrs[ATMOS_A_IMAGE_NAME]));
	if (!img) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[ATMOS_A_IMAGE_NAME],
				    "no image of this name is loaded");
		return -ENOENT;
	}
	err = atmos_nl_reply(info, atmos_nl_fill_image, img);
	atmos_image_put(img);
	return err;
}

struct image_dump {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	long index;
};

static int dump_image(struct atmos_image *img, void *arg)
{
	struct image_dump *d = arg;

	if (d->index++ < d->cb->args[0])
		return 0;
	if (atmos_nl_dump(d->skb, d->cb, ATMOS_CMD_IMAGE_GET, atmos_nl_fill_image, img))
		return 1;
	d->cb->args[0] = d->index;
	return 0;
}

int atmos_nl_image_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct image_dump d = { .skb = skb, .cb = cb };
	int err;

	err = atmos_nl_may(cb->skb, cb->extack) ?: atmos_nl_no_attr(cb, ATMOS_A_IMAGE_NAME);
	if (err)
		return err;
	cb->seq = atomic_read(&image_generation);
	atmos_image_for_each(dump_image, &d);
	return skb->len;
}

/* What the errors of the loader mean to who has given a name only. */
static const char *load_error(int err)
{
	switch (err) {
	case -ENOENT:
		return "no file atmos/NAME.elf under the firmware path";
	case -EEXIST:
		return "an image of this name is loaded already";
	case -EINVAL:
		return "a name has letters, digits, '-' and '_' only";
	case -ENOKEY:
	case -EKEYREJECTED:
	case -EBADMSG:
	case -ENODATA:
	case -EPERM:
		return "the image has no signature of a key that the kernel trusts";
	case -ENOEXEC:
		return "not an image that can be loaded: the kernel log says why";
	case -ENOSPC:
		return "too many images are loaded";
	default:
		return "the image cannot be loaded: the kernel log says why";
	}
}

int atmos_nl_image_load_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct atmos_image *img;
	int err;

	err = atmos_nl_missing(info, ATMOS_A_IMAGE_NAME);
	if (err)
		return err;
	img = atmos_image_load(nla_data(info->attrs[ATMOS_A_IMAGE_NAME]), NULL);
	if (IS_ERR(img)) {
		err = PTR_ERR(img);
		/* Not a constant string, so not for NL_SET_ERR_MSG_ATTR(). */
		if (info->extack) {
			info->extack->_msg = load_error(err);
			NL_SET_BAD_ATTR(info->extack, info->attrs[ATMOS_A_IMAGE_NAME]);
		}
		return err;
	}
	err = atmos_nl_reply(info, atmos_nl_fill_image, img);
	atmos_image_put(img);
	return err;
}

int atmos_nl_image_unload_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *name;
	int err;

	err = atmos_nl_missing(info, ATMOS_A_IMAGE_NAME);
	if (err)
		return err;
	name = info->attrs[ATMOS_A_IMAGE_NAME];
	err = atmos_image_remove(nla_data(name));
	switch (err) {
	case -ENOENT:
		NL_SET_ERR_MSG_ATTR(info->extack, name, "no image of this name is loaded");
		break;
	case -EPERM:
		NL_SET_ERR_MSG_ATTR(info->extack, name, "a built-in image cannot be unloaded");
		/* Not for lack of a right. */
		err = -EOPNOTSUPP;
		break;
	case -EBUSY:
		NL_SET_ERR_MSG_ATTR(info->extack, name,
				    "sockets or domains run this image, or may go back to it");
		break;
	}
	return err;
}
