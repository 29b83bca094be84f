// SPDX-License-Identifier: GPL-2.0-only
/*
 * atmosctl record: the state of sockets' stacks, as last committed: list, show
 * (field by field), export (as it is).
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <netlink/attr.h>

#include "../../domains/abi/record_listen.h"
#include "../../domains/abi/record_tcp.h"
#include "atmosctl.h"
#include "json.h"
#include "nl.h"
#include "show.h"

static const struct column record_columns[] = {
	{ "DOMAIN", ATMOS_A_RECORD_DOMAIN, 8 },
	{ "INODE", ATMOS_A_RECORD_INODE, 8 },
	{ "VERSION", ATMOS_A_RECORD_VERSION, 7 },
	{ "IMAGE", ATMOS_A_RECORD_IMAGE, -16 },
	{ "LOCAL", ATMOS_A_RECORD_LOCAL, -24 },
	{ "REMOTE", ATMOS_A_RECORD_REMOTE, -1 },
};

struct field {
	const char *name;
	size_t offset, size;
};

#define F(type, name)                                    \
	{                                                \
#name, offsetof(struct type, name),      \
			sizeof(((struct type *)0)->name) \
	}
/* clang-format off */
#define T(name) F(tcp_record, name)
#define L(name) F(listen_record, name)
#define U(name) F(udp_record, name)

static const struct field head_fields[] = {
	F(record_head, version), F(record_head, len), F(record_head, kind),
	F(record_head, state),
};

static const struct field tcp_fields[] = {
	T(flags), T(nr_tx), T(nr_ooo), T(ca_state), T(dupacks), T(snd_una), T(snd_nxt),
	T(snd_tail), T(rcv_nxt), T(rcv_adv), T(rcv_edge), T(deadline), T(iss), T(irs),
	T(snd_wnd), T(snd_wnd_max), T(snd_wl1_seq), T(snd_wl2_seq), T(ts_offset),
	T(ts_recent), T(ts_recent_ms), T(last_ack_seq), T(srtt), T(rttvar), T(rto), T(pmtu),
	T(mss), T(mss_peer), T(snd_wscale), T(rcv_wscale), T(backoff), T(keep_probes),
	/* the first TCP_RECORD_YOUNG bytes end here */
	T(t_rtx), T(t_delack), T(t_keep), T(t_life), T(t_stall), T(rcv_fin), T(snd_urg),
	T(rcv_urg), T(recover), T(round_end), T(cwnd), T(ssthresh), T(prior_cwnd),
	T(prior_ssthresh), T(prr_delivered), T(prr_out), T(recover_fs), T(cwnd_frac),
	T(w_max), T(w_prior), T(w_est), T(w_est_frac), T(cubic_k), T(cubic_epoch),
	T(cubic_origin), T(hs_last_rtt), T(hs_cur_rtt), T(hs_base_rtt), T(hs_samples),
	T(hs_css_round), T(rack_mult), T(rack_persist), T(rack_time), T(rack_end_seq),
	T(rack_rtt), T(rack_fack_seq), T(rack_dsack_seq), T(min_rtt), T(min_rtt_ms),
	T(tlp_end_seq), T(frto_seq), T(rcv_rtt), T(rcv_rtt_seq), T(rcv_rtt_time),
	T(rcv_mss), T(quick), T(pingpong), T(chal_count), T(mtu_fails), T(timer_kind),
	T(shut), T(chal_ms), T(mtu_low), T(mtu_high), T(mtu_probe), T(err_soft),
	T(mtu_probe_seq), T(mtu_next_ms), T(segs_out), T(segs_in), T(retrans), T(timeouts),
	T(dsacks), T(drops), T(last_rcv_ms), T(last_snd_ms), T(snd_sml_seq), T(rcv_buf),
};

static const struct field listen_fields[] = {
	L(backlog), L(queued), L(edge), L(deadline), L(cookie_ms), L(cookies), L(nr_syn),
	L(opened), L(cookies_sent), L(cookies_ok), L(cookies_bad), L(drops), L(syns),
};

static const struct field udp_fields[] = {
	U(sent), U(pmtu), U(ip_id), U(in), U(out), U(drops), U(errors),
};
/* clang-format on */

static unsigned long long value_of(const unsigned char *record,
				   const struct field *f)
{
	unsigned long long value = 0;

	memcpy(&value, record + f->offset, f->size);
	return value;
}

