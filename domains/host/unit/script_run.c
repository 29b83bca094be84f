// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs one behaviour script: time, ends, and the packets between.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

#define SEC	1000000ull
#define TOKENS	64

bool script_fail(struct script *s, const char *fmt, ...)
{
	va_list args;
	int n;

	if (s->bad[0])
		return false;
	n = snprintf(s->bad, sizeof(s->bad), "%s:%u: ", s->path, s->line);
	va_start(args, fmt);
	vsnprintf(s->bad + n, sizeof(s->bad) - (size_t)n, fmt, args);
	va_end(args);
	return false;
}

/* ---- ends ---- */

static void on_xmit(struct ep *ep, struct frame *f, u16 flags)
{
	struct script *s = ep->owner;
	u8 *t = frame_tcp(f);
	u32 slot = rd16(t + 2), i, hlen = f->hlen - f->l4;

	if (f->proto == 6 && t[13] & 2)
		s->our_isn[slot] = rd32(t + 4);
	if (f->proto == 6)
		for (i = 20; i + 10 <= hlen; i++)
			if (t[i] == 8 && t[i + 1] == 10) {
				s->ts_recent = rd32(t + i + 2);
				break;
			}
	if (s->nr_out == SCRIPT_OUT) {
		frame_put(f);
		script_fail(s, "more packets than a script can hold");
		return;
	}
	s->out[s->nr_out++] = (struct sent){ s->now, f, flags };
}

static void on_opened(struct ep *ep, const struct dom_cmd_OPENED *c, const u8 *rec,
		      u32 len)
{
	struct script *s = ep->owner;
	struct stack_config cfg = ep->cfg;
	struct ep *n;

	s->nr_opened++;
	cfg.kind = STACK_TCP;
	cfg.family = (u8)c->family;
	cfg.lport = c->lport;
	cfg.rport = c->rport;
	memcpy(cfg.laddr, &c->laddr0, 16);
	memcpy(cfg.raddr, &c->raddr0, 16);
	n = script_new_ep(s, &cfg);
	if (n)
		ep_adopt(n, rec, len);
}

static struct ep *find_ep(struct script *s, struct frame *f)
{
	u32 i, sport = 0;

	if (!f->fragment && f->l4 + 4 <= f->len)
		sport = rd16(f->data + f->l4);
	for (i = s->nr_ep; i-- > 0; )
		if (s->ep[i].cfg.kind == STACK_TCP && s->ep[i].cfg.rport == sport &&
		    s->ep[i].state != TCPS_CLOSE)
			return &s->ep[i];
	return &s->ep[0];
}

static void on_resteer(struct ep *ep, struct frame *f)
{
	struct script *s = ep->owner;
	struct ep *to = find_ep(s, f);

	/* a listener is asked again; who has ended is not */
	if (to == ep && ep->cfg.kind == STACK_TCP)
		frame_put(f);
	else
		ep_rx(to, f);
}

static void on_assembled(struct ep *ep, struct frame *f)
{
	struct script *s = ep->owner;

	s->nr_assembled++;
	s->last_assembled = f->len;
	if (!frame_parse(f) || f->fragment)
		script_fail(s, "assembled datagram does not parse");
	frame_put(f);
}

static void on_command(struct ep *ep, const struct dom_msg *m)
{
	struct script *s = ep->owner;
	const void *c = m;

	switch (m->hdr.type) {
	case DOM_CMD_XMIT:
		s->xmit_commands++;
		s->last_pace = ((const struct dom_cmd_XMIT *)c)->pace;
		break;
	case DOM_CMD_DGRAM:
		s->nr_dgram++;
		s->last_dgram_len = ((const struct dom_cmd_DGRAM *)c)->len;
		s->last_dgram_port = ((const struct dom_cmd_DGRAM *)c)->sport;
		break;
	case DOM_CMD_ABANDON:
		s->nr_abandoned++;
		break;
	case DOM_CMD_ERROR:
		s->last_icmp_info = ((const struct dom_cmd_ERROR *)c)->info;
		break;
	}
}

static const struct ep_ops script_ops = {
	.xmit = on_xmit,
	.opened = on_opened,
	.resteer = on_resteer,
	.assembled = on_assembled,
	.command = on_command,
};

struct ep *script_new_ep(struct script *s, const struct stack_config *cfg)
{
	struct ep *ep = &s->ep[s->nr_ep];

