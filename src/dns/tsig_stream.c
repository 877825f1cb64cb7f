// SPDX-License-Identifier: GPL-3.0-or-later
// A signed sequence of messages (RFC 8945, 5.3.1): each signature covers the
// one before it and all messages since.
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/tsig_internal.h"
#include "dns/types.h"

#define UNSIGNED_MAX 99 // between two signed messages

struct tsig_stream {
	const struct tsig_key *key;
	struct tsig_digest digest; // over what came since the last signature
	unsigned unsigned_count;
	bool any_signed;
	bool last_signed;
};

// The digest of the next signature begins with the MAC of this one.
static void restart(struct tsig_stream *stream, const uint8_t *mac, size_t mac_length)
{
	tsig_digest_begin(&stream->digest, stream->key);
	tsig_digest_add_mac(&stream->digest, mac, mac_length);
}

int tsig_stream_new(const struct tsig_key *key, const uint8_t *mac, size_t mac_length,
                    struct tsig_stream **stream)
{
	*stream = NULL;
	struct tsig_stream *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ERR_MEMORY;
	s->key = key;
	restart(s, mac, mac_length);
	if (s->digest.failed) {
		tsig_stream_free(s);
		return ERR_MEMORY;
	}
	*stream = s;
	return 0;
}

void tsig_stream_free(struct tsig_stream *stream)
{
	if (stream == NULL)
		return;
	tsig_digest_drop(&stream->digest);
	free(stream);
}

// The first signature covers all variables, later ones the timers.
static int finish(struct tsig_stream *stream, const struct tsig_record *record,
                  uint8_t mac[static TSIG_MAX_MAC])
{
	if (stream->any_signed)
		tsig_digest_add_timers(&stream->digest, record);
	else
		tsig_digest_add_variables(&stream->digest, record);
	return tsig_digest_end(&stream->digest, mac);
}

static void note_signed(struct tsig_stream *stream, const uint8_t *mac, size_t mac_length)
{
	restart(stream, mac, mac_length);
	stream->any_signed = true;
	stream->last_signed = true;
	stream->unsigned_count = 0;
}

int tsig_stream_sign(struct tsig_stream *stream, uint8_t *message, size_t *length,
                     size_t room, int64_t now)
{
	struct tsig_record record;
	tsig_record_init(&record, stream->key, message, now);
	record.mac_length = (uint16_t)tsig_mac_length(stream->key->algorithm);
	if (*length > room || tsig_record_size(&record) > room - *length)
		return ERR_SPACE; // before the digest is spent
	tsig_digest_add(&stream->digest, message, *length);
	int size = finish(stream, &record, record.mac);
	if (size < 0)
		return size;
	int error = tsig_record_append(&record, message, length, room);
	if (error == 0)
		note_signed(stream, record.mac, (size_t)size);
	return error;
}

int tsig_stream_skip(struct tsig_stream *stream, const uint8_t *message, size_t length)
{
	tsig_digest_add(&stream->digest, message, length);
	stream->last_signed = false;
	stream->unsigned_count++;
	return stream->digest.failed ? ERR_MEMORY : 0;
}

static int fail(struct tsig_verdict *verdict, uint16_t error)
{
	verdict->error = error;
	return error == RCODE_BADTIME ? ERR_TIME : ERR_KEY;
}

// An error that the peer's TSIG tells. A BADTIME comes with the peer's clock.
static int peer_error(const struct tsig_record *record, int64_t now,
                      struct tsig_verdict *verdict)
{
	if (record->error == RCODE_BADTIME && record->other_length == TSIG_OTHER_TIME) {
		int64_t theirs = (int64_t)(((uint64_t)wire_get16(record->other) << 32) |
		                           wire_get32(record->other + 2));
		verdict->skew = theirs - now;
	}
	return fail(verdict, record->error);
}

static int verify_signed(struct tsig_stream *stream, const uint8_t *message, size_t length,
                         const struct tsig_record *record, int64_t now,
                         struct tsig_verdict *verdict)
{
	verdict->skew = (int64_t)record->time_signed - now;
	// No key, no MAC (5.3.2): nothing to verify, but worth telling.
	if (record->mac_length == 0 && record->error != 0)
		return peer_error(record, now, verdict);
	if (!tsig_key_matches(stream->key, record))
		return fail(verdict, RCODE_BADKEY);
	if (!tsig_mac_length_is_allowed(record->algorithm, record->mac_length))
		return ERR_FORMAT;
	uint8_t mac[TSIG_MAX_MAC];
	tsig_digest_add_message(&stream->digest, message, length, true, record->original_id);
	int size = finish(stream, record, mac);
	if (size < 0)
		return size;
	if (!tsig_mac_equal(mac, record->mac, record->mac_length))
		return fail(verdict, RCODE_BADVERS);
	if (record->error != 0)
		return peer_error(record, now, verdict);
	if (!tsig_time_is_good(record, now))
		return fail(verdict, RCODE_BADTIME);
	note_signed(stream, record->mac, record->mac_length);
	return 0;
}

static int verify_unsigned(struct tsig_stream *stream, const uint8_t *message, size_t length)
{
	if (!stream->any_signed || stream->unsigned_count >= UNSIGNED_MAX)
		return ERR_KEY;
	return tsig_stream_skip(stream, message, length);
}

int tsig_stream_verify(struct tsig_stream *stream, uint8_t *message, size_t length,
                       size_t *stripped_length, int64_t now, struct tsig_verdict *verdict)
{
	struct tsig_record record;
	size_t start;
	*verdict = (struct tsig_verdict){ 0 };
	*stripped_length = length;
	int found = tsig_record_find(message, length, &start, &record);
	if (found < 0)
		return found;
	if (found == 0)
		return verify_unsigned(stream, message, length);
	verdict->was_signed = true;
	int error = verify_signed(stream, message, start, &record, now, verdict);
	tsig_strip(message);
	*stripped_length = start;
	return error;
}

bool tsig_stream_complete(const struct tsig_stream *stream)
{
	return stream->last_signed;
}