static void show_value(const char *name, unsigned long long value)
{
	if (options.json)
		json_number(name, value);
	else
		printf("%-16s %llu\n", name, value);
}

static void show_values(const unsigned char *record, const struct field *f,
			size_t nr, size_t known)
{
	for (; nr--; f++)
		if (f->offset + f->size <= known)
			show_value(f->name, value_of(record, f));
}

/* Beside those that the core knows, the fields of this version alone have names. */
static void decode(const unsigned char *record)
{
	const struct record_head *head = (const void *)record;
	bool whole = head->version == STACK_RECORD_VERSION;
	size_t known = whole ? DOM_RECORD_MAX : sizeof(*head);

	show_values(record, head_fields, ARRAY_SIZE(head_fields),
		    sizeof(*head));
	switch (head->kind) {
	case STACK_TCP:
		show_values(record, tcp_fields, ARRAY_SIZE(tcp_fields),
			    whole ? known : TCP_RECORD_YOUNG);
		break;
	case STACK_LISTEN:
		show_values(record, listen_fields, ARRAY_SIZE(listen_fields),
			    known);
		break;
	case STACK_UDP:
		show_values(record, udp_fields, ARRAY_SIZE(udp_fields), known);
		break;
	}
	if (!whole && !options.json)
		printf("(a record of version %u: the rest is not known here)\n",
		       head->version);
}

static void show_record(const struct reply *reply, void *arg)
{
	static const int names[] = { ATMOS_A_RECORD_LOCAL,
				     ATMOS_A_RECORD_REMOTE,
				     ATMOS_A_RECORD_IMAGE };
	struct nlattr *data = reply_attr(reply, ATMOS_A_RECORD_DATA);
	unsigned char record[DOM_RECORD_MAX] = {};
	char text[128];
	size_t i;

	(void)arg;
	if (options.json)
		json_begin(NULL, '{');
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		const char *name = reply->set->attrs[names[i]].name;

		show_text(reply, names[i], text, sizeof(text));
		if (options.json)
			json_string(name, text);
		else
			printf("%-16s %s\n", name, text);
	}
	if (data) {
		memcpy(record, nla_data(data),
		       (size_t)nla_len(data) < sizeof(record)
			       ? (size_t)nla_len(data)
			       : sizeof(record));
		decode(record);
	} else if (!options.json) {
		puts("no record: its stack has not run yet");
	}
	if (options.json)
		json_end('}');
}

static void export_record(const struct reply *reply, void *arg)
{
	struct nlattr *data = reply_attr(reply, ATMOS_A_RECORD_DATA);
	const char *name = arg;
	FILE *file = fopen(name, "wb");

	if (!file ||
	    (data && fwrite(nla_data(data), nla_len(data), 1, file) != 1) ||
	    fclose(file))
		fail(STATUS_FAILED, "%s: %s", name, strerror(errno));
}

static struct nl_msg *about(char ***argv)
{
	struct nl_msg *msg;

	ctl_open();
	msg = ctl_begin(ATMOS_CMD_RECORD_GET, false);
	*argv = put_socket(msg, *argv, ATMOS_A_RECORD_SOCKET,
			   ATMOS_A_RECORD_DOMAIN, ATMOS_A_RECORD_INODE);
	return msg;
}

#define RECORD_USAGE                                                   \
	"record { list | show SOCKET | export SOCKET FILE }, SOCKET: " \
	"DOMAIN | --socket COOKIE | --inode N"

int do_record(int argc, char **argv)
{
	const char *command = argc ? argv[0] : "list";
	struct nl_msg *msg;

	if (!strcmp(command, "list") && argc <= 1) {
		ctl_open();
		show_all(ctl_begin(ATMOS_CMD_RECORD_GET, true), &spec_record,
			 record_columns, ARRAY_SIZE(record_columns));
		return STATUS_OK;
	}
	argv++;
	if (!strcmp(command, "show") && argc >= 2) {
		msg = about(&argv);
		if (*argv)
			usage(RECORD_USAGE);
		ctl_send(msg, &spec_record, show_record, NULL);
	} else if (!strcmp(command, "export") && argc >= 3) {
		msg = about(&argv);
		if (!argv[0] || argv[1])
			usage(RECORD_USAGE);
		ctl_send(msg, &spec_record, export_record, argv[0]);
	} else {
		usage(RECORD_USAGE);
	}
	return STATUS_OK;
}
