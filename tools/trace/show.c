// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells runs in text: messages with their fields from the contract, TCP
 * headers decoded, the record's main numbers.
 */
#include <string.h>

#include "trace.h"

static u32 be16(const u8 *p)
{
	return (u32)p[0] << 8 | p[1];
}

static u32 be32(const u8 *p)
{
	return be16(p) << 16 | be16(p + 2);
}

static void show_tcp(const u8 *t, u32 len)
{
	static const char names[] = "FSRPAUEC";
	u32 i, hlen = (u32)(t[12] >> 4) * 4;

	printf(" tcp %u>%u ", be16(t), be16(t + 2));
	for (i = 0; i < 8; i++)
		if (t[13] & 1u << i)
			putchar(names[i]);
	printf(" seq %u ack %u win %u", be32(t + 4), be32(t + 8), be16(t + 14));
	if (t[13] & 0x20)
		printf(" urg %u", be16(t + 18));
	for (i = 20; i + 1 < hlen && i + 1 < len;) {
		u32 n = t[i] <= 1 ? 1 : t[i + 1];

		if (!t[i] || !n || i + n > len)
			break;
		if (t[i] == 2 && n == 4)
			printf(" mss %u", be16(t + i + 2));
		if (t[i] == 3 && n == 3)
			printf(" ws %u", t[i + 2]);
		if (t[i] == 4)
			printf(" sackok");
		if (t[i] == 8 && n == 10)
			printf(" ts %u %u", be32(t + i + 2), be32(t + i + 6));
		if (t[i] == 5) {
			u32 k;

			printf(" sack");
			for (k = 2; k + 8 <= n; k += 8)
				printf(" %u:%u", be32(t + i + k),
				       be32(t + i + k + 4));
		}
		i += n;
	}
}

static void show_packet(const u8 *p, u32 len)
{
	u32 off, proto;

	if (len < 20)
		return;
	if (p[0] >> 4 == 6) {
		if (len < 40)
			return;
		off = 40;
		proto = p[6];
	} else {
		off = (p[0] & 15u) * 4;
		proto = p[9];
	}
	if (proto == 6 && off + 20 <= len)
		show_tcp(p + off, len - off);
	else if (proto == 17 && off + 8 <= len)
		printf(" udp %u>%u", be16(p + off), be16(p + off + 2));
}

