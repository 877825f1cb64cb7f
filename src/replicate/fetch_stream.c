// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/fetch_stream.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dns/serial.h"
#include "replicate/ixfr_stream.h"

// Messages without a record are allowed (RFC 5936, 2.2), an endless row of
// them is not.
#define EMPTY_MESSAGES_MAX 100u

// A delta up to this size is made however small the zone is.
#define DELTA_ALWAYS ((size_t)64 * 1024)

// RFC 2181, 8: a TTL with the top bit set counts as 0.
#define TTL_MAX UINT32_C(0x7fffffff)

struct fetch_stream {
	struct fetch_terms terms;
	struct zone_draft *draft;
	struct delta_writer *changes; // of the draft; NULL: it began empty
	struct tsig_stream *tsig;
	struct fetch_figures figures;
	unsigned empty_messages;
	int outcome;          // FETCH_MORE until it is over
	bool is_replacing;    // between replace_begin and replace_end
	bool is_undecided;    // IXFR: the record behind the first SOA tells its form
	bool is_at_end;       // the second SOA has come
	struct ixfr_stream ixfr;
	uint32_t soa_ttl;
	uint16_t soa_length;  // of the first SOA's rdata
	uint8_t soa[2 * NAME_MAX_WIRE + 20];
	// A message whose bytes came in more than one piece.
	size_t partial;       // bytes in `message`, with the length before it
	uint8_t message[2 + MESSAGE_MAX];
	uint8_t rdata[RDATA_MAX];
	char why[256];
};

int fetch_stream_new(const struct fetch_terms *terms, struct fetch_stream **stream)
{
	struct fetch_stream *made = malloc(sizeof *made);
	int error;

	if (made == NULL)
		return ERR_MEMORY;
	// The two large buffers need no clearing.
	memset(made, 0, offsetof(struct fetch_stream, message));
	made->why[0] = '\0';
	made->terms = *terms;
	if (terms->query->key != NULL) {
		error = tsig_stream_new(terms->query->key, terms->query->mac, terms->query->mac_length, &made->tsig);
		if (error != 0) {
			free(made);
			return error;
		}
	}
	*stream = made;
	return 0;
}

static void drop_draft(struct fetch_stream *stream)
{
	if (stream->draft != NULL)
		zone_draft_abandon(stream->draft);
	stream->draft = NULL;
	delta_writer_abandon(stream->changes);
	stream->changes = NULL;
}

void fetch_stream_free(struct fetch_stream *stream)
{
	if (stream == NULL)
		return;
	drop_draft(stream);
	if (stream->tsig != NULL)
		tsig_stream_free(stream->tsig);
	free(stream);
}

__attribute__((format(printf, 3, 4)))
static int fail(struct fetch_stream *stream, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(stream->why, sizeof stream->why, format, arguments);
	va_end(arguments);
	drop_draft(stream);
	stream->outcome = error;
	return error;
}

// --- the message around the records

static int verify(struct fetch_stream *stream, uint8_t *message, size_t *length, int64_t now)
{
	struct tsig_verdict verdict = { 0 };
	char sentence[200], rcode[DNS_TYPE_TEXT];
	int error;

	if (stream->tsig == NULL)
		return 0;
	error = tsig_stream_verify(stream->tsig, message, *length, length, now, &verdict);
	if (error == 0 && stream->figures.messages == 1 && !verdict.was_signed)
		error = ERR_KEY;
	if (error == 0)
		return 0;
	if (!verdict.was_signed && message_rcode(message) != RCODE_NOERROR)
		return fail(stream, message_rcode(message) == RCODE_NOTAUTH ? ERR_KEY : ERR_DENIED, "refused: %s (not signed)%s",
		            dns_rcode_to_text((uint16_t)message_rcode(message), rcode),
		            query_advice_unsigned(message_rcode(message)));
	query_explain_tsig(stream->terms.query, &verdict, error, sentence, sizeof sentence);
	return fail(stream, error, "refused: %s", sentence);
}

