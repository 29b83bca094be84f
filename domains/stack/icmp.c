// SPDX-License-Identifier: GPL-2.0-only
/*
 * ICMP errors: the datagram that they quote, and what they mean to a socket.
 */
#include "errnos.h"
#include "icmp.h"

bool icmp_quote(struct icmp_quote *q, const struct dom_ev_ICMP *ev)
{
	const u8 *h = (const u8 *)ev + DOM_SLOT_SIZE;
	u32 len = ev->hdr.inline_len;

	if (!ip_parse(&q->ip, h, len, 0) || q->ip.family != ev->family ||
	    q->ip.l4 > len || q->ip.frag_off)
		return false;
	q->l4 = h + q->ip.l4;
	q->l4_len = len - q->ip.l4;
	return true;
}

/* RFC 1191 7.1: routers that do not tell; the next common size below. */
static u32 plateau(u32 len)
{
	static const u16 sizes[] = {
		32000, 17914, 8166, 4352, 2002, 1492, 1006, 576,
	};
	u32 i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (sizes[i] < len)
			return sizes[i];
	return 576;
}

/* RFC 792 and RFC 1122 3.2.2.1; errnos as in Linux. */
static bool meaning4(struct icmp_meaning *m, const struct dom_ev_ICMP *ev,
		     u32 quoted_len)
{
	static const struct {
		u8 err;
		u8 hard;
	} unreach[] = {
		{ E_NETUNREACH, 0 }, { E_HOSTUNREACH, 0 },
		{ E_NOPROTOOPT, 1 }, { E_CONNREFUSED, 1 },
		{ E_MSGSIZE, 0 }, { E_OPNOTSUPP, 0 },
		{ E_NETUNREACH, 1 }, { E_HOSTDOWN, 1 },
		{ E_NETUNREACH, 1 }, { E_NETUNREACH, 1 },
		{ E_HOSTUNREACH, 1 }, { E_NETUNREACH, 0 },
		{ E_HOSTUNREACH, 0 }, { E_HOSTUNREACH, 1 },
		{ E_HOSTUNREACH, 1 }, { E_HOSTUNREACH, 1 },
	};

	switch (ev->type) {
	case 3:			/* destination unreachable */
		if (ev->code >= sizeof(unreach) / sizeof(unreach[0]))
			return false;
		m->err = unreach[ev->code].err;
		m->hard = unreach[ev->code].hard;
		if (ev->code == 4) {
			m->mtu = ev->info & 0xffff;
			if (!m->mtu)
				m->mtu = plateau(quoted_len);
		}
		return true;
	case 11:		/* time exceeded */
		m->err = E_HOSTUNREACH;
		return true;
	case 12:		/* parameter problem */
		m->err = E_PROTO;
		m->hard = true;
		return true;
	}
	return false;		/* source quench: RFC 6633, ignored */
}

/* RFC 4443 3 */
static bool meaning6(struct icmp_meaning *m, const struct dom_ev_ICMP *ev)
{
	static const struct {
		u8 err;
		u8 hard;
	} unreach[] = {
		{ E_NETUNREACH, 0 }, { E_ACCES, 1 }, { E_HOSTUNREACH, 0 },
		{ E_HOSTUNREACH, 0 }, { E_CONNREFUSED, 1 }, { E_ACCES, 1 },
		{ E_ACCES, 1 },
	};

	switch (ev->type) {
	case 1:
		if (ev->code >= sizeof(unreach) / sizeof(unreach[0]))
			return false;
		m->err = unreach[ev->code].err;
		m->hard = unreach[ev->code].hard;
		return true;
	case 2:			/* packet too big */
		m->err = E_MSGSIZE;
		/* RFC 8201 4: below 1280 is no reason for smaller packets */
		m->mtu = ev->info < 1280 ? 1280 : ev->info;
		return true;
	case 3:
		m->err = E_HOSTUNREACH;
		return true;
	case 4:
		m->err = E_PROTO;
		m->hard = true;
		return true;
	}
	return false;
}

bool icmp_meaning(struct icmp_meaning *m, const struct dom_ev_ICMP *ev,
		  u32 quoted_len)
{
	m->err = 0;
	m->mtu = 0;
	m->hard = false;
	if (ev->family == 4)
		return meaning4(m, ev, quoted_len);
	return meaning6(m, ev);
}

void icmp_report(struct run *run, const struct dom_ev_ICMP *ev, u32 err,
		 bool fatal)
{
	struct dom_cmd_ERROR *c = RUN_CMD(run, ERROR, DOM_NO_HANDLE, 0);

	if (!c)
		return;
	c->err = err;
	c->info = ev->info;
	c->origin = ev->family == 4 ? 4 : 6;
	c->type = ev->type;
	c->code = ev->code;
	c->fatal = fatal;
}
