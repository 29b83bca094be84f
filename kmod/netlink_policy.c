// SPDX-License-Identifier: GPL-2.0-only
/* Generated from uapi/atmos.yaml by tools/check/uapi-check --write; do not edit. */
#include <net/genetlink.h>
#include <net/netlink.h>

#include "netlink_policy.h"

static struct netlink_range_validation limits_domains_max_range = {
	.min = 1,
	.max = 1048576ULL,
};

static struct netlink_range_validation limits_pages_max_range = {
	.min = 16,
	.max = 4294967296ULL,
};

static struct netlink_range_validation capture_bytes_max_range = {
	.min = 16384,
	.max = 1048576ULL,
};

static const struct nla_policy domain_get_policy[ATMOS_A_DOMAIN_ID + 1] = {
	[ATMOS_A_DOMAIN_ID] = NLA_POLICY_MIN(NLA_U64, 1),
};

static const struct nla_policy domain_kill_policy[ATMOS_A_DOMAIN_ID + 1] = {
	[ATMOS_A_DOMAIN_ID] = NLA_POLICY_MIN(NLA_U64, 1),
};

static const struct nla_policy domain_quarantine_policy[ATMOS_A_DOMAIN_QUARANTINED + 1] = {
	[ATMOS_A_DOMAIN_ID] = NLA_POLICY_MIN(NLA_U64, 1),
	[ATMOS_A_DOMAIN_QUARANTINED] = NLA_POLICY_MAX(NLA_U8, 1),
};

static const struct nla_policy stats_get_policy[ATMOS_A_STATS_DOMAIN + 1] = {
	[ATMOS_A_STATS_DOMAIN] = NLA_POLICY_MIN(NLA_U64, 1),
};

static const struct nla_policy fault_get_policy[ATMOS_A_FAULT_DOMAIN + 1] = {
	[ATMOS_A_FAULT_SEQ] = NLA_POLICY_MIN(NLA_U64, 1),
	[ATMOS_A_FAULT_DOMAIN] = NLA_POLICY_MIN(NLA_U64, 1),
};

static const struct nla_policy image_get_policy[ATMOS_A_IMAGE_NAME + 1] = {
	[ATMOS_A_IMAGE_NAME] = { .type = NLA_NUL_STRING, .len = ATMOS_NAME_MAX },
};

static const struct nla_policy image_load_policy[ATMOS_A_IMAGE_NAME + 1] = {
	[ATMOS_A_IMAGE_NAME] = { .type = NLA_NUL_STRING, .len = ATMOS_NAME_MAX },
};

static const struct nla_policy image_unload_policy[ATMOS_A_IMAGE_NAME + 1] = {
	[ATMOS_A_IMAGE_NAME] = { .type = NLA_NUL_STRING, .len = ATMOS_NAME_MAX },
};

static const struct nla_policy limits_set_policy[ATMOS_A_LIMITS_PAGES_MAX + 1] = {
	[ATMOS_A_LIMITS_DOMAINS_MAX] = NLA_POLICY_FULL_RANGE(NLA_U32, &limits_domains_max_range),
	[ATMOS_A_LIMITS_PAGES_MAX] = NLA_POLICY_FULL_RANGE(NLA_U64, &limits_pages_max_range),
};

