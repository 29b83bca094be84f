// SPDX-License-Identifier: GPL-2.0-only
/* Generated from uapi/atmos.yaml by tools/check/uapi-check --write; do not edit. */
#include <stddef.h>

#include "spec.h"

/* clang-format off */
static const char *const enum_domain_status[] = {
	NULL,
	"ready",
	"given-up",
	"quarantined",
	"ending",
	NULL
};

static const char *const enum_privilege_level[] = {
	NULL,
	"user",
	"kernel",
	NULL
};

static const char *const enum_death_cause[] = {
	NULL,
	"exception",
	"budget",
	"contract",
	"killed",
	"segment",
	NULL
};

static const char *const enum_image_class[] = {
	NULL,
	"echo",
	"stack",
	"driver",
	NULL
};

static const char *const enum_socket_protocol[] = {
	NULL,
	"tcp",
	"udp",
	NULL
};

static const char *const enum_socket_status[] = {
	NULL,
	"established",
	"syn-sent",
	"syn-recv",
	"fin-wait-1",
	"fin-wait-2",
	"time-wait",
	"close",
	"close-wait",
	"last-ack",
	"listen",
	"closing",
	NULL
};

static const char *const enum_steer_mode[] = {
	NULL,
	"native",
	"generic",
	"tc",
	NULL
};

static const struct spec_attr attrs_domain[] = {
	[ATMOS_A_DOMAIN_ID] = { .name = "id", .type = SPEC_U64 },
	[ATMOS_A_DOMAIN_STATUS] = { .name = "status", .type = SPEC_U32, .names = enum_domain_status, .nr_names = sizeof(enum_domain_status) / sizeof(enum_domain_status[0]) - 1 },
	[ATMOS_A_DOMAIN_PRIVILEGE] = { .name = "privilege", .type = SPEC_U32, .names = enum_privilege_level, .nr_names = sizeof(enum_privilege_level) / sizeof(enum_privilege_level[0]) - 1 },
	[ATMOS_A_DOMAIN_IMAGE] = { .name = "image", .type = SPEC_STRING },
	[ATMOS_A_DOMAIN_BUILD_ID] = { .name = "build-id", .type = SPEC_BYTES, .hex = true },
	[ATMOS_A_DOMAIN_PAGES] = { .name = "pages", .type = SPEC_U32 },
	[ATMOS_A_DOMAIN_RECORD_LEN] = { .name = "record-len", .type = SPEC_U32 },
	[ATMOS_A_DOMAIN_LAST_CPU] = { .name = "last-cpu", .type = SPEC_U32 },
	[ATMOS_A_DOMAIN_LAST_FAULT] = { .name = "last-fault", .type = SPEC_U64 },
	[ATMOS_A_DOMAIN_RESTARTS] = { .name = "restarts", .type = SPEC_U64 },
	[ATMOS_A_DOMAIN_QUARANTINED] = { .name = "quarantined", .type = SPEC_U8 },
};

static const struct spec_attr attrs_stats[] = {
	[ATMOS_A_STATS_DOMAIN] = { .name = "domain", .type = SPEC_U64 },
	[ATMOS_A_STATS_CROSSINGS] = { .name = "crossings", .type = SPEC_U64 },
	[ATMOS_A_STATS_ENTRIES] = { .name = "entries", .type = SPEC_U64 },
	[ATMOS_A_STATS_RESTARTS] = { .name = "restarts", .type = SPEC_U64 },
	[ATMOS_A_STATS_CYCLES] = { .name = "cycles", .type = SPEC_U64 },
	[ATMOS_A_STATS_DEATHS_RECENT] = { .name = "deaths-recent", .type = SPEC_U32 },
};

