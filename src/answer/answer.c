// SPDX-License-Identifier: GPL-3.0-or-later
#include "answer/answer.h"

#include <string.h>

#include "answer/reply.h"

static const char *ede_text(int ede)
{
	switch (ede) {
	case EDE_NOT_READY: return "zone is not loaded yet";
	case EDE_INVALID_DATA: return "zone has expired";
	default: return NULL;
	}
}

static void write_settled(struct reply *r, uint16_t rcode, int ede, const char *text)
{
	r->rcode = rcode;
	r->ede = (int8_t)ede;
	r->ede_text = text;
	if (ede != EDE_NONE && r->opt_room != 0) {
		size_t room = wire_writer_room(&r->w);
		if (room < 6) // code, length and info code
			r->ede = EDE_NONE;
		else if (text != NULL && room < 6 + strlen(text))
			r->ede_text = NULL;
	}
}

static bool may_ask(const struct answer *answer, const struct answer_request *request)
{
	// Transfers and NOTIFY have lists of their own, which others look at.
	if (answer->zone == NULL || (answer->settled && answer->rcode != RCODE_SERVFAIL))
		return true;
	const struct acl *acl = atomic_load_explicit(&answer->zone->allow_query, memory_order_acquire);
	return acl == NULL || acl_allows(acl, request->source, request->key_name);
}

void answer_write(const struct answer_identity *identity, const struct answer_request *request, struct answer *answer)
{
	struct reply r;
	answer->length = 0;
	if (answer->action != ANSWER_REPLY)
		return;
	reply_open(&r, answer, identity, request);
	if (!may_ask(answer, request))
		write_settled(&r, RCODE_REFUSED, EDE_PROHIBITED, NULL);
	else if (answer->settled)
		write_settled(&r, answer->rcode, answer->ede, ede_text(answer->ede));
	else if (answer->chaos)
		reply_chaos(&r);
	else
		reply_from_zone(&r);
	reply_close(&r);
}

void answer(const struct zone_table *zones, const struct answer_identity *identity,
            const struct answer_request *request, struct answer *answer)
{
	answer_prepare(zones, request, answer, 1);
	answer_write(identity, request, answer);
}

size_t answer_error(const struct answer_request *request, const struct answer *parsed,
                    uint16_t rcode, int ede, const char *text)
{
	static const struct answer_identity nobody = { .udp_size = 0 };
	struct answer copy = *parsed;
	struct reply r;
	reply_open(&r, &copy, &nobody, request);
	write_settled(&r, rcode, ede, text);
	reply_close(&r);
	return copy.length;
}
