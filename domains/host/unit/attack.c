// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attack tests: counting, the check afterwards, TAP.
 *
 *	attacks [NAME ...]
 */
#include <stdlib.h>
#include <string.h>

#include "attack.h"

u64 attack_work;

/* Called at each branch of the engine's objects (-fsanitize-coverage). */
void __sanitizer_cov_trace_pc(void)
{
	attack_work++;
}

/* Forget the packets that were sent; how many there were. */
u32 attack_swallow(struct attack *a)
{
	u32 n = a->s.nr_out, i;

	for (i = 0; i < n; i++)
		frame_put(a->s.out[i].f);
	a->s.nr_out = 0;
	a->answers += n;
	return n;
}

/* One packet, one run; its cost is checked. Answers stay for the caller. */
bool attack_pkt(struct attack *a, const struct pkt *p)
{
	struct script *s = &a->s;
	struct ep *ep = &s->ep[s->cur];
	u64 work = attack_work, commands = ep->commands, runs = ep->runs;
	struct frame *f = pkt_build(s, p);

	if (!frame_parse(f)) {
		frame_put(f);
		return true;
	}
	a->packets++;
	ep_rx(ep, f);
	if (!script_settle(s))
		return false;
	/* rehearsals double the work */
	work = (attack_work - work) / 2;
	commands = ep->commands - commands;
	if (work > a->max_work)
		a->max_work = work;
	if (commands > a->max_commands)
		a->max_commands = commands;
	if (work > ATTACK_WORK_MAX)
		return script_fail(s, "a packet cost %llu branches",
				   (unsigned long long)work);
	if (ep->runs - runs > 8)
		return script_fail(s, "a packet cost %llu runs",
				   (unsigned long long)(ep->runs - runs));
	return true;
}

/* Both directions still work, byte for byte. */
bool attack_intact(struct attack *a)
{
	struct script *s = &a->s;
	struct ep *ep = &s->ep[s->cur];
	const struct tcp_record *r = ep_tcp(ep);
	u64 in = ep->rcv_next, out = ep->tail;
	struct pkt p = { .flags = 0x18, .seq = (u32)r->rcv_nxt, .len = 1000,
			 .has_ack = true, .ack = (u32)r->snd_nxt, .port = 8080,
			 .has_win = true, .win = 60000 };

	attack_swallow(a);
	if (ep->state != TCPS_ESTABLISHED)
		return script_fail(s, "the connection is in state %u", ep->state);
	p.has_ack = true;
	if (!attack_pkt(a, &p))
		return false;
	if (ep->rcv_next != in + 1000)
		return script_fail(s, "data does not come in any more");
	attack_swallow(a);
	ep_send(ep, out + 1000, 0, 0);
	if (!script_settle(s) || !script_advance(s, s->now + 130000000, true))
		return false;
	if (!s->nr_out)
		return script_fail(s, "data does not go out any more");
	attack_swallow(a);
	p = (struct pkt){ .flags = 0x10, .seq = (u32)r->rcv_nxt, .has_ack = true,
			  .ack = (u32)(out + 1001), .port = 8080,
			  .has_win = true, .win = 60000 };
	if (!attack_pkt(a, &p))
		return false;
	/* what was held back goes now; the peer takes all of it */
	while (ep->una < out + 1000) {
		if (!script_advance(s, s->now + 130000000, true))
			return false;
		if (!attack_swallow(a))
			return script_fail(s, "acknowledged %llu of %llu",
					   (unsigned long long)ep->una,
					   (unsigned long long)out + 1000);
		p.ack = (u32)r->snd_nxt;
		if (!attack_pkt(a, &p))
			return false;
	}
	attack_swallow(a);
	return true;
}

static const struct {
	const char *name;
	const char *text;
	bool (*run)(struct attack *a);
} attacks[] = {
#define ATTACK(name, text) { #name, text, attack_##name },
#include "attacks.def"
#undef ATTACK
};

#define NR (sizeof(attacks) / sizeof(attacks[0]))

int main(int argc, char **argv)
{
	struct attack *a = malloc(sizeof(*a));
	u32 i, nr = 0;
	int failed = 0, k;

	printf("TAP version 13\n");
	if (argc == 1)
		printf("1..%u\n", (u32)NR);
	for (i = 0; i < NR; i++) {
		long frames = frames_alive;
		bool right, wanted = argc == 1;

		for (k = 1; k < argc; k++)
			wanted |= !strcmp(argv[k], attacks[i].name);
		if (!wanted)
			continue;
		memset(a, 0, sizeof(*a));
		script_start(&a->s, attacks[i].name);
		a->rng.state = rng_mix(i + 1);
		right = attacks[i].run(a);
		attack_swallow(a);
		script_end(&a->s);
		if (right && frames != frames_alive) {
			right = false;
			snprintf(a->s.bad, sizeof(a->s.bad), "frames were not given back");
		}
		printf("%s %u - attack/%s: %s\n", right ? "ok" : "not ok", ++nr,
		       attacks[i].name, attacks[i].text);
		/* only one build counts branches */
		if (!right || attack_work)
			printf("# %llu packets, %llu answers, at most %llu branches and %llu commands a packet\n",
			       (unsigned long long)a->packets,
			       (unsigned long long)a->answers,
			       (unsigned long long)a->max_work,
			       (unsigned long long)a->max_commands);
		if (!right) {
			printf("# %s\n", a->s.bad);
			failed++;
		}
	}
	free(a);
	return failed != 0;
}
