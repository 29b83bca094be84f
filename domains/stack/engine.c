// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine's front: what kind of instance is this?
 */
#include "tcp.h"

static bool config_valid(const struct stack_config *cfg)
{
	if (cfg->family != 4 && cfg->family != 6)
		return false;
	if (!cfg->lport || cfg->rcv_wscale > 14)
		return false;
	/* RFC 791 3.1, RFC 8200 5; a link below 1280 has no IPv6 */
	return cfg->mtu >= (cfg->family == 6 ? 1280 : 68) &&
	       cfg->mtu <= 65535 + IP6_HLEN;
}

int stack_run(const struct dom_in *in, struct dom_out *out)
{
	const struct stack_config *cfg = (const struct stack_config *)in->config;

	out->nr_slots = 0;
	out->flags = 0;
	if (unlikely(!config_valid(cfg)))
		return -1;
	switch (cfg->kind) {
	case STACK_TCP:
		return tcp_run(in, out);
	case STACK_LISTEN:
		return listen_run(in, out);
	case STACK_UDP:
		return udp_run(in, out);
	}
	return -1;
}
