// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets of the behaviour scripts: text to bytes, bytes to text, comparison.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

static const char flag_chars[] = "FSRPAUEC";

static const struct {
	const char *name;
	u8 kind, len, vals;
} opt_names[] = {
	{ "mss", 2, 4, 1 },   { "ws", 3, 3, 1 },  { "sackok", 4, 2, 0 },
	{ "sack", 5, 2, 8 },  { "ts", 8, 10, 2 }, { "nop", 1, 1, 0 },
	{ "eol", 0, 1, 0 },
};

static bool parse_flags(struct pkt *p, const char *s)
{
	p->flags = 0;
	if (!strcmp(s, "-"))
		return true;
	for (; *s; s++) {
		const char *c = strchr(flag_chars, *s);

		if (!c)
			return false;
		p->flags |= 1u << (c - flag_chars);
	}
	return true;
}

static bool parse_u32(const char *s, u32 *v)
{
	char *end;

	*v = (u32)strtoll(s, &end, 0);
	return end != s && !*end;
}

/* SEQ:END(LEN) */
static bool parse_range(struct pkt *p, const char *s)
{
	unsigned int seq, end, len;
	int n = 0;

	if (sscanf(s, "%u:%u(%u)%n", &seq, &end, &len, &n) != 3 || s[n] ||
	    end - seq != len)
		return false;
	p->seq = seq;
	p->len = len;
	return true;
}

static bool parse_opt_values(struct pkt_opt *o, char **tok, u32 nr, u32 *used)
{
	u32 i = 0, most = o->kind == 5 ? 8 : o->kind == 8 ? 2 : 1;

	while (i < nr && o->nr < most && isdigit((unsigned char)tok[i][0])) {
		unsigned int a, b;

		if (o->kind == 5) {
			if (sscanf(tok[i], "%u:%u", &a, &b) != 2)
				return false;
			o->val[o->nr++] = a;
			o->val[o->nr++] = b;
		} else if (!parse_u32(tok[i], &o->val[o->nr++])) {
			return false;
		}
		i++;
	}
	*used = i;
	return true;
}

/* tok[0 .. nr) are the words between < and >. */
static bool parse_opts(struct pkt *p, char **tok, u32 nr)
{
	u32 i = 0, k, used;

	p->has_opts = true;
	while (i < nr) {
		struct pkt_opt *o = &p->opt[p->nr_opt++];

		if (p->nr_opt > PKT_OPTS)
			return false;
		if (!strncmp(tok[i], "raw=", 4)) {
			const char *h = tok[i] + 4;
			unsigned int byte;

			p->nr_opt--;
			for (; h[0] && h[1] && p->raw_len < 40; h += 2) {
				if (sscanf(h, "%2x", &byte) != 1)
					return false;
				p->raw[p->raw_len++] = (u8)byte;
			}
			i++;
			continue;
		}
		for (k = 0; k < sizeof(opt_names) / sizeof(opt_names[0]); k++)
			if (!strcmp(tok[i], opt_names[k].name))
				break;
		if (k == sizeof(opt_names) / sizeof(opt_names[0]))
			return false;
		o->kind = opt_names[k].kind;
		i++;
		if (!parse_opt_values(o, tok + i, nr - i, &used))
			return false;
		i += used;
	}
	return true;
}

/* Words with a number behind them. */
static u32 *word_value(struct pkt *p, const char *word, bool **has)
{
	*has = NULL;
	if (!strcmp(word, "ack"))
		return *has = &p->has_ack, &p->ack;
	if (!strcmp(word, "win"))
		return *has = &p->has_win, &p->win;
	if (!strcmp(word, "urg"))
		return *has = &p->has_urg, &p->urg;
	if (!strcmp(word, "ttl"))
		return *has = &p->has_ttl, &p->ttl;
	if (!strcmp(word, "tos"))
		return *has = &p->has_tos, &p->tos;
	if (!strcmp(word, "port"))
		return &p->port;
	if (!strcmp(word, "lport"))
		return &p->lport;
	if (!strcmp(word, "doff"))
		return &p->doff;
	if (!strcmp(word, "pad"))
		return &p->pad;
	if (!strcmp(word, "iplen"))
		return (u32 *)&p->iplen;
	if (!strcmp(word, "ext"))
		return &p->ext;
	if (!strcmp(word, "extkind"))
		return &p->ext_kind;
	if (!strcmp(word, "seg"))
		return &p->seg;
	if (!strcmp(word, "id"))
		return &p->frag_id;
	if (!strcmp(word, "off"))
		return &p->frag_off;
	if (!strcmp(word, "len"))
		return &p->len;
	return NULL;
}

