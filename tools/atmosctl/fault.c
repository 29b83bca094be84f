// SPDX-License-Identifier: GPL-2.0-only
/* atmosctl fault: list, show. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <netlink/attr.h>

#include "atmosctl.h"
#include "json.h"
#include "nl.h"
#include "show.h"

#define TEXT_MAX 256

static const char *const reg_names[] = {
	"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
	"r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15",
};

static void time_text(uint64_t ns, char *text, size_t size)
{
	time_t seconds = ns / 1000000000;
	struct tm tm;
	size_t len;

	localtime_r(&seconds, &tm);
	len = strftime(text, size, "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(text + len, size - len, ".%03u",
		 (unsigned int)(ns / 1000000 % 1000));
}

/* In a few words: what went wrong. */
static void what_text(const struct reply *reply, char *text, size_t size)
{
	const char *name = reply_string(reply, ATMOS_A_FAULT_VECTOR_NAME);
	unsigned long long address = reply_number(reply, ATMOS_A_FAULT_ADDRESS);

	if (reply_attr(reply, ATMOS_A_FAULT_WHY))
		snprintf(text, size, "%s",
			 reply_string(reply, ATMOS_A_FAULT_WHY));
	else if (!strcmp(name, "#PF"))
		snprintf(text, size, "%s 0x%llx", name, address);
	else
		snprintf(text, size, "%s", *name ? name : "-");
}

static void where_text(const struct reply *reply, char *text, size_t size)
{
	if (reply_attr(reply, ATMOS_A_FAULT_SYMBOL))
		show_text(reply, ATMOS_A_FAULT_SYMBOL, text, size);
	else
		show_text(reply, ATMOS_A_FAULT_RIP, text, size);
}

static void list_row(const struct reply *reply, void *arg)
{
	char when[64], where[TEXT_MAX], what[TEXT_MAX];
	bool *begun = arg;

	if (options.json) {
		show_json(NULL, reply);
		return;
	}
	if (!*begun)
		printf("%8s %-23s %8s %-9s %-20s %-24s %s\n", "SEQ", "TIME",
		       "DOMAIN", "CAUSE", "IMAGE", "WHERE", "WHAT");
	*begun = true;
	time_text(reply_number(reply, ATMOS_A_FAULT_TIME_NS), when,
		  sizeof(when));
	where_text(reply, where, sizeof(where));
	what_text(reply, what, sizeof(what));
	printf("%8llu %-23s %8llu %-9s %-20s %-24s %s\n",
	       (unsigned long long)reply_number(reply, ATMOS_A_FAULT_SEQ), when,
	       (unsigned long long)reply_number(reply, ATMOS_A_FAULT_DOMAIN),
	       reply_enum(reply, ATMOS_A_FAULT_CAUSE),
	       reply_string(reply, ATMOS_A_FAULT_IMAGE), where, what);
}

static void fault_list(const char *domain)
{
	unsigned long long id = domain ? parse_number(domain, "domain") : 0;
	struct nl_msg *msg;
	bool begun = false;

	ctl_open();
	msg = ctl_begin(ATMOS_CMD_FAULT_GET, true);
	if (domain)
		nla_put_u64(msg, ATMOS_A_FAULT_DOMAIN, id);
	if (options.json)
		json_begin(NULL, '[');
	ctl_send(msg, &spec_fault, list_row, &begun);
	if (options.json)
		json_end(']');
}

static void show_registers(const struct reply *reply)
{
	struct nlattr *attr;
	unsigned int i = 0;
	int left;

	nla_for_each_attr(attr, reply->attrs, reply->len, left)
	{
		if (nla_type(attr) != ATMOS_A_FAULT_REG ||
		    i >= ARRAY_SIZE(reg_names))
			continue;
		printf("%s%-3s %016llx%s", i % 4 ? "  " : "", reg_names[i],
		       (unsigned long long)attr_number(attr),
		       i % 4 == 3 ? "\n" : "");
		i++;
	}
	if (i % 4)
		putchar('\n');
}

/* As show_fields() does, but for what reads better otherwise. */
static void show_fault(const struct reply *reply, void *arg)
{
	char text[TEXT_MAX];

	(void)arg;
	if (options.json) {
		show_json(NULL, reply);
		return;
	}
	time_text(reply_number(reply, ATMOS_A_FAULT_TIME_NS), text,
		  sizeof(text));
	printf("fault %llu, %s: domain %llu (%s) died of %s\n",
	       (unsigned long long)reply_number(reply, ATMOS_A_FAULT_SEQ), text,
	       (unsigned long long)reply_number(reply, ATMOS_A_FAULT_DOMAIN),
	       reply_string(reply, ATMOS_A_FAULT_IMAGE),
	       reply_enum(reply, ATMOS_A_FAULT_CAUSE));
	show_fields(reply, ATMOS_A_FAULT_REG);
	show_registers(reply);
}

int do_fault(int argc, char **argv)
{
	const char *command = argc ? argv[0] : "list";
	unsigned long long seq;
	struct nl_msg *msg;

	if (!strcmp(command, "list") && argc <= 2) {
		fault_list(argc == 2 ? argv[1] : NULL);
	} else if (!strcmp(command, "show") && argc == 2) {
		seq = parse_number(argv[1], "fault");
		ctl_open();
		msg = ctl_begin(ATMOS_CMD_FAULT_GET, false);
		nla_put_u64(msg, ATMOS_A_FAULT_SEQ, seq);
		ctl_send(msg, &spec_fault, show_fault, NULL);
	} else {
		usage("fault { list [DOMAIN] | show SEQ }");
	}
	return STATUS_OK;
}
