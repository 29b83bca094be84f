// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks of a behaviour script: "? NAME VALUE" and "? FIELD OP NUMBER".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

static const char * const states[] = {
	"", "established", "syn_sent", "syn_recv", "fin_wait1", "fin_wait2",
	"time_wait", "close", "close_wait", "last_ack", "listen", "closing",
};

static const struct {
	const char *name;
	u32 value;
} errors[] = {
	{ "none", 0 },
	{ "ECONNRESET", ECONNRESET },
	{ "ECONNREFUSED", ECONNREFUSED },
	{ "ETIMEDOUT", ETIMEDOUT },
	{ "EHOSTUNREACH", EHOSTUNREACH },
	{ "ENETUNREACH", ENETUNREACH },
	{ "EMSGSIZE", EMSGSIZE },
	{ "EPIPE", EPIPE },
	{ "ECONNABORTED", ECONNABORTED },
	{ "EPROTO", EPROTO },
	{ "ENOPROTOOPT", ENOPROTOOPT },
	{ "EACCES", EACCES },
	{ "EHOSTDOWN", EHOSTDOWN },
	{ "EOPNOTSUPP", EOPNOTSUPP },
	{ "EPERM", EPERM },
	{ "ENONET", ENONET },
};

static const char * const drops[] = {
	"none", "malformed", "csum", "flow", "state", "seq", "paws", "dup",
	"full", "closed", "syn", "backlog", "empty", "overlap",
};

static const char *name_of(const char * const *names, u32 nr, u32 value)
{
	return value < nr ? names[value] : "?";
}

#define NAME_OF(names, value) name_of(names, sizeof(names) / sizeof((names)[0]), value)

static bool check_name(struct script *s, const char *what, const char *is,
		       const char *want)
{
	if (!strcmp(is, want))
		return true;
	return script_fail(s, "%s is %s", what, is);
}

static bool check_error(struct script *s, const char *what, u32 is, const char *want)
{
	u32 i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strcmp(want, errors[i].name))
			return errors[i].value == is ||
			       script_fail(s, "%s is %u (%s)", what, is, strerror((int)is));
	return script_fail(s, "no such error: %s", want);
}

