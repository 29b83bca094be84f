// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the application, the host and the path do in a behaviour script.
 */
#include <stdlib.h>
#include <string.h>

#include "script.h"

static u32 num(const char *t)
{
	return (u32)strtoul(t, NULL, 0);
}

static bool on(const char *t)
{
	return !strcmp(t, "on") || !strcmp(t, "1");
}

/* ---- config, opt ---- */

static void cfg_flag(struct script *s, u8 flag, const char *value)
{
	if (on(value))
		s->cfg.flags |= flag;
	else
		s->cfg.flags &= (u8)~flag;
}

static bool config_family(struct script *s, const char *v)
{
	static const u8 mine[16] = { 0xfd, [15] = 1 }, theirs[16] = { 0xfd, [15] = 2 };

	s->cfg.family = (u8)num(v);
	if (s->cfg.family == 6) {
		memcpy(s->laddr, mine, 16);
		memcpy(s->raddr, theirs, 16);
	}
	return true;
}

static bool config_one(struct script *s, const char *k, const char *v)
{
	struct stack_config *c = &s->cfg;

	if (!strcmp(k, "family"))
		return config_family(s, v);
	if (!strcmp(k, "ts"))
		return cfg_flag(s, STACK_CF_TS, v), true;
	if (!strcmp(k, "sack"))
		return cfg_flag(s, STACK_CF_SACK, v), true;
	if (!strcmp(k, "ecn"))
		return cfg_flag(s, STACK_CF_ECN, v), true;
	if (!strcmp(k, "cookies")) {
		c->flags |= STACK_CF_COOKIES;
		if (!strcmp(v, "only"))
			c->flags |= STACK_CF_COOKIES_ONLY;
		return true;
	}
	if (!strcmp(k, "any"))		/* bound to no address */
		return s->any = on(v), true;
	if (!strcmp(k, "v6only"))
		return cfg_flag(s, STACK_CF_V6ONLY, v), true;
	if (!strcmp(k, "wscale")) {
		cfg_flag(s, STACK_CF_WSCALE, strcmp(v, "off") ? "on" : "off");
		c->rcv_wscale = (u8)num(v);
		return true;
	}
	if (!strcmp(k, "mtu"))
		return c->mtu = num(v), true;
	if (!strcmp(k, "gso"))
		return c->max_gso = num(v), true;
	if (!strcmp(k, "mss_max"))
		return c->mss_max = (u16)num(v), true;
	if (!strcmp(k, "delack_ms"))
		return c->delack_ms = (u16)num(v), true;
	if (!strcmp(k, "rto_min_ms"))
		return c->rto_min_ms = (u16)num(v), true;
	if (!strcmp(k, "timewait_ms"))
		return c->timewait_ms = num(v), true;
	if (!strcmp(k, "syn_max"))
		return c->syn_max = num(v), true;
	if (!strcmp(k, "flow_label"))
		return c->flow_label = num(v), true;
	if (!strcmp(k, "lport"))
		return c->lport = (u16)num(v), true;
	if (!strcmp(k, "room"))
		return s->room = num(v), true;
	if (!strcmp(k, "isn")) {
		s->isn = num(v);
		s->our_isn[8080] = s->isn;
		return true;
	}
	if (!strcmp(k, "peer_isn"))
		return s->peer_isn = num(v), true;
	if (!strcmp(k, "peer_win"))
		return s->peer_win = num(v), true;
	return false;
}

static const struct {
	const char *name;
	u32 flag;
} so_flags[] = {
	{ "nodelay", STACK_SO_NODELAY },     { "cork", STACK_SO_CORK },
	{ "quickack", STACK_SO_QUICKACK },   { "keepalive", STACK_SO_KEEPALIVE },
	{ "no_df", STACK_SO_NO_DF },	     { "probe_df", STACK_SO_PROBE_DF },
	{ "mtu_probe", STACK_SO_MTU_PROBE }, { "recverr", STACK_SO_RECVERR },
	{ "no_csum", STACK_SO_NO_CSUM },     { "csum6_zero", STACK_SO_CSUM6_ZERO },
	{ "connected", STACK_SO_CONNECTED },
};

