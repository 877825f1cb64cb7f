// SPDX-License-Identifier: GPL-3.0-or-later
// The messages of a transfer out: records of the zone or of its deltas, as many
// as fit, their owners compressed.
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "dns/edns.h"
#include "dns/message.h"
#include "dns/types.h"
#include "replicate/provide_parts.h"

#define OPT_EMPTY 11u

// Compression pointers reach so far into a message (RFC 1035, 4.1.4).
#define POINTER_REACH 0x4000u

// What a message is filled up to: beyond this, larger messages gain nothing.
#define MESSAGE_FILL 65535u

static void write_header(struct provide *provide, struct wire_writer *writer)
{
	wire_write16(writer, provide->id);
	wire_write16(writer, FLAG_QR | FLAG_AA);
	wire_write16(writer, provide->is_first ? 1 : 0);
	wire_write16(writer, 0);
	wire_write32(writer, 0);
	provide->origin_at = 0;
	provide->owner_at = 0;
	if (!provide->is_first)
		return;
	// RFC 5936, 2.2.1: the question stands in the first message.
	provide->origin_at = MESSAGE_HEADER;
	wire_write_bytes(writer, zone_origin(provide->version), provide->origin_length);
	wire_write16(writer, provide->type);
	wire_write16(writer, CLASS_IN);
}

// The owner of the record to come: a pointer to the one before it, or its own
// labels and a pointer to the zone's name, as far as pointers reach.
static size_t compress_owner(const struct provide *provide, uint8_t owner[static NAME_MAX_WIRE + 2])
{
	size_t relative = (size_t)provide->owner_length - provide->origin_length;

	if (provide->owner_at != 0) {
		wire_put16(owner, (uint16_t)(0xc000u | provide->owner_at));
		return 2;
	}
	if (provide->origin_at == 0) {
		memcpy(owner, provide->set_owner, provide->owner_length);
		return provide->owner_length;
	}
	bytes_copy(owner, provide->set_owner, relative);
	wire_put16(owner + relative, (uint16_t)(0xc000u | provide->origin_at));
	return relative + 2;
}

static void remember_owner(struct provide *provide, size_t at, size_t written)
{
	size_t relative = (size_t)provide->owner_length - provide->origin_length;

	if (at + relative >= POINTER_REACH)
		return;
	if (provide->owner_at == 0)
		provide->owner_at = relative == 0 && provide->origin_at != 0 ? provide->origin_at : (uint16_t)at;
	if (provide->origin_at == 0 && written == provide->owner_length)
		provide->origin_at = (uint16_t)(at + relative);
}

// Writes one record; false where it does not fit.
static bool write_record(struct provide *provide, struct wire_writer *writer)
{
	const struct delta_record *change = &provide->change;
	uint8_t owner[NAME_MAX_WIRE + 2];
	size_t owner_length = compress_owner(provide, owner);
	// Stored records begin with a two-byte owner, which is left out.
	size_t rest = RECORD_RDATA - 2u;
	size_t at = wire_writer_length(writer);

	rest += provide->is_change ? change->rdata_length : wire_get16(provide->record + RECORD_RDLENGTH);
	if (wire_writer_room(writer) < owner_length + rest)
		return false;
	bytes_copy(writer->at, owner, owner_length);
	writer->at += owner_length;
	if (provide->is_change) {
		wire_write16(writer, change->type);
		wire_write16(writer, CLASS_IN);
		wire_write32(writer, change->ttl);
		wire_write16(writer, change->rdata_length);
		wire_write_bytes(writer, change->rdata, change->rdata_length);
	} else {
		bytes_copy(writer->at, provide->record + 2, rest);
		writer->at += rest;
	}
	remember_owner(provide, at, owner_length);
	provide->records++;
	return true;
}

// A node's sets come one behind another: they share their first owner.
static void set_owner(struct provide *provide, const uint8_t *owner, uint8_t length)
{
	if (length == provide->owner_length && bytes_equal(owner, provide->set_owner, length))
		return;
	bytes_copy(provide->set_owner, owner, length);
	provide->owner_length = length;
	provide->owner_at = 0;
}

// Makes the next record of the deltas the current one. False at their end.
static bool next_change(struct provide *provide)
{
	enum delta_phase phase;

	while (provide->step == 0 || !delta_cursor_next(&provide->steps, &phase, &provide->change)) {
		if (provide->step == provide->chain.count)
			return false;
		delta_cursor_start(&provide->steps, provide->chain.delta[provide->step++]);
	}
	set_owner(provide, provide->change.owner, (uint8_t)name_length(provide->change.owner));
	provide->is_change = true;
	provide->left = 1;
	return true;
}