	if (s->nr_ep == SCRIPT_PEERS) {
		script_fail(s, "more connections than a script can hold");
		return NULL;
	}
	ep_init(ep, cfg);
	ep->id = s->nr_ep++;
	ep->ops = &script_ops;
	ep->owner = s;
	ep->tx_key = 0x1111;
	ep->rx_key = 0x2222;
	ep->rehearse = true;
	return ep;
}

/* ---- time ---- */

/* Run everything that is due now. */
bool script_settle(struct script *s)
{
	u32 i, spins = 0;
	bool again = true;

	while (again) {
		again = false;
		for (i = 0; i < s->nr_ep; i++) {
			if (!ep_due(&s->ep[i], s->now))
				continue;
			again = true;
			if (!ep_run(&s->ep[i], s->now))
				return script_fail(s, "%s", s->ep[i].bad);
			if (s->bad[0])
				return false;
			if (++spins > 5000)
				return script_fail(s, "the engine runs without end");
		}
	}
	return true;
}

/* Let time pass until @to, or until a packet is sent. */
bool script_advance(struct script *s, u64 to, bool until_packet)
{
	u32 i, spins = 0;

	for (;;) {
		u64 next = to + 1;

		if (until_packet && s->nr_out)
			return true;
		for (i = 0; i < s->nr_ep; i++)
			if (s->ep[i].deadline && s->ep[i].deadline < next)
				next = s->ep[i].deadline;
		if (next > to)
			break;
		if (next > s->now)
			s->now = next;
		if (!script_settle(s))
			return false;
		if (++spins > 100000)
			return script_fail(s, "timers run without end");
	}
	if (to > s->now)
		s->now = to;
	return true;
}

/* ---- lines ---- */

static bool no_packets(struct script *s)
{
	char text[400];

	if (!s->nr_out)
		return true;
	pkt_format(s, s->out[0].f, text, sizeof(text));
	return script_fail(s, "unexpected packet at %.4f s: > %s",
			   (double)(s->out[0].at - s->last) / 1e6, text);
}

static void out_pop(struct script *s)
{
	frame_put(s->out[0].f);
	memmove(s->out, s->out + 1, --s->nr_out * sizeof(s->out[0]));
}

static bool expect_packet(struct script *s, char **tok, u32 nr, double lo, double hi)
{
	u64 base = s->now, from, to, slack;
	char why[200], text[400];
	struct pkt want;

	if (!pkt_parse(&want, tok, nr, why, sizeof(why)))
		return script_fail(s, "%s", why);
	slack = 2000 + (u64)(hi * 1e4);
	from = base + (u64)(lo * 1e6);
	to = base + (u64)(hi * 1e6) + (hi > 0 ? slack : 0);
	if (!script_advance(s, to, true))
		return false;
	if (!s->nr_out)
		return script_fail(s, "no packet was sent");
	pkt_format(s, s->out[0].f, text, sizeof(text));
	if (lo > 0 && s->out[0].at + slack < from)
		return script_fail(s, "sent after %.4f s, too early: > %s",
				   (double)(s->out[0].at - base) / 1e6, text);
	if (!pkt_compare(s, &want, s->out[0].f, why, sizeof(why)))
		return script_fail(s, "%s: > %s", why, text);
	if (s->out[0].at > s->now)
		s->now = s->out[0].at;
	s->last = s->now;
	s->last_xflags = s->out[0].flags;
	out_pop(s);
	return true;
}

static bool inject(struct script *s, char **tok, u32 nr, bool hold)
{
	struct frame *f;
	struct pkt p;
	char why[200];

	if (!s->nr_ep)
		return script_fail(s, "nothing is open yet");
	if (!pkt_parse(&p, tok, nr, why, sizeof(why)))
		return script_fail(s, "%s", why);
	f = pkt_build(s, &p);
	if (!frame_parse(f)) {
		frame_put(f);
		return script_fail(s, "the core itself would drop this packet");
	}
	f->seg_size = (u16)p.seg;
	ep_rx(find_ep(s, f), f);
	return hold || script_settle(s);
}

/* "+1.5" or "+1..2.5"; false if it is not a time. */
static bool parse_time(const char *t, double *lo, double *hi)
{
	const char *dots = strstr(t, "..");
	char *end;

	if (t[0] != '+')
		return false;
	*lo = strtod(t + 1, &end);
	*hi = *lo;
	if (dots)
		*hi = strtod(dots + 2, &end);
	return !*end;
}