static int check_header(struct fetch_stream *stream, const uint8_t *message)
{
	if (message_id(message) != stream->terms.query->id)
		return fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " has the ID %u, we asked with %u",
		            stream->figures.messages, message_id(message), stream->terms.query->id);
	if ((message_flags(message) & FLAG_QR) == 0)
		return fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " is a query, not an answer",
		            stream->figures.messages);
	if (message_opcode(message) != OPCODE_QUERY)
		return fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " has the opcode %u",
		            stream->figures.messages, message_opcode(message));
	// By UDP a lame answer is no answer either; in transfers AA is not asked for
	// by all who serve them (RFC 5936, 2.2.1).
	if (stream->terms.kind == FETCH_SOA && (message_flags(message) & FLAG_AA) == 0
	    && message_rcode(message) == RCODE_NOERROR)
		return fail(stream, ERR_NOT_FOUND, "failed: the answer is not authoritative");
	return 0;
}

static int check_rcode(struct fetch_stream *stream, const uint8_t *message)
{
	unsigned rcode = message_rcode(message);
	char text[DNS_TYPE_TEXT];

	if (rcode == RCODE_REFUSED || rcode == RCODE_NOTAUTH)
		return fail(stream, ERR_DENIED, "refused: %s, %s", dns_rcode_to_text((uint16_t)rcode, text),
		            rcode == RCODE_REFUSED ? "their access list does not allow us"
		                                   : "they do not serve the zone, or do not know the key");
	if (rcode != RCODE_NOERROR)
		return fail(stream, ERR_DENIED, "failed: they answered %s", dns_rcode_to_text((uint16_t)rcode, text));
	if ((message_flags(message) & FLAG_TC) != 0)
		return fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " is truncated (TC) though it came by TCP",
		            stream->figures.messages);
	return 0;
}

// RFC 5936, 2.2.1: the first message repeats the question, others may.
static int check_question(struct fetch_stream *stream, struct wire_reader *reader)
{
	unsigned count = message_count(reader->start, SECTION_QUESTION);
	struct message_question question;

	if (count > 1 || (count == 0 && stream->figures.messages == 1))
		return fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " has %u questions",
		            stream->figures.messages, count);
	if (count == 0)
		return 0;
	if (!message_read_question(reader, &question))
		return fail(stream, ERR_FORMAT, "failed: the question of message %" PRIu64 " is malformed",
		            stream->figures.messages);
	if (question.type != stream->terms.query->type || question.class != CLASS_IN
	    || !name_equal(question.name, stream->terms.query->origin))
		return fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " answers another question than ours",
		            stream->figures.messages);
	return 0;
}

// --- the records

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
		return fail(stream, error, "failed: %s", error_text(error));
	}
	zone_draft_limit(stream->draft, terms->max_records, (size_t)terms->max_bytes);
	if (terms->base == NULL)
		return 0;
	error = delta_writer_new(stream->draft, fetch_delta_bound(terms->base), &stream->changes);
	if (error == 0 && is_whole)
		error = zone_draft_replace_begin(stream->draft);
	if (error != 0)
		return fail(stream, error, "failed: %s", error_text(error));
	stream->is_replacing = is_whole;
	return 0;
}