// Makes the next record the current one. False at the end of the zone.
static bool next_record(struct provide *provide)
{
	if (provide->left > 0)
		return true;
	if (provide->is_soa_sent)
		return false;
	if (provide->has_set && provide->what == PROVIDE_SERIAL) {
		provide->is_soa_sent = true;
		return false;
	}
	if (provide->has_set && provide->what == PROVIDE_DELTAS && next_change(provide))
		return true;
	provide->is_change = false;
	if (!(provide->has_set && provide->what == PROVIDE_DELTAS)
	    && zone_cursor_next(&provide->cursor, &provide->set)) {
		set_owner(provide, provide->cursor.owner, provide->cursor.owner_length);
	} else {
		// The SOA once more ends it.
		provide->is_soa_sent = true;
		zone_soa(provide->version, &provide->set);
		set_owner(provide, zone_origin(provide->version), (uint8_t)provide->origin_length);
	}
	provide->has_set = true;
	provide->record = provide->set.wire;
	provide->left = provide->set.count;
	return true;
}

// The first message answers the request's EDNS (RFC 6891, 6.1.1).
static size_t opt_size(const struct provide *provide)
{
	if (!provide->is_first || !provide->has_edns)
		return 0;
	return provide->wants_expire ? OPT_EMPTY + 8 : OPT_EMPTY;
}

static void write_opt(const struct provide *provide, struct wire_writer *writer, uint8_t *message)
{
	struct edns_writer edns;
	uint8_t expire[4];

	if (opt_size(provide) == 0)
		return;
	edns_write_begin(&edns, writer, EDNS_OWN_SIZE, 0, false);
	wire_put32(expire, provide->expire);
	if (provide->wants_expire)
		edns_write_option(&edns, EDNS_EXPIRE, expire, sizeof expire);
	edns_write_end(&edns);
	wire_put16(message + 10, 1);
}

void provide_shorten(struct provide *provide)
{
	provide_chain_free(&provide->chain);
	provide->what = PROVIDE_SERIAL;
	provide->is_first = true;
	provide->is_soa_sent = provide->has_set = provide->is_change = false;
	provide->left = 0;
	provide->records = provide->bytes = provide->messages = 0;
	provide->owner_length = 0;
	zone_cursor_start(&provide->cursor, provide->version);
}

int provide_next(struct provide *provide, uint8_t *message, size_t room,
                 size_t *length, bool *last)
{
	struct wire_writer writer;
	unsigned count = 0;
	size_t opt = opt_size(provide);
	bool is_more;

	wire_writer_init(&writer, message, room < MESSAGE_FILL ? room : MESSAGE_FILL);
	write_header(provide, &writer);
	if (writer.full || wire_writer_room(&writer) < opt)
		return ERR_SPACE;
	writer.end -= opt;
	while ((is_more = next_record(provide)) && count < UINT16_MAX) {
		if (!write_record(provide, &writer))
			break;
		count++;
		provide->left--;
		if (!provide->is_change)
			provide->record = record_next(provide->record);
	}
	if (count == 0)
		return room < MESSAGE_FILL && provide->is_first ? ERR_SPACE : ERR_RANGE;
	wire_put16(message + 6, (uint16_t)count);
	writer.end += opt;
	write_opt(provide, &writer, message);
	provide->is_first = false;
	provide->messages++;
	*length = wire_writer_length(&writer);
	provide->bytes += *length + 2;
	*last = !is_more;
	return 0;
}

int provide_refuse(struct provide *provide, uint16_t rcode, const char *why, uint8_t *message, size_t room,
                   size_t *length)
{
	struct wire_writer writer;
	struct edns_writer edns;

	wire_writer_init(&writer, message, room);
	wire_write16(&writer, provide->id);
	wire_write16(&writer, (uint16_t)(FLAG_QR | rcode));
	wire_write16(&writer, 1);
	wire_write16(&writer, 0);
	wire_write32(&writer, 0);
	wire_write_bytes(&writer, provide->ask.origin, provide->origin_length);
	wire_write16(&writer, provide->type);
	wire_write16(&writer, CLASS_IN);
	if (provide->has_edns) {
		edns_write_begin(&edns, &writer, EDNS_OWN_SIZE, 0, false);
		edns_write_error(&edns, EDE_OTHER, why);
		edns_write_end(&edns);
		wire_put16(message + 10, 1);
	}
	*length = wire_writer_length(&writer);
	provide->is_first = false;
	provide->blame = why;
	return writer.full ? ERR_SPACE : 0;
}