static bool parse_flag_word(struct pkt *p, const char *word)
{
	static const char * const ecn[] = { "notect", "ect1", "ect0", "ce" };
	u32 i;

	for (i = 0; i < 4; i++) {
		if (!strcmp(word, ecn[i])) {
			p->has_ecn = true;
			p->ecn = i;
			return true;
		}
	}
	if (!strcmp(word, "badcsum"))
		p->csum_bad = true;
	else if (!strcmp(word, "nocsum"))
		p->csum_none = true;
	else if (!strcmp(word, "more"))
		p->frag_more = true;
	else if (!strcmp(word, "stranger"))
		p->other_addr = true;
	else if (!strcmp(word, "df") || !strcmp(word, "nodf"))
		p->has_df = true;
	else
		return false;
	p->df |= !strcmp(word, "df");
	return true;
}

bool pkt_parse(struct pkt *p, char **tok, u32 nr, char *bad, size_t size)
{
	u32 i, k, *v;
	bool *has;

	memset(p, 0, sizeof(*p));
	p->port = 8080;
	if (nr && !strcmp(tok[0], "udp"))
		p->what = PKT_UDP;
	else if (nr && !strcmp(tok[0], "frag"))
		p->what = PKT_FRAG;
	i = p->what == PKT_TCP ? 2 : 1;
	if (p->what == PKT_TCP &&
	    (nr < 2 || !parse_flags(p, tok[0]) || !parse_range(p, tok[1]))) {
		snprintf(bad, size, "expected FLAGS SEQ:END(LEN)");
		return false;
	}
	for (; i < nr; i++) {
		if (tok[i][0] == '<') {
			for (k = i; k < nr && strcmp(tok[k], ">"); k++)
				;
			if (k == nr || !parse_opts(p, tok + i + 1, k - i - 1)) {
				snprintf(bad, size, "bad TCP options");
				return false;
			}
			i = k;
			continue;
		}
		if (parse_flag_word(p, tok[i]))
			continue;
		v = word_value(p, tok[i], &has);
		if (!v || i + 1 == nr || !parse_u32(tok[i + 1], v)) {
			snprintf(bad, size, "do not understand \"%s\"", tok[i]);
			return false;
		}
		if (has)
			*has = true;
		i++;
	}
	return true;
}

/* ---- building ---- */

static u32 emit_opts(const struct script *s, const struct pkt *p, u8 *to)
{
	u32 slot = p->port & 0xffff, n = 0, i, k;

	for (i = 0; i < p->nr_opt && n < 38; i++) {
		const struct pkt_opt *o = &p->opt[i];

		to[n] = o->kind;
		switch (o->kind) {
		case 2:
			to[n + 1] = 4;
			wr16(to + n + 2, o->val[0]);
			n += 4;
			break;
		case 3:
			to[n + 1] = 3;
			to[n + 2] = (u8)o->val[0];
			n += 3;
			break;
		case 4:
			to[n + 1] = 2;
			n += 2;
			break;
		case 5:
			to[n + 1] = (u8)(2 + 4 * o->nr);
			for (k = 0; k < o->nr && n + 6 + 4 * k <= 40; k++)
				wr32(to + n + 2 + 4 * k, s->our_isn[slot] + o->val[k]);
			n += 2 + 4 * o->nr;
			break;
		case 8:
			to[n + 1] = 10;
			wr32(to + n + 2, o->nr > 0 ? o->val[0] :
				     (u32)(s->now / 1000));
			wr32(to + n + 6, o->nr > 1 ? o->val[1] : s->ts_recent);
			n += 10;
			break;
		default:
			n++;
		}
	}
	if (n + p->raw_len <= 40) {
		memcpy(to + n, p->raw, p->raw_len);
		n += p->raw_len;
	}
	while (n % 4)
		to[n++] = p->raw_len ? 0 : 1;
	return n;
}