static const struct spec_attr attrs_fault[] = {
	[ATMOS_A_FAULT_SEQ] = { .name = "seq", .type = SPEC_U64 },
	[ATMOS_A_FAULT_TIME_NS] = { .name = "time-ns", .type = SPEC_U64 },
	[ATMOS_A_FAULT_DOMAIN] = { .name = "domain", .type = SPEC_U64 },
	[ATMOS_A_FAULT_CAUSE] = { .name = "cause", .type = SPEC_U32, .names = enum_death_cause, .nr_names = sizeof(enum_death_cause) / sizeof(enum_death_cause[0]) - 1 },
	[ATMOS_A_FAULT_VECTOR] = { .name = "vector", .type = SPEC_U32 },
	[ATMOS_A_FAULT_VECTOR_NAME] = { .name = "vector-name", .type = SPEC_STRING },
	[ATMOS_A_FAULT_ERROR_CODE] = { .name = "error-code", .type = SPEC_U64 },
	[ATMOS_A_FAULT_ADDRESS] = { .name = "address", .type = SPEC_U64, .hex = true },
	[ATMOS_A_FAULT_RIP] = { .name = "rip", .type = SPEC_U64, .hex = true },
	[ATMOS_A_FAULT_RIP_IN_WINDOW] = { .name = "rip-in-window", .type = SPEC_FLAG },
	[ATMOS_A_FAULT_SYMBOL] = { .name = "symbol", .type = SPEC_STRING },
	[ATMOS_A_FAULT_RFLAGS] = { .name = "rflags", .type = SPEC_U64, .hex = true },
	[ATMOS_A_FAULT_REG] = { .name = "reg", .type = SPEC_U64, .multi = true, .hex = true },
	[ATMOS_A_FAULT_NR_EVENTS] = { .name = "nr-events", .type = SPEC_U32 },
	[ATMOS_A_FAULT_EVENT] = { .name = "event", .type = SPEC_U32, .multi = true },
	[ATMOS_A_FAULT_WHY] = { .name = "why", .type = SPEC_STRING },
	[ATMOS_A_FAULT_IMAGE] = { .name = "image", .type = SPEC_STRING },
	[ATMOS_A_FAULT_BUILD_ID] = { .name = "build-id", .type = SPEC_BYTES, .hex = true },
};

static const struct spec_attr attrs_image[] = {
	[ATMOS_A_IMAGE_NAME] = { .name = "name", .type = SPEC_STRING },
	[ATMOS_A_IMAGE_CLASS] = { .name = "class", .type = SPEC_U32, .names = enum_image_class, .nr_names = sizeof(enum_image_class) / sizeof(enum_image_class[0]) - 1 },
	[ATMOS_A_IMAGE_BUILD_ID] = { .name = "build-id", .type = SPEC_BYTES, .hex = true },
	[ATMOS_A_IMAGE_ABI] = { .name = "abi", .type = SPEC_U32 },
	[ATMOS_A_IMAGE_RECORD_SIZE] = { .name = "record-size", .type = SPEC_U32 },
	[ATMOS_A_IMAGE_RECORD_VERSION] = { .name = "record-version", .type = SPEC_U32 },
	[ATMOS_A_IMAGE_PAGES] = { .name = "pages", .type = SPEC_U32 },
	[ATMOS_A_IMAGE_PRIVATE_PAGES] = { .name = "private-pages", .type = SPEC_U32 },
	[ATMOS_A_IMAGE_STACK_PAGES] = { .name = "stack-pages", .type = SPEC_U32 },
	[ATMOS_A_IMAGE_DOMAINS] = { .name = "domains", .type = SPEC_U32 },
	[ATMOS_A_IMAGE_BUILTIN] = { .name = "builtin", .type = SPEC_FLAG },
	[ATMOS_A_IMAGE_SIGNED] = { .name = "signed", .type = SPEC_FLAG },
};

static const struct spec_attr attrs_limits[] = {
	[ATMOS_A_LIMITS_DOMAINS] = { .name = "domains", .type = SPEC_U32 },
	[ATMOS_A_LIMITS_DOMAINS_MAX] = { .name = "domains-max", .type = SPEC_U32 },
	[ATMOS_A_LIMITS_PAGES] = { .name = "pages", .type = SPEC_U64 },
	[ATMOS_A_LIMITS_PAGES_MAX] = { .name = "pages-max", .type = SPEC_U64 },
};