#define DOM_FIELD(type, name, check, bound) \
	if (m->name)                        \
		printf(" " #name " %llu", (unsigned long long)m->name);

#define DOM_COMMAND(NAME, id, class, handle, inl, fields)
#define DOM_EVENT(NAME, id, class, handle, inl, fields)            \
	case id: {                                                 \
		const struct dom_ev_##NAME *m = (const void *)msg; \
                                                                   \
		printf(#NAME);                                     \
		fields return;                                     \
	}
static void show_event(const struct dom_msg *msg)
{
	switch (msg->hdr.type) {
#include "../../domains/abi/contract.def"
	}
	printf("event %u", msg->hdr.type);
}

#undef DOM_EVENT
#undef DOM_COMMAND
#define DOM_EVENT(NAME, id, class, handle, inl, fields)
#define DOM_COMMAND(NAME, id, class, handle, inl, fields)           \
	case id: {                                                  \
		const struct dom_cmd_##NAME *m = (const void *)msg; \
                                                                    \
		printf(#NAME);                                      \
		fields return;                                      \
	}
static void show_command(const struct dom_msg *msg)
{
	switch (msg->hdr.type) {
#include "../../domains/abi/contract.def"
	}
	printf("command %u", msg->hdr.type);
}

static void show_messages(const struct dom_msg *slot, u32 nr, bool events)
{
	u32 i = 0, n;

	while (i < nr) {
		const struct dom_msg *m = &slot[i];

		n = dom_msg_slots(m->hdr.inline_len);
		printf(events ? "  < " : "  > ");
		if (events)
			show_event(m);
		else
			show_command(m);
		if (m->hdr.handle)
			printf(" handle %#x", m->hdr.handle);
		if (n > nr - i) {
			printf(" (cut off)\n");
			return;
		}
		if (m->hdr.type == (events ? DOM_EV_RX : DOM_CMD_XMIT) ||
		    (events && m->hdr.type == DOM_EV_ICMP))
			show_packet((const u8 *)(m + 1), m->hdr.inline_len);
		putchar('\n');
		i += n;
	}
}

static void show_tcp_record(const struct tcp_record *r, const char *indent)
{
	static const char *const timers[] = { "none", "rto", "tlp", "reorder",
					      "persist" };
	u32 i;

	printf("%sstate %u flags %#x ca %u; una %llu nxt %llu tail %llu; rcv %llu adv %llu edge %llu\n",
	       indent, r->head.state, r->flags, r->ca_state,
	       (unsigned long long)r->snd_una, (unsigned long long)r->snd_nxt,
	       (unsigned long long)r->snd_tail, (unsigned long long)r->rcv_nxt,
	       (unsigned long long)r->rcv_adv, (unsigned long long)r->rcv_edge);
	printf("%swnd %u cwnd %u ssthresh %u mss %u pmtu %u srtt %u rto %u backoff %u; timer %s %llu delack %llu keep %llu life %llu deadline %llu\n",
	       indent, r->snd_wnd, r->cwnd, r->ssthresh, r->mss, r->pmtu,
	       r->srtt >> 3, r->rto, r->backoff,
	       r->timer_kind < 5 ? timers[r->timer_kind] : "?",
	       (unsigned long long)r->t_rtx, (unsigned long long)r->t_delack,
	       (unsigned long long)r->t_keep, (unsigned long long)r->t_life,
	       (unsigned long long)r->deadline);
	if (r->nr_ooo) {
		printf("%sout of order:", indent);
		for (i = 0; i < r->nr_ooo && i < TCP_OOO_MAX; i++)
			printf(" %u:%u", r->ooo[i].start_seq,
			       r->ooo[i].end_seq);
		putchar('\n');
	}
	if (r->nr_tx) {
		printf("%sin flight:", indent);
		for (i = 0; i < r->nr_tx && i < TCP_TX_MAX; i++)
			printf(" ..%u%s%s%s", r->tx[i].end_seq,
			       r->tx[i].stamp & TCP_TX_SACKED ? "S" : "",
			       r->tx[i].stamp & TCP_TX_LOST ? "L" : "",
			       r->tx[i].stamp & TCP_TX_RETRANS ? "R" : "");
		putchar('\n');
	}
}

/* The record's main numbers. */
void show_record(const u8 *rec, const char *indent)
{
	const struct record_head *h = (const void *)rec;
	const struct listen_record *l = (const void *)rec;
	const struct udp_record *u = (const void *)rec;

	switch (h->kind) {
	case STACK_TCP:
		show_tcp_record((const void *)rec, indent);
		break;
	case STACK_LISTEN:
		printf("%slistener: state %u, backlog %u, queued %u, %u handshakes, cookies %u sent %u right %u wrong\n",
		       indent, h->state, l->backlog, l->queued, l->nr_syn,
		       l->cookies_sent, l->cookies_ok, l->cookies_bad);
		break;
	case STACK_UDP:
		printf("%sUDP: sent %llu, pmtu %u, %u in, %u out, %u dropped\n",
		       indent, (unsigned long long)u->sent, u->pmtu, u->in,
		       u->out, u->drops);
		break;
	}
}

void show_run(const struct trace_run *r, u64 first_us, bool record)
{
	printf("%.6f instance %llu%s%s%s\n",
	       (double)(r->e.now_us - first_us) / 1e6,
	       (unsigned long long)r->e.id,
	       r->e.flags & TRACE_REFUSED ? " refused" : "",
	       r->e.flags & TRACE_DIED ? " died" : "",
	       r->e.out_flags & DOM_OUT_MORE ? " more" : "");
	show_messages(r->in, r->e.nr_in, true);
	show_messages(r->out, r->e.nr_out, false);
	if (record)
		show_record(r->after, "    ");
}