static bool opt_one(struct script *s, const char *k, const char *v, u32 *changed)
{
	struct stack_opts *o = &s->opts;
	u32 i;

	for (i = 0; i < sizeof(so_flags) / sizeof(so_flags[0]); i++) {
		if (strcmp(k, so_flags[i].name))
			continue;
		if (on(v))
			o->flags |= so_flags[i].flag;
		else
			o->flags &= ~so_flags[i].flag;
		if (so_flags[i].flag == STACK_SO_CORK && !on(v))
			*changed |= STACK_OPT_UNCORK;
		if (so_flags[i].flag == STACK_SO_NODELAY && on(v))
			*changed |= STACK_OPT_UNCORK;
		return true;
	}
	if (!strcmp(k, "ack_now"))
		return *changed |= STACK_OPT_QUICKACK, true;
	if (!strcmp(k, "user_timeout_ms"))
		return o->user_timeout_ms = num(v), true;
	if (!strcmp(k, "keep_idle"))
		return o->keep_idle_s = num(v), true;
	if (!strcmp(k, "keep_intvl"))
		return o->keep_intvl_s = num(v), true;
	if (!strcmp(k, "keep_cnt"))
		return o->keep_cnt = (u16)num(v), true;
	if (!strcmp(k, "maxseg"))
		return o->maxseg = (u16)num(v), true;
	if (!strcmp(k, "tos"))
		return o->tos = (u8)num(v), true;
	if (!strcmp(k, "ttl"))
		return o->ttl = (u8)num(v), true;
	if (!strcmp(k, "syn_retries"))
		return o->syn_retries = (u8)num(v), true;
	if (!strcmp(k, "fin_timeout"))
		return o->fin_timeout_s = (u16)num(v), true;
	if (!strcmp(k, "defer_accept"))
		return o->defer_accept_s = (u16)num(v), true;
	if (!strcmp(k, "window_clamp"))
		return o->window_clamp = num(v), true;
	if (!strcmp(k, "max_pacing"))
		return o->max_pacing = num(v), true;
	if (!strcmp(k, "cc")) {
		o->cc = strcmp(v, "reno") ? STACK_CC_CUBIC : STACK_CC_RENO;
		*changed |= STACK_OPT_CC;
		return true;
	}
	return false;
}

static bool verb_config(struct script *s, char **tok, u32 nr)
{
	u32 i;

	for (i = 1; i + 1 < nr; i += 2)
		if (!config_one(s, tok[i], tok[i + 1]))
			return script_fail(s, "no such configuration: %s", tok[i]);
	return true;
}

static bool verb_opt(struct script *s, char **tok, u32 nr)
{
	u32 i, changed = 0;

	for (i = 1; i + 1 < nr; i += 2)
		if (!opt_one(s, tok[i], tok[i + 1], &changed))
			return script_fail(s, "no such option: %s", tok[i]);
	if (!s->nr_ep)
		return true;
	ep_setopt(&s->ep[s->cur], &s->opts, changed);
	return script_settle(s);
}

/* ---- opening ---- */

static struct ep *open_ep(struct script *s, u32 kind, bool with_peer)
{
	struct ep *ep;

	s->cfg.kind = (u8)kind;
	memcpy(s->cfg.laddr, s->laddr, 16);
	if (s->any)
		memset(s->cfg.laddr, 0, 16);
	memset(s->cfg.raddr, 0, 16);
	s->cfg.rport = 0;
	if (with_peer) {
		memcpy(s->cfg.raddr, s->raddr, 16);
		s->cfg.rport = 8080;
	}
	ep = script_new_ep(s, &s->cfg);
	if (!ep)
		return NULL;
	ep->edge = s->room;
	ep->isn = s->isn;
	if (memcmp(&s->opts, &(struct stack_opts){ 0 }, sizeof(s->opts)))
		ep_setopt(ep, &s->opts, 0);
	return ep;
}

