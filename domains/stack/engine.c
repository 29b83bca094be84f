// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine's front: what kind of instance is this?
 */
#include "tcp.h"

/* What the engine relies on to stay within its headers and windows. */
static bool config_valid(const struct stack_config *cfg)
{
	return (cfg->family | 2) == 6 && cfg->lport && cfg->rcv_wscale <= 14;
}

int stack_run(const struct dom_in *in, struct dom_out *out)
{
	const struct stack_config *cfg = (const struct stack_config *)in->config;

	if (likely(config_valid(cfg))) {
		switch (cfg->kind) {
		case STACK_TCP:
			return tcp_run(in, out);
		case STACK_LISTEN:
			return listen_run(in, out);
		case STACK_UDP:
			return udp_run(in, out);
		}
	}
	out->nr_slots = 0;
	out->flags = 0;
	return -1;
}
