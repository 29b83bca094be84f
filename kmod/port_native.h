/* SPDX-License-Identifier: GPL-2.0-only */
/* Native sockets that only hold a port (port_native.c), for port.c. */
#ifndef _ATMOS_PORT_NATIVE_H
#define _ATMOS_PORT_NATIVE_H

#include "addr.h"

struct net;
struct socket;

int atmos_native_bind(struct net *net, u8 proto, const struct atmos_binding *where, u16 *num,
		      bool share, struct socket **res);
void atmos_native_share(struct socket *sock);
void atmos_native_release(struct socket *sock);
int atmos_native_init(void);
void atmos_native_exit(void);

#endif /* _ATMOS_PORT_NATIVE_H */