static bool verb_connect(struct script *s)
{
	struct ep *ep = open_ep(s, STACK_TCP, true);

	if (!ep)
		return false;
	ep_connect(ep, s->isn, 0);
	return script_settle(s);
}

static bool verb_listen(struct script *s, char **tok, u32 nr)
{
	struct ep *ep = s->nr_ep ? &s->ep[0] : open_ep(s, STACK_LISTEN, false);

	if (!ep)
		return false;
	ep_listen(ep, nr > 1 ? num(tok[1]) : 8, nr > 2 ? num(tok[2]) : 0);
	return script_settle(s);
}

static bool verb_udp(struct script *s, char **tok, u32 nr)
{
	bool connected = nr > 1 && !strcmp(tok[1], "connected");

	if (connected)
		s->opts.flags |= STACK_SO_CONNECTED;
	return open_ep(s, STACK_UDP, connected) && script_settle(s);
}

/* Which connection the following lines are about. */
static bool verb_accept(struct script *s, char **tok, u32 nr)
{
	u32 n = nr > 1 ? num(tok[1]) : s->nr_ep - 1;

	if (!n || n >= s->nr_ep)
		return script_fail(s, "no such connection was opened");
	s->cur = n;
	return true;
}

static bool send_line(struct script *s, const char *text)
{
	char line[300], *tok[60], *p;
	struct frame *f;
	struct pkt pkt;
	char why[200];
	u32 n = 0;

	snprintf(line, sizeof(line), "%s", text);
	for (p = strtok(line, " "); p; p = strtok(NULL, " "))
		tok[n++] = p;
	if (!pkt_parse(&pkt, tok, n, why, sizeof(why)))
		return script_fail(s, "%s", why);
	f = pkt_build(s, &pkt);
	frame_parse(f);
	ep_rx(&s->ep[0], f);
	return script_settle(s);
}

static void forget_packets(struct script *s)
{
	while (s->nr_out)
		frame_put(s->out[--s->nr_out].f);
}

/*
 * A handshake in one line. What the peer offers follows from the configuration
 * unless it is said: mss N, win N, ws N, rtt MS (20).
 */
static bool verb_established(struct script *s, char **tok, u32 nr, bool passive)
{
	u32 mss = s->cfg.family == 6 ? 1440 : 1460, win = s->peer_win, ws = 0, rtt = 20, i;
	bool has_ws = s->cfg.flags & STACK_CF_WSCALE;
	char syn[200], text[300];

	for (i = 1; i + 1 < nr; i += 2) {
		if (!strcmp(tok[i], "mss"))
			mss = num(tok[i + 1]);
		else if (!strcmp(tok[i], "win"))
			win = num(tok[i + 1]);
		else if (!strcmp(tok[i], "ws"))
			ws = num(tok[i + 1]);
		else if (!strcmp(tok[i], "rtt"))
			rtt = num(tok[i + 1]);
		else
			return script_fail(s, "do not understand \"%s\"", tok[i]);
	}
	s->peer_win = win;
	s->use_ts = s->cfg.flags & STACK_CF_TS;
	snprintf(syn, sizeof(syn), "< mss %u%s%s", mss,
		 s->cfg.flags & STACK_CF_SACK ? " sackok" : "", s->use_ts ? " ts" : "");
	if (has_ws)
		snprintf(syn + strlen(syn), sizeof(syn) - strlen(syn), " ws %u", ws);
	if (!passive) {
		if (!verb_connect(s))
			return false;
		s->now += rtt * 1000;
		snprintf(text, sizeof(text), "%s 0:0(0) ack 1 win %u %s >",
			 s->cfg.flags & STACK_CF_ECN ? "SAE" : "SA", win, syn);
		forget_packets(s);
		if (!send_line(s, text))
			return false;
	} else {
		if (!verb_listen(s, tok, 1))
			return false;
		snprintf(text, sizeof(text), "%s 0:0(0) win %u %s >",
			 s->cfg.flags & STACK_CF_ECN ? "SEC" : "S", win, syn);
		if (!send_line(s, text))
			return false;
		forget_packets(s);
		s->now += rtt * 1000;
		snprintf(text, sizeof(text), "A 1:1(0) ack 1 win %u", win);
		if (!send_line(s, text))
			return false;
		s->cur = s->nr_ep - 1;
	}
	forget_packets(s);
	if (s->ep[s->cur].state != TCPS_ESTABLISHED)
		return script_fail(s, "the handshake did not work");
	s->last = s->now;
	s->xmit_commands = 0;
	return true;
}

