/* SPDX-License-Identifier: GPL-2.0-only */
/* What domain.c shares with entry.c and spare.c. */
#ifndef _ATMOS_DOMAIN_H
#define _ATMOS_DOMAIN_H

#include "atmos.h"

/* domain.c */
void domain_restart(struct atmos_domain *dom);
void domain_free(struct atmos_domain *dom);

/* spare.c */
bool spare_put(struct atmos_domain *dom);
struct atmos_domain *spare_get(struct atmos_image *img, enum atmos_privilege priv);
void spare_init(struct atmos_spares *s);
void spare_drop(struct atmos_spares *s, u32 count);
void spare_exit(void);

#endif /* _ATMOS_DOMAIN_H */