static u32 emit_ip(const struct script *s, const struct pkt *p, u8 *h, u8 proto,
		   u32 payload)
{
	u8 tos = (u8)((p->tos & 0xfc) | p->ecn);
	u8 ttl = p->has_ttl ? (u8)p->ttl : 64;

	if (s->cfg.family == 4) {
		h[0] = 0x45;
		h[1] = tos;
		wr16(h + 2, (u32)(20 + payload) + (u32)p->iplen);
		wr16(h + 4, p->frag_id ? p->frag_id : 7);
		wr16(h + 6, p->what == PKT_FRAG ? p->frag_off / 8 |
			    (p->frag_more ? 0x2000u : 0) : 0x4000);
		h[8] = ttl;
		h[9] = proto;
		memcpy(h + 12, s->raddr, 4);
		memcpy(h + 16, s->laddr, 4);
		if (p->other_addr)
			h[15] ^= 0x40;
		return 20;
	}
	wr32(h, 6u << 28 | (u32)tos << 20);
	wr16(h + 4, payload + p->ext + (p->what == PKT_FRAG ? 8 : 0) + (u32)p->iplen);
	h[6] = proto;
	h[7] = ttl;
	memcpy(h + 8, s->raddr, 16);
	memcpy(h + 24, s->laddr, 16);
	if (p->other_addr)
		h[23] ^= 0x40;
	if (p->ext) {
		h[6] = p->ext_kind ? (u8)p->ext_kind : 60;
		h[40] = proto;
		h[41] = (u8)(p->ext / 8 - 1);
		/* PadN over the rest */
		h[42] = 1;
		h[43] = (u8)(p->ext - 4);
		return 40 + p->ext;
	}
	if (p->what == PKT_FRAG) {
		h[6] = 44;
		h[40] = proto;
		wr16(h + 42, p->frag_off | p->frag_more);
		wr32(h + 44, p->frag_id);
		return 48;
	}
	return 40;
}

static struct frame *build_finish(struct frame *f, const struct pkt *p, u32 real_len)
{
	struct frame *full;
	u16 len4 = rd16(f->data + 2), len6 = rd16(f->data + 4);

	frame_parse(f);
	if (!f->fragment && f->l4 + 8 <= f->len)
		frame_finish(f);
	/* lies come after the checksum */
	if (f->family == 4)
		wr16(f->data + 2, len4);
	else
		wr16(f->data + 4, len6);
	if (p->csum_bad)
		f->data[f->l4 + (p->what == PKT_TCP ? 16 : 6)] ^= 0x55;
	if (p->csum_none)
		wr16(f->data + f->l4 + 6, 0);
	if (p->doff && p->what == PKT_TCP) {
		u8 *t = frame_tcp(f);

		t[12] = (u8)(p->doff << 4);
	}
	if (!p->pad)
		return f;
	full = frame_new(real_len + p->pad);
	memcpy(full->data, f->data, real_len);
	frame_put(f);
	frame_parse(full);
	return full;
}

/* The bytes of a packet that the peer sends. */
struct frame *pkt_build(const struct script *s, const struct pkt *p)
{
	u32 slot = p->port & 0xffff, l4len, optlen = 0, off, len;
	u8 head[400], opts[64];
	struct frame *f;
	u8 *t;