/* ---- the application ---- */

static bool verb_write(struct script *s, char **tok, u32 nr)
{
	struct ep *ep = &s->ep[s->cur];
	u32 flags = 0, i;
	u64 urgent = ep->urgent;

	if (nr < 2)
		return script_fail(s, "write how much?");
	for (i = 2; i < nr; i++) {
		if (!strcmp(tok[i], "more"))
			flags |= STACK_SEND_MORE;
		else if (!strcmp(tok[i], "urgent"))
			urgent = ep->tail + num(tok[1]);
		else
			return script_fail(s, "do not understand \"%s\"", tok[i]);
	}
	ep_send(ep, ep->tail + num(tok[1]), urgent, flags);
	return script_settle(s);
}

static bool verb_read(struct script *s, char **tok, u32 nr)
{
	struct ep *ep = &s->ep[s->cur];
	u64 n = nr > 1 && strcmp(tok[1], "all") ? num(tok[1]) : ep->rcv_next - ep->pos;

	if (n > ep->rcv_next - ep->pos)
		return script_fail(s, "only %llu bytes are there to read",
				   (unsigned long long)(ep->rcv_next - ep->pos));
	ep_consumed(ep, ep->pos + n, ep->pos + n + s->room);
	return script_settle(s);
}

static bool verb_shutdown(struct script *s, char **tok, u32 nr)
{
	const char *how = nr > 1 ? tok[1] : "";
	u32 bits;

	if (!strcmp(how, "send"))
		bits = STACK_SHUT_SEND;
	else if (!strcmp(how, "recv"))
		bits = STACK_SHUT_RECV;
	else if (!strcmp(how, "close"))
		bits = STACK_SHUT_SEND | STACK_SHUT_RECV | STACK_SHUT_CLOSE;
	else
		return script_fail(s, "shutdown send, recv or close");
	ep_shutdown(&s->ep[s->cur], bits);
	return script_settle(s);
}

static bool verb_sendto(struct script *s, char **tok, u32 nr)
{
	u32 len = nr > 1 ? num(tok[1]) : 0, port = 8080, mtu = 0, i;

	for (i = 2; i + 1 < nr; i += 2) {
		if (!strcmp(tok[i], "port"))
			port = num(tok[i + 1]);
		else if (!strcmp(tok[i], "mtu"))
			mtu = num(tok[i + 1]);
		else
			return script_fail(s, "do not understand \"%s\"", tok[i]);
	}
	if (len > 65535)
		return script_fail(s, "no datagram has %u bytes", len);
	ep_sendto(&s->ep[s->cur], (u16)len, s->laddr, s->raddr, (u16)port, mtu);
	return script_settle(s);
}

/* ---- the path ---- */

