/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of the control plane: what the netlink_*.c files share.
 */
#ifndef _ATMOS_NETLINK_H
#define _ATMOS_NETLINK_H

#include <net/genetlink.h>

#include "atmos.h"
#include "netlink_policy.h"

/*
 * Each object has one function that writes its attributes. They return 0 or
 * -EMSGSIZE, and may be called from any context.
 */
typedef int (*atmos_nl_fill_fn)(struct sk_buff *skb, const void *object);

int atmos_nl_reply(struct genl_info *info, atmos_nl_fill_fn fill, const void *object);
int atmos_nl_dump(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		  atmos_nl_fill_fn fill, const void *object);
void atmos_nl_notify(u8 cmd, atmos_nl_fill_fn fill, const void *object);
int atmos_nl_may(const struct sk_buff *skb, struct netlink_ext_ack *extack);
int atmos_nl_missing(struct genl_info *info, int attr);
int atmos_nl_no_attr(struct netlink_callback *cb, int attr);

struct atmos_sock;
union atmos_addr;

#define ATMOS_NL_ENDPOINT	64

void atmos_nl_endpoint(char *text, u8 family, const union atmos_addr *addr, u16 port);

/* One socket of any namespace, by the first that is not 0; with a reference, or NULL. */
struct atmos_sock *atmos_nl_socket(u64 cookie, u64 domain, u64 inode);

int atmos_nl_fill_domain(struct sk_buff *skb, const void *domain);
int atmos_nl_fill_image(struct sk_buff *skb, const void *image);
int atmos_nl_fill_death(struct sk_buff *skb, const void *fault);

#endif /* _ATMOS_NETLINK_H */