	memset(head, 0, sizeof(head));
	memset(opts, 0, sizeof(opts));
	if (p->what == PKT_TCP) {
		struct pkt q = *p;

		if (!q.has_opts && s->use_ts && !(q.flags & 2)) {
			q.opt[0].kind = 1;
			q.opt[1].kind = 1;
			q.opt[2].kind = 8;
			q.nr_opt = 3;
		}
		optlen = emit_opts(s, &q, opts);
		l4len = 20 + optlen;
	} else if (p->what == PKT_UDP) {
		l4len = 8;
	} else {
		l4len = 0;
	}
	off = emit_ip(s, p, head, p->what == PKT_TCP ? 6 : 17, l4len + p->len);
	len = off + l4len + p->len;
	f = frame_new(len);
	memcpy(f->data, head, off);
	t = f->data + off;
	if (p->what == PKT_TCP) {
		wr16(t, p->port);
		wr16(t + 2, p->lport ? p->lport : s->cfg.lport);
		wr32(t + 4, s->peer_isn + p->seq);
		wr32(t + 8, p->has_ack || p->flags & 0x10 ?
			    s->our_isn[slot] + p->ack : 0);
		t[12] = (u8)((20 + optlen) / 4 << 4);
		t[13] = p->flags;
		wr16(t + 14, p->has_win ? p->win : s->peer_win);
		wr16(t + 18, p->urg);
		memcpy(t + 20, opts, optlen);
		stream_fill(s->ep[s->cur].rx_key, p->seq - 1, t + l4len, p->len);
		f->seg_size = (u16)p->seg;
	} else if (p->what == PKT_UDP) {
		wr16(t, p->port);
		wr16(t + 2, p->lport ? p->lport : s->cfg.lport);
		wr16(t + 4, l4len + p->len);
		stream_fill(s->ep[s->cur].rx_key, 0, t + l4len, p->len);
	}
	return build_finish(f, p, len);
}

/* ---- comparison ---- */

struct seen_opt {
	u8 kind, len;
	const u8 *at;
};

static u32 seen_opts(const u8 *p, u32 len, struct seen_opt *o, u32 max)
{
	u32 i = 0, n = 0;

	while (i < len && n < max) {
		if (p[i] == 0)
			break;
		if (p[i] == 1) {
			i++;
			continue;
		}
		if (i + 1 >= len || p[i + 1] < 2 || i + p[i + 1] > len)
			return ~0u;
		o[n++] = (struct seen_opt){ p[i], p[i + 1], p + i };
		i += p[i + 1];
	}
	return n;
}

static bool compare_opt(const struct script *s, const struct pkt_opt *w,
			const struct seen_opt *o)
{
	u32 k;

	if (w->kind != o->kind)
		return false;
	switch (w->kind) {
	case 2:
		return !w->nr || w->val[0] == rd16(o->at + 2);
	case 3:
		return !w->nr || w->val[0] == o->at[2];
	case 5:
		if (!w->nr)
			return true;
		if (o->len != 2 + 4 * w->nr)
			return false;
		for (k = 0; k < w->nr; k++)
			if (rd32(o->at + 2 + 4 * k) - s->peer_isn != w->val[k])
				return false;
		return true;
	case 8:
		return (w->nr < 1 || w->val[0] == rd32(o->at + 2)) &&
		       (w->nr < 2 || w->val[1] == rd32(o->at + 6));
	}
	return true;
}

static bool compare_opts(const struct script *s, const struct pkt *want,
			 const u8 *t, u32 hlen)
{
	struct seen_opt o[20];
	u32 n = seen_opts(t + 20, hlen - 20, o, 20), i, k;

	if (n != want->nr_opt)
		return false;
	for (i = 0; i < want->nr_opt; i++) {
		for (k = 0; k < n; k++)
			if (compare_opt(s, &want->opt[i], &o[k]))
				break;
		if (k == n)
			return false;
	}
	return true;
}

#define DIFF(what) do { snprintf(bad, size, "%s differs", what); return false; } while (0)