/* icmp TYPE CODE [info N] [quote SEQ] [port N] [short] [stranger] [notours] [othersource] */
static bool verb_icmp(struct script *s, char **tok, u32 nr)
{
	struct ep *ep = &s->ep[s->cur];
	u32 type, code, info = 0, seq = 1, port = 8080, len = 0, i, off;
	u8 q[STACK_RX_INLINE] = { 0 };
	bool stranger = false, ours = true;
	u32 l4len = 20;
	u8 source = 0;

	if (nr < 3)
		return script_fail(s, "icmp TYPE CODE ...");
	type = num(tok[1]);
	code = num(tok[2]);
	for (i = 3; i < nr; i++) {
		if (!strcmp(tok[i], "stranger"))
			stranger = true;
		else if (!strcmp(tok[i], "short"))
			l4len = 8;
		else if (!strcmp(tok[i], "tiny"))
			l4len = 3;
		else if (!strcmp(tok[i], "notours"))
			ours = false;
		else if (!strcmp(tok[i], "othersource"))
			source = 1;
		else if (i + 1 < nr && !strcmp(tok[i], "info"))
			info = num(tok[++i]);
		else if (i + 1 < nr && !strcmp(tok[i], "quote"))
			seq = num(tok[++i]);
		else if (i + 1 < nr && !strcmp(tok[i], "port"))
			port = num(tok[++i]);
		else
			return script_fail(s, "do not understand \"%s\"", tok[i]);
	}
	if (s->cfg.family == 4) {
		q[0] = 0x45;
		wr16(q + 2, 1500);
		q[8] = 60;
		q[9] = s->cfg.kind == STACK_UDP ? 17 : 6;
		memcpy(q + 12, s->laddr, 4);
		memcpy(q + 16, s->raddr, 4);
		q[15] ^= source;
		if (stranger)
			q[19] ^= 1;
		off = 20;
	} else {
		q[0] = 0x60;
		wr16(q + 4, 1460);
		q[6] = s->cfg.kind == STACK_UDP ? 17 : 6;
		q[7] = 60;
		memcpy(q + 8, s->laddr, 16);
		memcpy(q + 24, s->raddr, 16);
		if (stranger)
			q[39] ^= 1;
		off = 40;
	}
	wr16(q + off, s->cfg.lport + !ours);
	wr16(q + off + 2, port);
	if (s->cfg.kind == STACK_UDP)
		wr16(q + off + 4, 108);
	else
		wr32(q + off + 4, s->our_isn[port & 0xffff] + seq);
	q[off + 12] = 0x50;
	q[off + 13] = 0x10;
	len = off + l4len;
	ep_icmp(ep, (u8)type, (u8)code, info, q, len);
	return script_settle(s);
}

/* The next run with these events dies; then all goes on from the record. */
static bool verb_die(struct script *s)
{
	ep_die(&s->ep[s->cur]);
	return script_settle(s);
}

bool script_verb(struct script *s, char **tok, u32 nr)
{
	if (!strcmp(tok[0], "config"))
		return verb_config(s, tok, nr);
	if (!strcmp(tok[0], "opt"))
		return verb_opt(s, tok, nr);
	if (!strcmp(tok[0], "connect"))
		return verb_connect(s);
	if (!strcmp(tok[0], "listen"))
		return verb_listen(s, tok, nr);
	if (!strcmp(tok[0], "established"))
		return verb_established(s, tok, nr, false);
	if (!strcmp(tok[0], "accepted"))
		return verb_established(s, tok, nr, true);
	if (!strcmp(tok[0], "udp"))
		return verb_udp(s, tok, nr);
	if (!strcmp(tok[0], "reasm"))
		return open_ep(s, STACK_REASM, false) && script_settle(s);
	if (!s->nr_ep)
		return script_fail(s, "\"%s\", but nothing is open yet", tok[0]);
	if (!strcmp(tok[0], "accept"))
		return verb_accept(s, tok, nr);
	if (!strcmp(tok[0], "write"))
		return verb_write(s, tok, nr);
	if (!strcmp(tok[0], "read"))
		return verb_read(s, tok, nr);
	if (!strcmp(tok[0], "shutdown"))
		return verb_shutdown(s, tok, nr);
	if (!strcmp(tok[0], "abort")) {
		ep_abort(&s->ep[s->cur]);
		return script_settle(s);
	}
	if (!strcmp(tok[0], "sendto"))
		return verb_sendto(s, tok, nr);
	if (!strcmp(tok[0], "icmp"))
		return verb_icmp(s, tok, nr);
	if (!strcmp(tok[0], "pmtu") && nr > 1) {
		ep_pmtu(&s->ep[s->cur], num(tok[1]));
		return script_settle(s);
	}
	if (!strcmp(tok[0], "die"))
		return verb_die(s);
	return script_fail(s, "do not understand \"%s\"", tok[0]);
}