static const struct spec_attr attrs_info[] = {
	[ATMOS_A_INFO_VERSION] = { .name = "version", .type = SPEC_STRING },
	[ATMOS_A_INFO_ABI] = { .name = "abi", .type = SPEC_U32 },
	[ATMOS_A_INFO_KERNEL] = { .name = "kernel", .type = SPEC_STRING },
	[ATMOS_A_INFO_PRIVILEGE] = { .name = "privilege", .type = SPEC_U32, .names = enum_privilege_level, .nr_names = sizeof(enum_privilege_level) / sizeof(enum_privilege_level[0]) - 1 },
	[ATMOS_A_INFO_MITIGATIONS] = { .name = "mitigations", .type = SPEC_STRING },
	[ATMOS_A_INFO_CPUS] = { .name = "cpus", .type = SPEC_U32 },
	[ATMOS_A_INFO_SLOTS] = { .name = "slots", .type = SPEC_U32 },
	[ATMOS_A_INFO_PCID] = { .name = "pcid", .type = SPEC_FLAG },
	[ATMOS_A_INFO_LA57] = { .name = "la57", .type = SPEC_FLAG },
	[ATMOS_A_INFO_PTI] = { .name = "pti", .type = SPEC_FLAG },
	[ATMOS_A_INFO_BUDGET_US] = { .name = "budget-us", .type = SPEC_U32 },
	[ATMOS_A_INFO_TEST_INTERFACE] = { .name = "test-interface", .type = SPEC_FLAG },
	[ATMOS_A_INFO_UNSIGNED_IMAGES] = { .name = "unsigned-images", .type = SPEC_FLAG },
	[ATMOS_A_INFO_CROSSINGS] = { .name = "crossings", .type = SPEC_U64 },
	[ATMOS_A_INFO_INTERRUPTS] = { .name = "interrupts", .type = SPEC_U64 },
	[ATMOS_A_INFO_NMIS] = { .name = "nmis", .type = SPEC_U64 },
	[ATMOS_A_INFO_NMIS_IN_GATE] = { .name = "nmis-in-gate", .type = SPEC_U64 },
	[ATMOS_A_INFO_PGE_REPAIRS] = { .name = "pge-repairs", .type = SPEC_U64 },
	[ATMOS_A_INFO_REBINDS] = { .name = "rebinds", .type = SPEC_U64 },
	[ATMOS_A_INFO_FLUSHES] = { .name = "flushes", .type = SPEC_U64 },
	[ATMOS_A_INFO_OBJECTS] = { .name = "objects", .type = SPEC_U64 },
	[ATMOS_A_INFO_FAULTS] = { .name = "faults", .type = SPEC_U64 },
};

static const struct spec_attr attrs_socket[] = {
	[ATMOS_A_SOCKET_COOKIE] = { .name = "cookie", .type = SPEC_U64 },
	[ATMOS_A_SOCKET_PROTOCOL] = { .name = "protocol", .type = SPEC_U32, .names = enum_socket_protocol, .nr_names = sizeof(enum_socket_protocol) / sizeof(enum_socket_protocol[0]) - 1 },
	[ATMOS_A_SOCKET_STATUS] = { .name = "status", .type = SPEC_U32, .names = enum_socket_status, .nr_names = sizeof(enum_socket_status) / sizeof(enum_socket_status[0]) - 1 },
	[ATMOS_A_SOCKET_LOCAL] = { .name = "local", .type = SPEC_STRING },
	[ATMOS_A_SOCKET_REMOTE] = { .name = "remote", .type = SPEC_STRING },
	[ATMOS_A_SOCKET_DOMAIN] = { .name = "domain", .type = SPEC_U64 },
	[ATMOS_A_SOCKET_RECV_QUEUE] = { .name = "recv-queue", .type = SPEC_U32 },
	[ATMOS_A_SOCKET_SEND_QUEUE] = { .name = "send-queue", .type = SPEC_U32 },
	[ATMOS_A_SOCKET_UID] = { .name = "uid", .type = SPEC_U32 },
	[ATMOS_A_SOCKET_INODE] = { .name = "inode", .type = SPEC_U64 },
};

