// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/fetch_stream.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "replicate/fetch_stream_parts.h"

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

int fetch_fail(struct fetch_stream *stream, int error, const char *format, ...)
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
		return fetch_fail(stream, message_rcode(message) == RCODE_NOTAUTH ? ERR_KEY : ERR_DENIED,
		                  "refused: %s (not signed)%s",
		                  dns_rcode_to_text((uint16_t)message_rcode(message), rcode),
		                  query_advice_unsigned(message_rcode(message)));
	query_explain_tsig(stream->terms.query, &verdict, error, sentence, sizeof sentence);
	return fetch_fail(stream, error, "refused: %s", sentence);
}

static int check_header(struct fetch_stream *stream, const uint8_t *message)
{
	if (message_id(message) != stream->terms.query->id)
		return fetch_fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " has the ID %u, we asked with %u",
		                  stream->figures.messages, message_id(message), stream->terms.query->id);
	if ((message_flags(message) & FLAG_QR) == 0)
		return fetch_fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " is a query, not an answer",
		                  stream->figures.messages);
	if (message_opcode(message) != OPCODE_QUERY)
		return fetch_fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " has the opcode %u",
		                  stream->figures.messages, message_opcode(message));
	// By UDP a lame answer is no answer either; in transfers AA is not asked for
	// by all who serve them (RFC 5936, 2.2.1).
	if (stream->terms.kind == FETCH_SOA && (message_flags(message) & FLAG_AA) == 0
	    && message_rcode(message) == RCODE_NOERROR)
		return fetch_fail(stream, ERR_NOT_FOUND, "failed: the answer is not authoritative");
	return 0;
}

static int check_rcode(struct fetch_stream *stream, const uint8_t *message)
{
	unsigned rcode = message_rcode(message);
	char text[DNS_TYPE_TEXT];

	if (rcode == RCODE_REFUSED || rcode == RCODE_NOTAUTH)
		return fetch_fail(stream, ERR_DENIED, "refused: %s, %s", dns_rcode_to_text((uint16_t)rcode, text),
		                  rcode == RCODE_REFUSED ? "their access list does not allow us"
		                                         : "they do not serve the zone, or do not know the key");
	if (rcode != RCODE_NOERROR)
		return fetch_fail(stream, ERR_DENIED, "failed: they answered %s", dns_rcode_to_text((uint16_t)rcode, text));
	if ((message_flags(message) & FLAG_TC) != 0)
		return fetch_fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " is truncated (TC) though it came by TCP",
		                  stream->figures.messages);
	return 0;
}

// RFC 5936, 2.2.1: the first message repeats the question, others may.
static int check_question(struct fetch_stream *stream, struct wire_reader *reader)
{
	unsigned count = message_count(reader->start, SECTION_QUESTION);
	struct message_question question;

	if (count > 1 || (count == 0 && stream->figures.messages == 1))
		return fetch_fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " has %u questions",
		                  stream->figures.messages, count);
	if (count == 0)
		return 0;
	if (!message_read_question(reader, &question))
		return fetch_fail(stream, ERR_FORMAT, "failed: the question of message %" PRIu64 " is malformed",
		                  stream->figures.messages);
	if (question.type != stream->terms.query->type || question.class != CLASS_IN
	    || !name_equal(question.name, stream->terms.query->origin))
		return fetch_fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " answers another question than ours",
		                  stream->figures.messages);
	return 0;
}

static int finish(struct fetch_stream *stream)
{
	int error;

	if (stream->tsig != NULL && !tsig_stream_complete(stream->tsig))
		return fetch_fail(stream, ERR_KEY, "refused: the last message is not signed");
	if (stream->is_replacing) {
		error = zone_draft_replace_end(stream->draft);
		if (error != 0)
			return fetch_fail(stream, error, "failed: %s", error_text(error));
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
		return fetch_fail(stream, ERR_FORMAT, "failed: message %" PRIu64 " has %zu bytes, less than a header",
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
		error = fetch_take_records(stream, &reader, length);
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
		return fetch_fail(stream, ERR_CLOSED, "failed: they closed the connection without an answer");
	if (stream->is_undecided)
		return fetch_fail(stream, ERR_CLOSED, "failed: they sent the SOA alone, though it is newer than ours");
	return fetch_fail(stream, ERR_CLOSED,
	                  "failed: they closed the connection after %" PRIu64 " records, before the last SOA",
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
