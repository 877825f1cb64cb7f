// SPDX-License-Identifier: GPL-3.0-or-later
// What comes in a transfer, record by record: the first SOA, the form that it
// decides, the zone or its steps, the last SOA (RFC 5936, 2.2; RFC 1995, 4).
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "dns/serial.h"
#include "replicate/fetch_stream_parts.h"

// Messages without a record are allowed (RFC 5936, 2.2), an endless row of
// them is not.
#define EMPTY_MESSAGES_MAX 100u

// A delta up to this size is made however small the zone is.
#define DELTA_ALWAYS ((size_t)64 * 1024)

// RFC 2181, 8: a TTL with the top bit set counts as 0.
#define TTL_MAX UINT32_C(0x7fffffff)

size_t fetch_delta_bound(const struct zone_version *base)
{
	struct zone_figures figures;

	zone_figures(base, &figures);
	return figures.bytes > DELTA_ALWAYS ? figures.bytes : DELTA_ALWAYS;
}

static int begin_draft(struct fetch_stream *stream, bool is_whole)
{
	const struct fetch_terms *terms = &stream->terms;
	int error;

	if (terms->base != NULL)
		error = zone_draft_from(terms->line, terms->base, &stream->draft);
	else
		error = zone_draft_new(terms->line, &stream->draft);
	if (error != 0) {
		stream->draft = NULL;
		return fetch_fail(stream, error, "failed: %s", error_text(error));
	}
	zone_draft_limit(stream->draft, terms->max_records, (size_t)terms->max_bytes);
	if (terms->base == NULL)
		return 0;
	error = delta_writer_new(stream->draft, fetch_delta_bound(terms->base), &stream->changes);
	if (error == 0 && is_whole)
		error = zone_draft_replace_begin(stream->draft);
	if (error != 0)
		return fetch_fail(stream, error, "failed: %s", error_text(error));
	stream->is_replacing = is_whole;
	return 0;
}

static int too_large(struct fetch_stream *stream)
{
	return fetch_fail(stream, ERR_LIMIT, "failed: the zone is larger than allowed (max-zone-size %" PRIu64
	                  ", max-records %zu; 0 is no limit), at record %" PRIu64,
	                  stream->terms.max_bytes, stream->terms.max_records, stream->figures.records);
}

static uint32_t bounded_ttl(const struct message_record *record)
{
	return record->ttl > TTL_MAX ? 0 : record->ttl;
}

static int add_record(struct fetch_stream *stream, const struct message_record *record, int length)
{
	char name[NAME_MAX_TEXT], type[DNS_TYPE_TEXT];
	int error = zone_draft_add(stream->draft, record->owner, record->type, bounded_ttl(record), stream->rdata,
	                           (uint16_t)length, NULL);

	if (error == 0)
		return 0;
	if (error == ERR_LIMIT)
		return too_large(stream);
	return fetch_fail(stream, error, "failed: %.100s %s, record %" PRIu64 ": %s", name_to_text(record->owner, name),
	                  dns_type_to_text(record->type, type), stream->figures.records, error_text(error));
}

static int first_soa(struct fetch_stream *stream, const struct message_record *record, int length)
{
	const struct fetch_terms *terms = &stream->terms;
	struct soa soa;
	char type[DNS_TYPE_TEXT];
	int error;

	if (record->type != TYPE_SOA || !name_equal(record->owner, terms->query->origin))
		return fetch_fail(stream, ERR_FORMAT, "failed: it begins with a record of type %s, not with the zone's SOA",
		                  dns_type_to_text(record->type, type));
	if ((size_t)length > sizeof stream->soa || soa_read(stream->rdata, (size_t)length, &soa) != 0)
		return fetch_fail(stream, ERR_FORMAT, "failed: its first SOA is malformed");
	memcpy(stream->soa, stream->rdata, (size_t)length);
	stream->soa_length = (uint16_t)length;
	stream->figures.serial = soa.serial;
	stream->figures.has_serial = true;
	if (terms->kind == FETCH_SOA
	    || (!terms->is_forced && terms->base != NULL && !serial_newer(soa.serial, zone_serial(terms->base)))) {
		stream->outcome = FETCH_UP_TO_DATE;
		return 0;
	}
	if (terms->kind == FETCH_IXFR) {
		stream->soa_ttl = bounded_ttl(record);
		stream->is_undecided = true;
		return 0;
	}
	error = begin_draft(stream, true);
	return error != 0 ? error : add_record(stream, record, length);
}

static int last_soa(struct fetch_stream *stream, const struct message_record *record, int length)
{
	struct soa soa;
	char name[NAME_MAX_TEXT];

	if (!name_equal(record->owner, stream->terms.query->origin))
		return fetch_fail(stream, ERR_FORMAT, "failed: record %" PRIu64 " is the SOA of another zone, %.150s",
		                  stream->figures.records, name_to_text(record->owner, name));
	if (soa_read(stream->rdata, (size_t)length, &soa) != 0)
		return fetch_fail(stream, ERR_FORMAT, "failed: its last SOA is malformed");
	if (soa.serial != stream->figures.serial)
		return fetch_fail(stream, ERR_FORMAT, "failed: the serial changed on the way, it began with %" PRIu32
		                  " and ends with %" PRIu32, stream->figures.serial, soa.serial);
	if (rdata_compare(TYPE_SOA, stream->rdata, (size_t)length, stream->soa, stream->soa_length) != 0)
		return fetch_fail(stream, ERR_FORMAT, "failed: the SOA at its end differs from the one at its beginning");
	stream->is_at_end = true;
	return 0;
}