static const struct spec_attr attrs_steer[] = {
	[ATMOS_A_STEER_IFINDEX] = { .name = "ifindex", .type = SPEC_U32 },
	[ATMOS_A_STEER_MODE] = { .name = "mode", .type = SPEC_U32, .names = enum_steer_mode, .nr_names = sizeof(enum_steer_mode) / sizeof(enum_steer_mode[0]) - 1 },
	[ATMOS_A_STEER_DEVICE] = { .name = "device", .type = SPEC_U32 },
	[ATMOS_A_STEER_PORTS_FD] = { .name = "ports-fd", .type = SPEC_U32 },
	[ATMOS_A_STEER_ADDRS_FD] = { .name = "addrs-fd", .type = SPEC_U32 },
	[ATMOS_A_STEER_DEVICES_FD] = { .name = "devices-fd", .type = SPEC_U32 },
	[ATMOS_A_STEER_FRAGS_FD] = { .name = "frags-fd", .type = SPEC_U32 },
	[ATMOS_A_STEER_TX_FD] = { .name = "tx-fd", .type = SPEC_U32 },
	[ATMOS_A_STEER_PORTS_ID] = { .name = "ports-id", .type = SPEC_U32 },
	[ATMOS_A_STEER_ADDRS_ID] = { .name = "addrs-id", .type = SPEC_U32 },
	[ATMOS_A_STEER_DEVICES_ID] = { .name = "devices-id", .type = SPEC_U32 },
	[ATMOS_A_STEER_FRAGS_ID] = { .name = "frags-id", .type = SPEC_U32 },
	[ATMOS_A_STEER_TX_ID] = { .name = "tx-id", .type = SPEC_U32 },
	[ATMOS_A_STEER_ATTACHED] = { .name = "attached", .type = SPEC_U32 },
	[ATMOS_A_STEER_PORTS] = { .name = "ports", .type = SPEC_U32 },
	[ATMOS_A_STEER_FRAMES] = { .name = "frames", .type = SPEC_U64 },
	[ATMOS_A_STEER_BYTES] = { .name = "bytes", .type = SPEC_U64 },
	[ATMOS_A_STEER_NATIVE] = { .name = "native", .type = SPEC_U64 },
	[ATMOS_A_STEER_DROPPED] = { .name = "dropped", .type = SPEC_U64 },
	[ATMOS_A_STEER_CHECKSUM_ERRORS] = { .name = "checksum-errors", .type = SPEC_U64 },
};

static const struct spec_attr attrs_update[] = {
	[ATMOS_A_UPDATE_IMAGE] = { .name = "image", .type = SPEC_STRING },
	[ATMOS_A_UPDATE_BUILD_ID] = { .name = "build-id", .type = SPEC_BYTES, .hex = true },
	[ATMOS_A_UPDATE_DEFAULT] = { .name = "default", .type = SPEC_FLAG },
	[ATMOS_A_UPDATE_ALL] = { .name = "all", .type = SPEC_FLAG },
	[ATMOS_A_UPDATE_SOCKET] = { .name = "socket", .type = SPEC_U64 },
	[ATMOS_A_UPDATE_DOMAIN] = { .name = "domain", .type = SPEC_U64 },
	[ATMOS_A_UPDATE_INODE] = { .name = "inode", .type = SPEC_U64 },
	[ATMOS_A_UPDATE_UPDATED] = { .name = "updated", .type = SPEC_U32 },
	[ATMOS_A_UPDATE_UNCHANGED] = { .name = "unchanged", .type = SPEC_U32 },
	[ATMOS_A_UPDATE_REFUSED] = { .name = "refused", .type = SPEC_U32 },
	[ATMOS_A_UPDATE_ROLLED_BACK] = { .name = "rolled-back", .type = SPEC_U32 },
	[ATMOS_A_UPDATE_FAILED] = { .name = "failed", .type = SPEC_U32 },
};

static const struct spec_attr attrs_record[] = {
	[ATMOS_A_RECORD_SOCKET] = { .name = "socket", .type = SPEC_U64 },
	[ATMOS_A_RECORD_DOMAIN] = { .name = "domain", .type = SPEC_U64 },
	[ATMOS_A_RECORD_INODE] = { .name = "inode", .type = SPEC_U64 },
	[ATMOS_A_RECORD_LOCAL] = { .name = "local", .type = SPEC_STRING },
	[ATMOS_A_RECORD_REMOTE] = { .name = "remote", .type = SPEC_STRING },
	[ATMOS_A_RECORD_IMAGE] = { .name = "image", .type = SPEC_STRING },
	[ATMOS_A_RECORD_VERSION] = { .name = "version", .type = SPEC_U32 },
	[ATMOS_A_RECORD_DATA] = { .name = "data", .type = SPEC_BYTES, .hex = true },
};