static bool compare_ip(const struct pkt *want, struct frame *f, char *bad, size_t size)
{
	u32 tos = f->family == 4 ? f->data[1] : rd16(f->data) >> 4 & 0xff;

	if (want->has_ecn && (tos & 3) != want->ecn)
		DIFF("ECN field");
	if (want->has_tos && (tos & 0xfc) != (want->tos & 0xfc))
		DIFF("traffic class");
	if (want->has_ttl && f->data[f->family == 4 ? 8 : 7] != want->ttl)
		DIFF("TTL");
	if (want->has_df && f->family == 4 && !(f->data[6] & 0x40) != !want->df)
		DIFF("DF bit");
	return true;
}

bool pkt_compare(struct script *s, const struct pkt *want, struct frame *f,
		 char *bad, size_t size)
{
	u8 *t = frame_tcp(f);
	u32 slot = rd16(t + 2);
	bool none;

	if (!frame_l3_ok(f) || (!frame_l4_ok(f, &none) && !none))
		DIFF("checksum");
	if (!compare_ip(want, f, bad, size))
		return false;
	if (f->len - f->hlen != want->len)
		DIFF("length");
	if (rd16(t + 2) != want->port)
		DIFF("port");
	if (want->what == PKT_UDP) {
		if (f->proto != 17)
			DIFF("protocol");
		if (want->csum_none != !rd16(t + 6))
			DIFF("checksum field");
		return true;
	}
	if (f->proto != 6)
		DIFF("protocol");
	if (t[13] != want->flags)
		DIFF("flags");
	if (rd32(t + 4) - s->our_isn[slot] != want->seq)
		DIFF("sequence number");
	if (want->has_ack && rd32(t + 8) - s->peer_isn != want->ack)
		DIFF("acknowledged number");
	if (want->has_win && rd16(t + 14) != want->win)
		DIFF("window");
	if (want->has_urg && rd16(t + 18) != want->urg)
		DIFF("urgent pointer");
	if (want->has_opts && !compare_opts(s, want, t, f->hlen - f->l4))
		DIFF("set of options");
	return true;
}

/* As a script would write it. */
void pkt_format(const struct script *s, struct frame *f, char *to, size_t size)
{
	u8 *t = frame_tcp(f);
	u32 slot = rd16(t + 2), i, n;
	struct seen_opt o[20];
	char flags[9], opts[200] = "";
	u32 seq, len = f->len - f->hlen;

	if (f->proto == 17) {
		snprintf(to, size, "udp len %u port %u", len, rd16(t + 2));
		return;
	}
	n = 0;
	for (i = 0; i < 8; i++)
		if (t[13] & 1u << i)
			flags[n++] = flag_chars[i];
	flags[n] = 0;
	seq = rd32(t + 4) - s->our_isn[slot];
	n = seen_opts(t + 20, f->hlen - f->l4 - 20, o, 20);
	for (i = 0; n != ~0u && i < n; i++) {
		size_t at = strlen(opts);
		u32 k;

		switch (o[i].kind) {
		case 2:
			snprintf(opts + at, sizeof(opts) - at, " mss %u",
				 rd16(o[i].at + 2));
			break;
		case 3:
			snprintf(opts + at, sizeof(opts) - at, " ws %u", o[i].at[2]);
			break;
		case 4:
			snprintf(opts + at, sizeof(opts) - at, " sackok");
			break;
		case 5:
			snprintf(opts + at, sizeof(opts) - at, " sack");
			for (k = 2; k + 8 <= o[i].len; k += 8) {
				at = strlen(opts);
				snprintf(opts + at, sizeof(opts) - at, " %u:%u",
					 rd32(o[i].at + k) - s->peer_isn,
					 rd32(o[i].at + k + 4) - s->peer_isn);
			}
			break;
		case 8:
			snprintf(opts + at, sizeof(opts) - at, " ts %u %u",
				 rd32(o[i].at + 2), rd32(o[i].at + 6));
			break;
		}
	}
	snprintf(to, size, "%s %u:%u(%u) ack %u win %u <%s > port %u%s", flags, seq,
		 seq + len, len, rd32(t + 8) - s->peer_isn, rd16(t + 14), opts,
		 rd16(t + 2),
		 (f->family == 4 ? f->data[1] : rd16(f->data) >> 4) & 3 ? " ect" : "");
}
