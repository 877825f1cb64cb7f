// SPDX-License-Identifier: GPL-3.0-or-later
#include "dns/message.h"

bool message_read_question(struct wire_reader *r, struct message_question *question)
{
	wire_read_name(r, question->name);
	question->type = wire_read16(r);
	question->class = wire_read16(r);
	return !r->failed;
}

bool message_read_record(struct wire_reader *r, struct message_record *record)
{
	record->start = r->at;
	wire_read_name(r, record->owner);
	record->type = wire_read16(r);
	record->class = wire_read16(r);
	record->ttl = wire_read32(r);
	record->rdata_length = wire_read16(r);
	record->rdata = wire_read_bytes(r, record->rdata_length);
	return !r->failed;
}
