/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's interface of search trees over one that is never balanced. */
#ifndef _SHIM_RBTREE_H
#define _SHIM_RBTREE_H

#include <stddef.h>

struct rb_node {
	struct rb_node *rb_parent;
	struct rb_node *rb_left;
	struct rb_node *rb_right;
};

struct rb_root {
	struct rb_node *rb_node;
};

#define RB_ROOT		((struct rb_root){ NULL })

#define rb_entry(ptr, type, member)					\
	((type *)((char *)(ptr) - offsetof(type, member)))

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	*node = (struct rb_node){ .rb_parent = parent };
	*link = node;
}

static inline void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	(void)node;
	(void)root;
}

/* @to, or nothing, takes the place of @node. */
static inline void rb_put(struct rb_root *root, struct rb_node *node, struct rb_node *to)
{
	struct rb_node *parent = node->rb_parent;

	if (!parent)
		root->rb_node = to;
	else if (parent->rb_left == node)
		parent->rb_left = to;
	else
		parent->rb_right = to;
	if (to)
		to->rb_parent = parent;
}

static inline void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *next;

	if (!node->rb_left || !node->rb_right) {
		rb_put(root, node, node->rb_left ? node->rb_left : node->rb_right);
		return;
	}
	for (next = node->rb_right; next->rb_left; next = next->rb_left)
		;
	rb_put(root, next, next->rb_right);
	rb_put(root, node, next);
	next->rb_left = node->rb_left;
	next->rb_right = node->rb_right;
	if (next->rb_left)
		next->rb_left->rb_parent = next;
	if (next->rb_right)
		next->rb_right->rb_parent = next;
}

static inline struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->rb_node;

	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

#endif /* _SHIM_RBTREE_H */