// RFC 1995, 4: steps begin with the SOA that we have; anything else is the whole
// zone.
static int decide_form(struct fetch_stream *stream, const struct message_record *record, int length)
{
	const struct fetch_terms *terms = &stream->terms;
	struct soa soa;
	bool is_whole = record->type != TYPE_SOA
	                || (soa_read(stream->rdata, (size_t)length, &soa) == 0
	                    && soa.serial == stream->figures.serial);
	int error = begin_draft(stream, is_whole);

	stream->is_undecided = false;
	if (error != 0)
		return error;
	if (is_whole) {
		error = zone_draft_add(stream->draft, terms->query->origin, TYPE_SOA, stream->soa_ttl, stream->soa,
		                       stream->soa_length, NULL);
		return error == 0 ? 0 : fetch_fail(stream, error, "failed: %s", error_text(error));
	}
	stream->figures.is_incremental = true;
	stream->ixfr = (struct ixfr_stream){
		.draft = stream->draft,
		.origin = terms->query->origin,
		.serial = zone_serial(terms->base),
		.target = stream->figures.serial,
	};
	return 0;
}

static int take_step_record(struct fetch_stream *stream, const struct message_record *record, int length)
{
	char why[200] = "";
	int error = ixfr_stream_record(&stream->ixfr, record, bounded_ttl(record), stream->rdata, (uint16_t)length,
	                               why, sizeof why);

	stream->figures.removed = stream->ixfr.removed;
	stream->figures.added = stream->ixfr.added;
	if (error == IXFR_ENDED) {
		stream->is_at_end = true;
		return 0;
	}
	if (error == ERR_LIMIT)
		return too_large(stream);
	return error == 0 ? 0 : fetch_fail(stream, error, "failed: record %" PRIu64 ": %s", stream->figures.records, why);
}

static int take_record(struct fetch_stream *stream, const struct message_record *record,
                       const uint8_t *message, size_t message_length)
{
	char name[NAME_MAX_TEXT], type[DNS_TYPE_TEXT];
	int length;

	stream->figures.records++;
	if (stream->is_at_end)
		return fetch_fail(stream, ERR_FORMAT, "failed: there are records behind the last SOA");
	if (record->class != CLASS_IN || dns_type_is_meta(record->type))
		return fetch_fail(stream, ERR_FORMAT, "failed: record %" PRIu64 " (%.100s %s, class %u) is no zone data",
		                  stream->figures.records, name_to_text(record->owner, name),
		                  dns_type_to_text(record->type, type), record->class);
	if (!name_is_within(record->owner, stream->terms.query->origin))
		return fetch_fail(stream, ERR_RANGE, "failed: record %" PRIu64 " (%.100s %s) lies outside the zone",
		                  stream->figures.records, name_to_text(record->owner, name),
		                  dns_type_to_text(record->type, type));
	length = rdata_unpack(message, message_length, record, stream->rdata);
	if (length < 0)
		return fetch_fail(stream, ERR_FORMAT, "failed: record %" PRIu64 " (%.100s %s) is malformed",
		                  stream->figures.records, name_to_text(record->owner, name),
		                  dns_type_to_text(record->type, type));
	if (stream->soa_length == 0)
		return first_soa(stream, record, length);
	if (stream->is_undecided) {
		int error = decide_form(stream, record, length);
		if (error != 0)
			return error;
	}
	if (stream->figures.is_incremental)
		return take_step_record(stream, record, length);
	if (record->type == TYPE_SOA)
		return last_soa(stream, record, length);
	return add_record(stream, record, length);
}

int fetch_take_records(struct fetch_stream *stream, struct wire_reader *reader, size_t length)
{
	unsigned count = message_count(reader->start, SECTION_ANSWER);
	struct message_record record;

	if (count == 0) {
		if (stream->figures.messages == 1)
			return fetch_fail(stream, ERR_FORMAT, "failed: the answer is empty");
		if (++stream->empty_messages > EMPTY_MESSAGES_MAX)
			return fetch_fail(stream, ERR_FORMAT, "failed: over %u messages without a record", EMPTY_MESSAGES_MAX);
	}
	while (count-- > 0 && stream->outcome == FETCH_MORE) {
		if (!message_read_record(reader, &record))
			return fetch_fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " is malformed behind record %" PRIu64,
			                  stream->figures.messages, stream->figures.records);
		int error = take_record(stream, &record, reader->start, length);
		if (error != 0)
			return error;
	}
	// Who is asked for steps and has none may send the whole zone: its beginning
	// tells the serial, and the rest is of no use.
	if (stream->outcome == FETCH_UP_TO_DATE && message_count(reader->start, SECTION_ANSWER) > 1)
		stream->figures.has_rest = true;
	return 0;
}