static int too_large(struct fetch_stream *stream)
{
	return fail(stream, ERR_LIMIT, "failed: the zone is larger than allowed (max-zone-size %" PRIu64
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
	return fail(stream, error, "failed: %.100s %s, record %" PRIu64 ": %s", name_to_text(record->owner, name),
	            dns_type_to_text(record->type, type), stream->figures.records, error_text(error));
}

static int first_soa(struct fetch_stream *stream, const struct message_record *record, int length)
{
	const struct fetch_terms *terms = &stream->terms;
	struct soa soa;
	char type[DNS_TYPE_TEXT];
	int error;

	if (record->type != TYPE_SOA || !name_equal(record->owner, terms->query->origin))
		return fail(stream, ERR_FORMAT, "failed: it begins with a record of type %s, not with the zone's SOA",
		            dns_type_to_text(record->type, type));
	if ((size_t)length > sizeof stream->soa || soa_read(stream->rdata, (size_t)length, &soa) != 0)
		return fail(stream, ERR_FORMAT, "failed: its first SOA is malformed");
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
		return fail(stream, ERR_FORMAT, "failed: record %" PRIu64 " is the SOA of another zone, %.150s",
		            stream->figures.records, name_to_text(record->owner, name));
	if (soa_read(stream->rdata, (size_t)length, &soa) != 0)
		return fail(stream, ERR_FORMAT, "failed: its last SOA is malformed");
	if (soa.serial != stream->figures.serial)
		return fail(stream, ERR_FORMAT, "failed: the serial changed on the way, it began with %" PRIu32
		            " and ends with %" PRIu32, stream->figures.serial, soa.serial);
	if (rdata_compare(TYPE_SOA, stream->rdata, (size_t)length, stream->soa, stream->soa_length) != 0)
		return fail(stream, ERR_FORMAT, "failed: the SOA at its end differs from the one at its beginning");
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
		return error == 0 ? 0 : fail(stream, error, "failed: %s", error_text(error));
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
	return error == 0 ? 0 : fail(stream, error, "failed: record %" PRIu64 ": %s", stream->figures.records, why);
}

static int take_record(struct fetch_stream *stream, const struct message_record *record,
                       const uint8_t *message, size_t message_length)
{
	char name[NAME_MAX_TEXT], type[DNS_TYPE_TEXT];
	int length;

	stream->figures.records++;
	if (stream->is_at_end)
		return fail(stream, ERR_FORMAT, "failed: there are records behind the last SOA");
	if (record->class != CLASS_IN || dns_type_is_meta(record->type))
		return fail(stream, ERR_FORMAT, "failed: record %" PRIu64 " (%.100s %s, class %u) is no zone data",
		            stream->figures.records, name_to_text(record->owner, name),
		            dns_type_to_text(record->type, type), record->class);
	if (!name_is_within(record->owner, stream->terms.query->origin))
		return fail(stream, ERR_RANGE, "failed: record %" PRIu64 " (%.100s %s) lies outside the zone",
		            stream->figures.records, name_to_text(record->owner, name),
		            dns_type_to_text(record->type, type));
	length = rdata_unpack(message, message_length, record, stream->rdata);
	if (length < 0)
		return fail(stream, ERR_FORMAT, "failed: record %" PRIu64 " (%.100s %s) is malformed",
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

static int take_records(struct fetch_stream *stream, struct wire_reader *reader, size_t length)
{
	unsigned count = message_count(reader->start, SECTION_ANSWER);
	struct message_record record;

	if (count == 0) {
		if (stream->figures.messages == 1)
			return fail(stream, ERR_FORMAT, "failed: the answer is empty");
		if (++stream->empty_messages > EMPTY_MESSAGES_MAX)
			return fail(stream, ERR_FORMAT, "failed: over %u messages without a record", EMPTY_MESSAGES_MAX);
	}
	while (count-- > 0 && stream->outcome == FETCH_MORE) {
		if (!message_read_record(reader, &record))
			return fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " is malformed behind record %" PRIu64,
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

static int finish(struct fetch_stream *stream)
{
	int error;

	if (stream->tsig != NULL && !tsig_stream_complete(stream->tsig))
		return fail(stream, ERR_KEY, "refused: the last message is not signed");
	if (stream->is_replacing) {
		error = zone_draft_replace_end(stream->draft);
		if (error != 0)
			return fail(stream, error, "failed: %s", error_text(error));
		stream->is_replacing = false;
	}
	stream->outcome = FETCH_DONE;
	return FETCH_DONE;
}

static int take_message(struct fetch_stream *stream, uint8_t *message, size_t length, int64_t now)
{
	struct wire_reader reader;
	int error;

	stream->figures.messages++;
	stream->figures.bytes += 2 + length;
	if (length < MESSAGE_HEADER)
		return fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " has %zu bytes, less than a header",
		            stream->figures.messages, length);
	error = check_header(stream, message);
	stream->figures.rcode = (uint16_t)message_rcode(message);
	if (error == 0)
		error = verify(stream, message, &length, now);
	if (error == 0)
		error = check_rcode(stream, message);
	if (error != 0)
		return error;
	if (stream->figures.messages == 1)
		stream->figures.expire = query_read_expire(message, length);
	wire_reader_init(&reader, message, length);
	wire_read_bytes(&reader, MESSAGE_HEADER);
	error = check_question(stream, &reader);
	if (error == 0)
		error = take_records(stream, &reader, length);
	if (error != 0)
		return error;
	return stream->is_at_end ? finish(stream) : stream->outcome;
}

// --- the stream around the messages

// Moves bytes into the partial message until it has `wanted`.
static size_t gather(struct fetch_stream *stream, size_t wanted, const uint8_t *bytes, size_t length)
{
	size_t taken = wanted - stream->partial;

	if (taken > length)
		taken = length;
	memcpy(stream->message + stream->partial, bytes, taken);
	stream->partial += taken;
	return taken;
}

static size_t gather_message(struct fetch_stream *stream, const uint8_t *bytes, size_t length)
{
	size_t taken = 0;

	if (stream->partial < 2)
		taken = gather(stream, 2, bytes, length);
	if (stream->partial >= 2)
		taken += gather(stream, 2u + wire_get16(stream->message), bytes + taken, length - taken);
	return taken;
}

int fetch_stream_bytes(struct fetch_stream *stream, uint8_t *bytes, size_t length, int64_t now)
{
	while (length > 0 && stream->outcome == FETCH_MORE) {
		size_t size;
		uint8_t *message;

		if (stream->partial == 0 && length >= 2 && length >= 2u + wire_get16(bytes)) {
			size = 2u + wire_get16(bytes);
			message = bytes + 2;
			bytes += size;
			length -= size;
		} else {
			size_t taken = gather_message(stream, bytes, length);
			bytes += taken;
			length -= taken;
			if (stream->partial < 2 || stream->partial < 2u + wire_get16(stream->message))
				break;
			size = stream->partial;
			message = stream->message + 2;
			stream->partial = 0;
		}
		take_message(stream, message, size - 2, now);
	}
	if (length > 0)
		stream->figures.has_rest = true;
	return stream->outcome;
}

int fetch_stream_end(struct fetch_stream *stream)
{
	if (stream->outcome != FETCH_MORE)
		return stream->outcome;
	if (stream->figures.messages == 0)
		return fail(stream, ERR_CLOSED, "failed: they closed the connection without an answer");
	if (stream->is_undecided)
		return fail(stream, ERR_CLOSED, "failed: they sent the SOA alone, though it is newer than ours");
	return fail(stream, ERR_CLOSED, "failed: they closed the connection after %" PRIu64 " records, before the last SOA",
	            stream->figures.records);
}

const char *fetch_stream_why(const struct fetch_stream *stream)
{
	return stream->why;
}

void fetch_stream_figures(const struct fetch_stream *stream, struct fetch_figures *figures)
{
	*figures = stream->figures;
}

struct delta_writer *fetch_stream_take_changes(struct fetch_stream *stream)
{
	struct delta_writer *changes = stream->outcome == FETCH_DONE ? stream->changes : NULL;

	if (changes != NULL)
		stream->changes = NULL;
	return changes;
}

struct zone_draft *fetch_stream_take(struct fetch_stream *stream)
{
	struct zone_draft *draft = stream->outcome == FETCH_DONE ? stream->draft : NULL;

	if (draft == NULL)
		return NULL;
	if (stream->changes != NULL)
		zone_draft_watch(draft, NULL, NULL);
	delta_writer_abandon(stream->changes);
	stream->changes = NULL;
	stream->draft = NULL;
	return draft;
}
