/* SPDX-License-Identifier: GPL-2.0-only */
/* Generated from uapi/atmos.yaml by tools/check/uapi-check --write; do not edit. */
#ifndef _ATMOS_NETLINK_POLICY_H
#define _ATMOS_NETLINK_POLICY_H

#include <net/genetlink.h>

#include "../uapi/linux/atmos.h"

#define ATMOS_NL_OPS 22

extern const struct genl_ops atmos_nl_ops[ATMOS_NL_OPS];

int atmos_nl_domain_get_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_domain_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int atmos_nl_domain_kill_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_domain_quarantine_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_stats_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int atmos_nl_fault_get_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_fault_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int atmos_nl_image_get_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_image_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int atmos_nl_image_load_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_image_unload_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_limits_get_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_limits_set_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_info_get_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_socket_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int atmos_nl_steer_get_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_steer_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int atmos_nl_steer_attach_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_steer_detach_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_domain_update_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_record_get_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_record_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int atmos_nl_capture_start_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_capture_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int atmos_nl_capture_stop_doit(struct sk_buff *skb, struct genl_info *info);
int atmos_nl_capture_read_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int atmos_nl_capture_end_doit(struct sk_buff *skb, struct genl_info *info);

#endif /* _ATMOS_NETLINK_POLICY_H */
