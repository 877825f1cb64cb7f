// SPDX-License-Identifier: GPL-3.0-or-later
// What the server says of itself: the names in class CHAOS that BIND made a
// custom and RFC 4892 wrote down. Answered without AA, as NSD and Knot do:
// nobody delegated them.
#include "answer/reply.h"

#include <string.h>

static const char *text_for(const struct answer_identity *identity, const uint8_t *name)
{
	const struct { const char *name; const char *text; } known[] = {
		{ "\7version\4bind", identity->version },
		{ "\7version\6server", identity->version },
		{ "\10hostname\4bind", identity->hostname },
		{ "\2id\6server", identity->server_id },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp((const char *)name, known[i].name) == 0)
			return known[i].text;
	return NULL;
}

void reply_chaos(struct reply *r)
{
	uint8_t record[RECORD_RDATA + 1 + UINT8_MAX] = { 0xc0, MESSAGE_HEADER };
	uint16_t type = r->answer->type;
	const char *text = NULL;
	if (type == TYPE_TXT || type == TYPE_ANY)
		text = text_for(r->identity, r->name->wire);
	if (text == NULL) {
		r->rcode = RCODE_REFUSED;
		return;
	}
	size_t length = strnlen(text, UINT8_MAX);
	wire_put16(record + 2, TYPE_TXT);
	wire_put16(record + 4, CLASS_CH);
	wire_put16(record + RECORD_RDLENGTH, (uint16_t)(length + 1));
	record[RECORD_RDATA] = (uint8_t)length;
	memcpy(record + RECORD_RDATA + 1, text, length);
	struct rrset set = { record, (uint32_t)(RECORD_RDATA + 1 + length), 0, 1, TYPE_TXT, false };
	reply_require(r, owner_of_name(r), &set, NULL, TTL_AS_STORED);
}
