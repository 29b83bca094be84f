/* SPDX-License-Identifier: GPL-2.0-only */
/* What the conn*.c files share. */
#ifndef _ATMOS_CONN_H
#define _ATMOS_CONN_H

#include "sock.h"

extern const struct atmos_domain_ops conn_ops;

void conn_sleep(struct atmos_sock *as);
void conn_record_free(struct atmos_sock *as);

/* conn_update.c */
int conn_image_init(void);
void conn_image_exit(void);
void conn_image_take(struct atmos_sock *as);
void conn_image_drop(struct atmos_sock *as);
void conn_update_died(struct atmos_sock *as);
void conn_update_lived(struct atmos_sock *as);
unsigned long conn_update_end(const struct atmos_sock *as);
void conn_update_forget(struct atmos_sock *as);

void conn_config_init(void);
void conn_config(struct atmos_sock *as);
u32 conn_events(struct atmos_sock *as);

#endif /* _ATMOS_CONN_H */
