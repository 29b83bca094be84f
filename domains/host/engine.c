// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine on the host: mailbox pages, event builders, command reading.
 */
#include <stdlib.h>
#include <string.h>

#include "engine.h"

struct eng *eng_new(const struct stack_config *cfg)
{
	struct eng *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->in.abi_version = DOM_ABI_VERSION;
	memcpy(e->in.config, cfg, sizeof(*cfg));
	if (cfg->kind == STACK_REASM) {
		e->reasm = calloc(1, reasm_size());
		if (!e->reasm) {
			free(e);
			return NULL;
		}
	}
	return e;
}

void eng_free(struct eng *e)
{
	if (e)
		free(e->reasm);
	free(e);
}

void eng_spawn(struct eng *e, const void *record, u32 len)
{
	memset(e->out.record, 0, sizeof(e->out.record));
	memcpy(e->out.record, record,
	       len < DOM_RECORD_MAX ? len : DOM_RECORD_MAX);
	memcpy(e->shadow, e->out.record, sizeof(e->shadow));
	e->in.record_len = DOM_RECORD_MAX;
}

void *eng_event(struct eng *e, u16 type, u32 handle, const void *inl,
		u32 inline_len)
{
	u32 n = dom_msg_slots(inline_len);
	struct dom_msg *m = &e->in.slot[e->in.nr_slots];

	if (n > DOM_IN_SLOTS - e->in.nr_slots)
		return NULL;
	memset(m, 0, n * sizeof(*m));
	m->hdr.type = type;
	m->hdr.inline_len = (u16)inline_len;
	m->hdr.handle = handle;
	if (inline_len)
		memcpy(m + 1, inl, inline_len);
	e->in.nr_slots += n;
	return m;
}

int eng_run(struct eng *e, u64 now_us)
{
	int ret;

	e->in.now_us = now_us;
	e->out.nr_slots = 0;
	e->out.flags = 0;
	ret = e->reasm ? reasm_run(e->reasm, &e->in, &e->out)
		       : stack_run(&e->in, &e->out);
	if (ret)
		return ret;
	e->in.nr_slots = 0;
	e->in.record_len = DOM_RECORD_MAX;
	memcpy(e->shadow, e->out.record, sizeof(e->shadow));
	return 0;
}

void eng_kill(struct eng *e)
{
	memcpy(e->out.record, e->shadow, sizeof(e->shadow));
	e->in.nr_slots = 0;
	e->out.nr_slots = 0;
	e->out.flags = 0;
	if (e->reasm)
		memset(e->reasm, 0, reasm_size());
}

const struct dom_msg *eng_command(const struct eng *e, u32 *pos)
{
	const struct dom_msg *m;
	u32 n;

	if (*pos >= e->out.nr_slots || e->out.nr_slots > DOM_OUT_SLOTS)
		return NULL;
	m = &e->out.slot[*pos];
	n = dom_msg_slots(m->hdr.inline_len);
	if (n > e->out.nr_slots - *pos)
		return NULL;
	*pos += n;
	return m;
}
