// SPDX-License-Identifier: GPL-2.0-only
/*
 * atmosctl stats: sums of what the other objects list, for people, as JSON or
 * in the text format of Prometheus (version 0.0.4).
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "atmosctl.h"
#include "json.h"
#include "nl.h"

#define STATS_USAGE "stats [-o prometheus]"

#define NAMES_MAX 16 /* more than any enumeration counted here has values */

/* Numbers of one reply, or counts of many by the name of a value. */
enum kind { COUNTER, GAUGE };

struct by_name {
	const char *name[NAMES_MAX];
	unsigned long long count[NAMES_MAX];
	unsigned int nr;
};

struct sockets {
	struct by_name tcp;
	struct by_name udp;
	unsigned long long recv_queue;
	unsigned long long send_queue;
	unsigned long long asleep;
};

static bool prometheus;

/* ---- output ---- */

static void begin(const char *section)
{
	if (options.json)
		json_begin(section, '{');
}

static void end(void)
{
	if (options.json)
		json_end('}');
}

/* "domains-max" is atmos_limits_domains_max to Prometheus. */
static void metric_name(const char *section, const char *name, enum kind kind,
			char *text, size_t size)
{
	char *c;

	snprintf(text, size, "atmos_%s_%s%s", section, name,
		 kind == COUNTER ? "_total" : "");
	for (c = text; *c; c++)
		if (!isalnum((unsigned char)*c))
			*c = '_';
}

static void number(const char *section, const char *name, enum kind kind,
		   unsigned long long value)
{
	char metric[96];

	if (options.json) {
		json_number(name, value);
	} else if (prometheus) {
		metric_name(section, name, kind, metric, sizeof(metric));
		printf("# TYPE %s %s\n%s %llu\n", metric,
		       kind == COUNTER ? "counter" : "gauge", metric, value);
	} else {
		printf("%-9s %-16s %llu\n", section, name, value);
	}
}

static void counts(const char *section, const char *label,
		   const struct by_name *by)
{
	unsigned int i;

	if (prometheus && by->nr)
		printf("# TYPE atmos_%s gauge\n", section);
	for (i = 0; i < by->nr; i++) {
		if (prometheus)
			printf("atmos_%s{%s=\"%s\"} %llu\n", section, label,
			       by->name[i], by->count[i]);
		else
			number(section, by->name[i], GAUGE, by->count[i]);
	}
}

static void count(struct by_name *by, const char *name)
{
	unsigned int i;

	for (i = 0; i < by->nr && strcmp(by->name[i], name); i++)
		;
	if (i == NAMES_MAX)
		return;
	if (i == by->nr)
		by->name[by->nr++] = name;
	by->count[i]++;
}

/* ---- what is counted ---- */

static void each_number(const struct reply *reply, void *arg)
{
	const char *section = arg;
	unsigned int i;

	for (i = 1; i <= reply->set->max; i++) {
		const struct spec_attr *spec = &reply->set->attrs[i];
		enum kind kind = COUNTER;

		if (!reply_attr(reply, i) || spec->type == SPEC_NONE)
			continue;
		/* Of the information only the counters; of limits all. */
		if (reply->set == &spec_info && spec->type != SPEC_U64)
			continue;
		if (reply->set == &spec_limits || i == ATMOS_A_INFO_OBJECTS)
			kind = GAUGE;
		number(section, spec->name, kind, reply_number(reply, i));
	}
}

static void each_domain(const struct reply *reply, void *arg)
{
	count(arg, reply_enum(reply, ATMOS_A_DOMAIN_STATUS));
}

static void each_socket(const struct reply *reply, void *arg)
{
	bool udp = !strcmp(reply_enum(reply, ATMOS_A_SOCKET_PROTOCOL), "udp");
	struct sockets *s = arg;

	count(udp ? &s->udp : &s->tcp,
	      reply_enum(reply, ATMOS_A_SOCKET_STATUS));
	s->recv_queue += reply_number(reply, ATMOS_A_SOCKET_RECV_QUEUE);
	s->send_queue += reply_number(reply, ATMOS_A_SOCKET_SEND_QUEUE);
	s->asleep += !reply_number(reply, ATMOS_A_SOCKET_DOMAIN);
}

static void stats_domains(void)
{
	struct by_name by = {};

	ctl_send(ctl_begin(ATMOS_CMD_DOMAIN_GET, true), &spec_domain,
		 each_domain, &by);
	begin("domains");
	counts("domains", "status", &by);
	end();
}

static void stats_sockets(void)
{
	struct sockets s = {};

	ctl_send(ctl_begin(ATMOS_CMD_SOCKET_GET, true), &spec_socket,
		 each_socket, &s);
	begin("tcp");
	counts("tcp", "status", &s.tcp);
	end();
	begin("udp");
	counts("udp", "status", &s.udp);
	end();
	begin("sockets");
	number("sockets", "recv-queue", GAUGE, s.recv_queue);
	number("sockets", "send-queue", GAUGE, s.send_queue);
	number("sockets", "hibernated", GAUGE, s.asleep);
	end();
}

static void stats_section(const char *section, int cmd,
			  const struct spec_set *set)
{
	begin(section);
	ctl_send(ctl_begin(cmd, false), set, each_number, (void *)section);
	end();
}

int do_stats(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[0], "-o") &&
	    !strcmp(argv[1], "prometheus") && !options.json)
		prometheus = true;
	else if (argc)
		usage(STATS_USAGE);
	ctl_open();
	begin(NULL);
	stats_section("counters", ATMOS_CMD_INFO_GET, &spec_info);
	stats_section("limits", ATMOS_CMD_LIMITS_GET, &spec_limits);
	stats_domains();
	stats_sockets();
	end();
	return STATUS_OK;
}
