/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of differs.def, as a table that ends with a NULL. */
#ifndef _DIFFERS_H
#define _DIFFERS_H

struct difference {
	const char *name;
	const char *reason;
};

static const struct difference differs[] = {
#define DIFFERS(name, reason) { name, reason },
#include "differs.def"
#undef DIFFERS
	{},
};

#endif /* _DIFFERS_H */