static bool script_line(struct script *s, char **tok, u32 nr)
{
	double lo = 0, hi = 0;

	if (parse_time(tok[0], &lo, &hi)) {
		tok++;
		nr--;
		if (!nr)
			return script_fail(s, "a time, and nothing happens");
	}
	if (!strcmp(tok[0], ">"))
		return expect_packet(s, tok + 1, nr - 1, lo, hi);
	if (hi > 0 && !script_advance(s, s->now + (u64)(hi * 1e6), false))
		return false;
	/* a check may look between packets, everything else comes after them */
	if (strcmp(tok[0], "?") && !no_packets(s))
		return false;
	s->last = s->now;
	if (!strcmp(tok[0], "<"))
		return inject(s, tok + 1, nr - 1, false);
	if (!strcmp(tok[0], "<<"))
		return inject(s, tok + 1, nr - 1, true);
	if (!strcmp(tok[0], "nothing"))
		return nr == 1 || script_fail(s, "\"nothing\" stands alone");
	if (!strcmp(tok[0], "?")) {
		bool known;

		if (script_check(s, tok + 1, nr - 1, &known))
			return true;
		return known ? false : script_fail(s, "do not understand \"? %s\"",
						   nr > 1 ? tok[1] : "");
	}
	return script_verb(s, tok, nr);
}

static u32 tokens(char *line, char **tok)
{
	u32 n = 0;
	char *p;

	/* commas are for the eye; "<mss" and "ws 7>" are words and brackets */
	for (p = line; *p; p++)
		if (*p == ',')
			*p = ' ';
	for (p = strtok(line, " \t\n"); p && n < TOKENS - 4; p = strtok(NULL, " \t\n")) {
		size_t len = strlen(p);

		if (p[0] == '<' && len > 1 && p[1] != '<' && p[1] != '=') {
			tok[n++] = "<";
			p++;
			len--;
		}
		if (len > 1 && p[len - 1] == '>') {
			p[len - 1] = 0;
			tok[n++] = p;
			tok[n++] = ">";
		} else {
			tok[n++] = p;
		}
	}
	return n;
}

static void script_defaults(struct script *s)
{
	static const u8 mine[16] = { 10, 0, 0, 1 }, theirs[16] = { 10, 0, 0, 2 };

	memcpy(s->laddr, mine, 16);
	memcpy(s->raddr, theirs, 16);
	s->cfg.kind = STACK_TCP;
	s->cfg.family = 4;
	s->cfg.mtu = 1500;
	s->cfg.lport = 5000;
	s->cfg.flags = STACK_CF_SACK;
	s->room = 65535;
	s->isn = 0x10000000;
	s->peer_isn = 0x77000000;
	s->peer_win = 65535;
	s->now = 1000 * SEC;
	s->last = s->now;
	s->our_isn[8080] = s->isn;
}

/* One line of a script, from a test in C. */
bool script_do(struct script *s, const char *fmt, ...)
{
	char line[1000], *tok[TOKENS];
	va_list args;
	u32 nr;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	s->line++;
	nr = tokens(line, tok);
	return nr && script_line(s, tok, nr) && !s->bad[0];
}

void script_start(struct script *s, const char *path)
{
	memset(s, 0, sizeof(*s));
	s->path = path;
	script_defaults(s);
}

void script_end(struct script *s)
{
	u32 i;

	for (i = 0; i < s->nr_ep; i++)
		ep_free(&s->ep[i]);
	while (s->nr_out)
		out_pop(s);
}

/* True if all of it holds; else s->bad says what does not. */
bool script_run(struct script *s, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[1000], *tok[TOKENS];
	bool right = true;

	script_start(s, path);
	if (!f)
		return script_fail(s, "cannot be read");
	while (right && fgets(line, sizeof(line), f)) {
		char *hash = strchr(line, '#');
		u32 nr;

		s->line++;
		if (hash) {
			if (!s->title[0] && !strstr(hash, "SPDX"))
				snprintf(s->title, sizeof(s->title), "%.*s",
					 (int)strcspn(hash + 2, "\n"), hash + 2);
			*hash = 0;
		}
		nr = tokens(line, tok);
		if (nr)
			right = script_line(s, tok, nr) && !s->bad[0];
	}
	fclose(f);
	if (right)
		right = no_packets(s);
	if (right && !s->nr_ep)
		right = script_fail(s, "the script does nothing");
	script_end(s);
	return right;
}