static const struct spec_attr attrs_capture[] = {
	[ATMOS_A_CAPTURE_SOCKET] = { .name = "socket", .type = SPEC_U64 },
	[ATMOS_A_CAPTURE_DOMAIN] = { .name = "domain", .type = SPEC_U64 },
	[ATMOS_A_CAPTURE_INODE] = { .name = "inode", .type = SPEC_U64 },
	[ATMOS_A_CAPTURE_ID] = { .name = "id", .type = SPEC_U32 },
	[ATMOS_A_CAPTURE_BYTES_MAX] = { .name = "bytes-max", .type = SPEC_U32 },
	[ATMOS_A_CAPTURE_ON_DEATH] = { .name = "on-death", .type = SPEC_FLAG },
	[ATMOS_A_CAPTURE_STOPPED] = { .name = "stopped", .type = SPEC_FLAG },
	[ATMOS_A_CAPTURE_ENTRIES] = { .name = "entries", .type = SPEC_U32 },
	[ATMOS_A_CAPTURE_BYTES] = { .name = "bytes", .type = SPEC_U32 },
	[ATMOS_A_CAPTURE_LOST] = { .name = "lost", .type = SPEC_U64 },
	[ATMOS_A_CAPTURE_DATA] = { .name = "data", .type = SPEC_BYTES },
};

const struct spec_set spec_domain = {
	.attrs = attrs_domain,
	.max = ATMOS_A_DOMAIN_MAX,
};

const struct spec_set spec_stats = {
	.attrs = attrs_stats,
	.max = ATMOS_A_STATS_MAX,
};

const struct spec_set spec_fault = {
	.attrs = attrs_fault,
	.max = ATMOS_A_FAULT_MAX,
};

const struct spec_set spec_image = {
	.attrs = attrs_image,
	.max = ATMOS_A_IMAGE_MAX,
};

const struct spec_set spec_limits = {
	.attrs = attrs_limits,
	.max = ATMOS_A_LIMITS_MAX,
};

const struct spec_set spec_info = {
	.attrs = attrs_info,
	.max = ATMOS_A_INFO_MAX,
};

const struct spec_set spec_socket = {
	.attrs = attrs_socket,
	.max = ATMOS_A_SOCKET_MAX,
};

const struct spec_set spec_steer = {
	.attrs = attrs_steer,
	.max = ATMOS_A_STEER_MAX,
};

const struct spec_set spec_update = {
	.attrs = attrs_update,
	.max = ATMOS_A_UPDATE_MAX,
};

const struct spec_set spec_record = {
	.attrs = attrs_record,
	.max = ATMOS_A_RECORD_MAX,
};

const struct spec_set spec_capture = {
	.attrs = attrs_capture,
	.max = ATMOS_A_CAPTURE_MAX,
};

const struct spec_notice spec_notices[ATMOS_CMD_MAX + 1] = {
	[ATMOS_CMD_DOMAIN_CREATED_NTF] = { "domain-created", &spec_domain },
	[ATMOS_CMD_DOMAIN_DIED_NTF] = { "domain-died", &spec_fault },
	[ATMOS_CMD_DOMAIN_RESTARTED_NTF] = { "domain-restarted", &spec_domain },
	[ATMOS_CMD_DOMAIN_GIVEN_UP_NTF] = { "domain-given-up", &spec_domain },
	[ATMOS_CMD_DOMAIN_QUARANTINED_NTF] = { "domain-quarantined", &spec_domain },
	[ATMOS_CMD_DOMAIN_DESTROYED_NTF] = { "domain-destroyed", &spec_domain },
	[ATMOS_CMD_IMAGE_LOADED_NTF] = { "image-loaded", &spec_image },
	[ATMOS_CMD_IMAGE_UNLOADED_NTF] = { "image-unloaded", &spec_image },
	[ATMOS_CMD_DOMAIN_UPDATED_NTF] = { "domain-updated", &spec_domain },
	[ATMOS_CMD_DOMAIN_ROLLED_BACK_NTF] = { "domain-rolled-back", &spec_domain },
};