/* Numbers that can be asked for. */
static bool field(struct script *s, const char *name, u64 *v)
{
	const struct ep *ep = &s->ep[s->cur];
	const struct tcp_record *r = ep_tcp(ep);
	const struct listen_record *l = (const void *)s->ep[0].shadow;
	const struct udp_record *u = (const void *)ep->shadow;

	if (!strcmp(name, "delivered"))
		return *v = ep->rcv_next, true;
	if (!strcmp(name, "stashed"))
		return *v = ep->stash_bytes, true;
	if (!strcmp(name, "acked"))
		return *v = ep->una, true;
	if (!strcmp(name, "urgent"))
		return *v = ep->urg_pos, true;
	if (!strcmp(name, "opened"))
		return *v = s->nr_opened, true;
	if (!strcmp(name, "eof"))
		return *v = !!(ep->st_flags & STACK_ST_EOF), true;
	if (!strcmp(name, "stream_end"))
		return *v = ep->rcv_end, true;
	if (!strcmp(name, "sent_all"))
		return *v = !!(ep->st_flags & STACK_ST_SENT), true;
	if (!strcmp(name, "reset"))
		return *v = !!(ep->st_flags & STACK_ST_RESET), true;
	if (!strcmp(name, "deadline_ms"))
		return *v = ep->deadline > s->now ? (ep->deadline - s->now) / 1000 : 0, true;
	if (!strcmp(name, "timer"))
		return *v = ep->deadline != 0, true;
	if (!strcmp(name, "listener_timer"))
		return *v = s->ep[0].deadline != 0, true;
	if (!strcmp(name, "commands"))
		return *v = ep->max_commands, true;
	if (!strcmp(name, "xmits"))
		return *v = s->xmit_commands, true;
	if (!strcmp(name, "pace"))
		return *v = s->last_pace, true;
	if (!strcmp(name, "retrans_flag"))
		return *v = !!(s->last_xflags & STACK_XMIT_RETRANS), true;
	if (!strcmp(name, "probe_flag"))
		return *v = !!(s->last_xflags & STACK_XMIT_PROBE), true;
	if (!strcmp(name, "dgrams"))
		return *v = s->nr_dgram, true;
	if (!strcmp(name, "dgram_len"))
		return *v = s->last_dgram_len, true;
	if (!strcmp(name, "dgram_port"))
		return *v = s->last_dgram_port, true;
	if (!strcmp(name, "assembled"))
		return *v = s->nr_assembled, true;
	if (!strcmp(name, "assembled_len"))
		return *v = s->last_assembled, true;
	if (!strcmp(name, "abandoned"))
		return *v = s->nr_abandoned, true;
	if (!strcmp(name, "icmp_info"))
		return *v = s->last_icmp_info, true;
	if (ep->cfg.kind == STACK_UDP) {
		if (!strcmp(name, "udp_pmtu"))
			return *v = u->pmtu, true;
		if (!strcmp(name, "udp_sent"))
			return *v = u->sent, true;
		return false;
	}
	if (!strcmp(name, "syn_queue"))
		return *v = l->nr_syn, true;
	if (!strcmp(name, "cookies_sent"))
		return *v = l->cookies_sent, true;
	if (!strcmp(name, "cookies_ok"))
		return *v = l->cookies_ok, true;
	if (!strcmp(name, "cookies_bad"))
		return *v = l->cookies_bad, true;
#define R(field_name)							\
	if (!strcmp(name, #field_name))					\
		return *v = r->field_name, true;
	R(cwnd) R(ssthresh) R(mss) R(pmtu) R(srtt) R(rttvar) R(rto) R(backoff)
	R(ca_state) R(dupacks) R(nr_tx) R(nr_ooo) R(snd_wnd) R(snd_wscale)
	R(rcv_wscale) R(retrans) R(timeouts) R(dsacks) R(drops) R(snd_una) R(snd_nxt)
	R(rcv_nxt) R(rcv_adv) R(keep_probes) R(mss_peer) R(segs_out) R(segs_in)
	R(ts_recent) R(rcv_mss) R(min_rtt) R(w_max) R(hs_css_round) R(prior_cwnd)
	R(mtu_probe) R(mtu_low) R(mtu_high) R(timer_kind) R(rack_mult)
#undef R
	return false;
}

static bool compare(u64 is, const char *op, u64 want, bool *known)
{
	*known = true;
	if (!strcmp(op, "=="))
		return is == want;
	if (!strcmp(op, "!="))
		return is != want;
	if (!strcmp(op, ">="))
		return is >= want;
	if (!strcmp(op, "<="))
		return is <= want;
	if (!strcmp(op, "lt"))
		return is < want;
	if (!strcmp(op, "gt"))
		return is > want;
	*known = false;
	return false;
}

bool script_check(struct script *s, char **tok, u32 nr, bool *known)
{
	struct ep *ep = &s->ep[s->cur];
	u64 is;

	*known = true;
	if (nr == 2) {
		if (!strcmp(tok[0], "state"))
			return check_name(s, "state", NAME_OF(states, ep->state), tok[1]);
		if (!strcmp(tok[0], "drop"))
			return check_name(s, "drop", NAME_OF(drops, ep->last_drop), tok[1]);
		if (!strcmp(tok[0], "error"))
			return check_error(s, "error", ep->err, tok[1]);
		if (!strcmp(tok[0], "soft"))
			return check_error(s, "soft error", ep->err_soft, tok[1]);
		if (field(s, tok[0], &is))
			return is == strtoull(tok[1], NULL, 0) ||
			       script_fail(s, "%s is %llu", tok[0],
					   (unsigned long long)is);
	}
	if (nr == 3 && field(s, tok[0], &is)) {
		if (compare(is, tok[1], strtoull(tok[2], NULL, 0), known))
			return true;
		return *known ? script_fail(s, "%s is %llu", tok[0],
					    (unsigned long long)is) : false;
	}
	*known = false;
	return false;
}