static const struct nla_policy steer_get_policy[ATMOS_A_STEER_IFINDEX + 1] = {
	[ATMOS_A_STEER_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy steer_attach_policy[ATMOS_A_STEER_TX_FD + 1] = {
	[ATMOS_A_STEER_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[ATMOS_A_STEER_MODE] = NLA_POLICY_RANGE(NLA_U32, 1, 3),
	[ATMOS_A_STEER_PORTS_FD] = { .type = NLA_U32 },
	[ATMOS_A_STEER_ADDRS_FD] = { .type = NLA_U32 },
	[ATMOS_A_STEER_DEVICES_FD] = { .type = NLA_U32 },
	[ATMOS_A_STEER_FRAGS_FD] = { .type = NLA_U32 },
	[ATMOS_A_STEER_TX_FD] = { .type = NLA_U32 },
};

static const struct nla_policy steer_detach_policy[ATMOS_A_STEER_IFINDEX + 1] = {
	[ATMOS_A_STEER_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy domain_update_policy[ATMOS_A_UPDATE_INODE + 1] = {
	[ATMOS_A_UPDATE_IMAGE] = { .type = NLA_NUL_STRING, .len = ATMOS_NAME_MAX },
	[ATMOS_A_UPDATE_BUILD_ID] = NLA_POLICY_EXACT_LEN(20),
	[ATMOS_A_UPDATE_DEFAULT] = { .type = NLA_FLAG },
	[ATMOS_A_UPDATE_ALL] = { .type = NLA_FLAG },
	[ATMOS_A_UPDATE_SOCKET] = NLA_POLICY_MIN(NLA_U64, 1),
	[ATMOS_A_UPDATE_DOMAIN] = NLA_POLICY_MIN(NLA_U64, 1),
	[ATMOS_A_UPDATE_INODE] = NLA_POLICY_MIN(NLA_U64, 1),
};

static const struct nla_policy record_get_policy[ATMOS_A_RECORD_INODE + 1] = {
	[ATMOS_A_RECORD_SOCKET] = NLA_POLICY_MIN(NLA_U64, 1),
	[ATMOS_A_RECORD_DOMAIN] = NLA_POLICY_MIN(NLA_U64, 1),
	[ATMOS_A_RECORD_INODE] = NLA_POLICY_MIN(NLA_U64, 1),
};

static const struct nla_policy capture_start_policy[ATMOS_A_CAPTURE_ON_DEATH + 1] = {
	[ATMOS_A_CAPTURE_SOCKET] = NLA_POLICY_MIN(NLA_U64, 1),
	[ATMOS_A_CAPTURE_DOMAIN] = NLA_POLICY_MIN(NLA_U64, 1),
	[ATMOS_A_CAPTURE_INODE] = NLA_POLICY_MIN(NLA_U64, 1),
	[ATMOS_A_CAPTURE_BYTES_MAX] = NLA_POLICY_FULL_RANGE(NLA_U32, &capture_bytes_max_range),
	[ATMOS_A_CAPTURE_ON_DEATH] = { .type = NLA_FLAG },
};

static const struct nla_policy capture_stop_policy[ATMOS_A_CAPTURE_ID + 1] = {
	[ATMOS_A_CAPTURE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy capture_read_policy[ATMOS_A_CAPTURE_ID + 1] = {
	[ATMOS_A_CAPTURE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy capture_end_policy[ATMOS_A_CAPTURE_ID + 1] = {
	[ATMOS_A_CAPTURE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

const struct genl_ops atmos_nl_ops[ATMOS_NL_OPS] = {
	{
		.cmd = ATMOS_CMD_DOMAIN_GET,
		.doit = atmos_nl_domain_get_doit,
		.dumpit = atmos_nl_domain_get_dumpit,
		.policy = domain_get_policy,
		.maxattr = ATMOS_A_DOMAIN_ID,
	},
	{
		.cmd = ATMOS_CMD_DOMAIN_KILL,
		.doit = atmos_nl_domain_kill_doit,
		.policy = domain_kill_policy,
		.maxattr = ATMOS_A_DOMAIN_ID,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = ATMOS_CMD_DOMAIN_QUARANTINE,
		.doit = atmos_nl_domain_quarantine_doit,
		.policy = domain_quarantine_policy,
		.maxattr = ATMOS_A_DOMAIN_QUARANTINED,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = ATMOS_CMD_STATS_GET,
		.doit = atmos_nl_stats_get_doit,
		.dumpit = atmos_nl_stats_get_dumpit,
		.policy = stats_get_policy,
		.maxattr = ATMOS_A_STATS_DOMAIN,
	},
	{
		.cmd = ATMOS_CMD_FAULT_GET,
		.doit = atmos_nl_fault_get_doit,
		.dumpit = atmos_nl_fault_get_dumpit,
		.policy = fault_get_policy,
		.maxattr = ATMOS_A_FAULT_DOMAIN,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = ATMOS_CMD_IMAGE_GET,
		.doit = atmos_nl_image_get_doit,
		.dumpit = atmos_nl_image_get_dumpit,
		.policy = image_get_policy,
		.maxattr = ATMOS_A_IMAGE_NAME,
	},
	{
		.cmd = ATMOS_CMD_IMAGE_LOAD,
		.doit = atmos_nl_image_load_doit,
		.policy = image_load_policy,
		.maxattr = ATMOS_A_IMAGE_NAME,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = ATMOS_CMD_IMAGE_UNLOAD,
		.doit = atmos_nl_image_unload_doit,
		.policy = image_unload_policy,
		.maxattr = ATMOS_A_IMAGE_NAME,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = ATMOS_CMD_LIMITS_GET,
		.doit = atmos_nl_limits_get_doit,
	},
	{
		.cmd = ATMOS_CMD_LIMITS_SET,
		.doit = atmos_nl_limits_set_doit,
		.policy = limits_set_policy,
		.maxattr = ATMOS_A_LIMITS_PAGES_MAX,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = ATMOS_CMD_INFO_GET,
		.doit = atmos_nl_info_get_doit,
	},
	{
		.cmd = ATMOS_CMD_SOCKET_GET,
		.dumpit = atmos_nl_socket_get_dumpit,
	},
	{
		.cmd = ATMOS_CMD_STEER_GET,
		.doit = atmos_nl_steer_get_doit,
		.dumpit = atmos_nl_steer_get_dumpit,
		.policy = steer_get_policy,
		.maxattr = ATMOS_A_STEER_IFINDEX,
	},
	{
		.cmd = ATMOS_CMD_STEER_ATTACH,
		.doit = atmos_nl_steer_attach_doit,
		.policy = steer_attach_policy,
		.maxattr = ATMOS_A_STEER_TX_FD,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = ATMOS_CMD_STEER_DETACH,
		.doit = atmos_nl_steer_detach_doit,
		.policy = steer_detach_policy,
		.maxattr = ATMOS_A_STEER_IFINDEX,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = ATMOS_CMD_DOMAIN_UPDATE,
		.doit = atmos_nl_domain_update_doit,
		.policy = domain_update_policy,
		.maxattr = ATMOS_A_UPDATE_INODE,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = ATMOS_CMD_RECORD_GET,
		.doit = atmos_nl_record_get_doit,
		.dumpit = atmos_nl_record_get_dumpit,
		.policy = record_get_policy,
		.maxattr = ATMOS_A_RECORD_INODE,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = ATMOS_CMD_CAPTURE_START,
		.doit = atmos_nl_capture_start_doit,
		.policy = capture_start_policy,
		.maxattr = ATMOS_A_CAPTURE_ON_DEATH,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = ATMOS_CMD_CAPTURE_GET,
		.dumpit = atmos_nl_capture_get_dumpit,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = ATMOS_CMD_CAPTURE_STOP,
		.doit = atmos_nl_capture_stop_doit,
		.policy = capture_stop_policy,
		.maxattr = ATMOS_A_CAPTURE_ID,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = ATMOS_CMD_CAPTURE_READ,
		.dumpit = atmos_nl_capture_read_dumpit,
		.policy = capture_read_policy,
		.maxattr = ATMOS_A_CAPTURE_ID,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = ATMOS_CMD_CAPTURE_END,
		.doit = atmos_nl_capture_end_doit,
		.policy = capture_end_policy,
		.maxattr = ATMOS_A_CAPTURE_ID,
		.flags = GENL_ADMIN_PERM,
	},
};
