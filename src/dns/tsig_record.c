// SPDX-License-Identifier: GPL-3.0-or-later
// The TSIG record on the wire (RFC 8945, 4.2).
#include <string.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/tsig_internal.h"
#include "dns/types.h"

#define POINTER 0xc0

// Over a name without unpacking it: a transfer's messages hold thousands.
static void skip_name(struct wire_reader *r)
{
	for (;;) {
		uint8_t label = wire_read8(r);
		if (label == 0)
			return;
		if ((label & POINTER) == POINTER) {
			wire_read8(r);
			return;
		}
		wire_read_bytes(r, label);
	}
}

static uint16_t skip_record(struct wire_reader *r)
{
	skip_name(r);
	uint16_t type = wire_read16(r);
	wire_read_bytes(r, 6); // class, TTL
	wire_read_bytes(r, wire_read16(r));
	return type;
}

static void read_lower_name(struct wire_reader *r, uint8_t *name)
{
	wire_read_name(r, name);
	name_lower(name, name);
}

static void read_bounded(struct wire_reader *r, uint8_t *to, size_t room, uint16_t *length)
{
	*length = wire_read16(r);
	const uint8_t *bytes = wire_read_bytes(r, *length);
	if (bytes == NULL || *length > room) {
		r->failed = true;
		*length = 0;
		return;
	}
	memcpy(to, bytes, *length);
}

static int read_record(struct wire_reader *r, struct tsig_record *record)
{
	read_lower_name(r, record->key_name);
	wire_read16(r); // type, known already
	uint16_t class = wire_read16(r);
	uint32_t ttl = wire_read32(r);
	size_t rdata_length = wire_read16(r);
	if (class != CLASS_ANY || ttl != 0 || rdata_length != wire_reader_left(r))
		return ERR_FORMAT;
	read_lower_name(r, record->algorithm_name);
	record->algorithm = (enum tsig_algorithm)
		dnssec_tsig_algorithm_from_dname(record->algorithm_name);
	record->time_signed = wire_read48(r);
	record->fudge = wire_read16(r);
	read_bounded(r, record->mac, sizeof(record->mac), &record->mac_length);
	record->original_id = wire_read16(r);
	record->error = wire_read16(r);
	read_bounded(r, record->other, sizeof(record->other), &record->other_length);
	return r->failed || wire_reader_left(r) > 0 ? ERR_FORMAT : 0;
}

int tsig_record_find(const uint8_t *message, size_t length, size_t *start,
                     struct tsig_record *record)
{
	if (length < MESSAGE_HEADER || message_count(message, SECTION_ADDITIONAL) == 0)
		return 0;
	struct wire_reader r;
	wire_reader_init(&r, message, length);
	wire_read_bytes(&r, MESSAGE_HEADER);
	for (unsigned n = message_count(message, SECTION_QUESTION); n > 0 && !r.failed; n--) {
		skip_name(&r);
		wire_read32(&r);
	}
	unsigned records = (unsigned)message_count(message, SECTION_ANSWER) +
	                   message_count(message, SECTION_AUTHORITY) +
	                   message_count(message, SECTION_ADDITIONAL);
	for (; records > 0 && !r.failed; records--) {
		const uint8_t *at = r.at;
		if (skip_record(&r) != TYPE_TSIG || r.failed)
			continue;
		if (records > 1 || wire_reader_left(&r) > 0)
			return ERR_FORMAT;
		r.at = at;
		*start = (size_t)(at - message);
		return read_record(&r, record) == 0 ? 1 : ERR_FORMAT;
	}
	return 0;
}

size_t tsig_record_size(const struct tsig_record *record)
{
	return name_length(record->key_name) + 10 + name_length(record->algorithm_name) + 16 +
	       record->mac_length + record->other_length;
}

int tsig_record_append(const struct tsig_record *record, uint8_t *message, size_t *length,
                       size_t room)
{
	size_t owner = name_length(record->key_name);
	size_t size = tsig_record_size(record);
	uint16_t count = message_count(message, SECTION_ADDITIONAL);
	if (*length > room || size > room - *length || count == UINT16_MAX)
		return ERR_SPACE;
	struct wire_writer w;
	wire_writer_init(&w, message + *length, size);
	wire_write_bytes(&w, record->key_name, owner);
	wire_write16(&w, TYPE_TSIG);
	wire_write16(&w, CLASS_ANY);
	wire_write32(&w, 0);
	wire_write16(&w, (uint16_t)(size - owner - 10));
	wire_write_bytes(&w, record->algorithm_name, name_length(record->algorithm_name));
	wire_write48(&w, record->time_signed);
	wire_write16(&w, record->fudge);
	wire_write16(&w, record->mac_length);
	wire_write_bytes(&w, record->mac, record->mac_length);
	wire_write16(&w, record->original_id);
	wire_write16(&w, record->error);
	wire_write16(&w, record->other_length);
	wire_write_bytes(&w, record->other, record->other_length);
	wire_put16(message + 4 + 2 * SECTION_ADDITIONAL, (uint16_t)(count + 1));
	*length += size;
	return 0;
}

void tsig_record_init(struct tsig_record *record, const struct tsig_key *key,
                      const uint8_t *message, int64_t now)
{
	const uint8_t *algorithm =
		dnssec_tsig_algorithm_to_dname((dnssec_tsig_algorithm_t)key->algorithm);
	*record = (struct tsig_record){
		.algorithm = key->algorithm,
		.time_signed = (uint64_t)now,
		.fudge = TSIG_FUDGE,
		.original_id = message_id(message),
	};
	name_lower(record->key_name, key->name);
	if (algorithm != NULL)
		name_lower(record->algorithm_name, algorithm);
}

void tsig_strip(uint8_t *message)
{
	uint16_t count = message_count(message, SECTION_ADDITIONAL);
	wire_put16(message + 4 + 2 * SECTION_ADDITIONAL, (uint16_t)(count - 1));
}
