/* SPDX-License-Identifier: GPL-2.0-only */
/* What domain.c and entry.c share. */
#ifndef _ATMOS_DOMAIN_H
#define _ATMOS_DOMAIN_H

#include "atmos.h"

void domain_restart(struct atmos_domain *dom);

#endif /* _ATMOS_DOMAIN_H */
