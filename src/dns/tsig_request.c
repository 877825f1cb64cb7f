// SPDX-License-Identifier: GPL-3.0-or-later
// One request and one reply (RFC 8945, 5.1 to 5.3).
#include <string.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/tsig_internal.h"
#include "dns/types.h"

static void remember(struct tsig_request *request, const struct tsig_record *record)
{
	request->present = true;
	request->mac_length = record->mac_length;
	request->time_signed = record->time_signed;
	request->original_id = record->original_id;
	memcpy(request->mac, record->mac, record->mac_length);
	memcpy(request->key_name, record->key_name, name_length(record->key_name));
	memcpy(request->algorithm_name, record->algorithm_name,
	       name_length(record->algorithm_name));
}

static int refuse(struct tsig_request *request, uint16_t error)
{
	request->error = error;
	return error == RCODE_BADTIME ? ERR_TIME : ERR_KEY;
}

// Key, MAC, time: in this order, so that no answer tells a stranger anything.
static int verify(const uint8_t *message, size_t length, const struct tsig_record *record,
                  const struct tsig_key *key, int64_t now, struct tsig_request *request)
{
	if (key == NULL || !tsig_key_matches(key, record))
		return refuse(request, RCODE_BADKEY);
	request->key = key;
	if (!tsig_mac_length_is_allowed(key->algorithm, record->mac_length))
		return ERR_FORMAT;
	struct tsig_digest digest;
	uint8_t mac[TSIG_MAX_MAC];
	tsig_digest_begin(&digest, key);
	tsig_digest_add_message(&digest, message, length, true, record->original_id);
	tsig_digest_add_variables(&digest, record);
	if (tsig_digest_end(&digest, mac) < 0 ||
	    !tsig_mac_equal(mac, record->mac, record->mac_length))
		return refuse(request, RCODE_BADVERS);
	return tsig_time_is_good(record, now) ? 0 : refuse(request, RCODE_BADTIME);
}

int tsig_verify_request(uint8_t *message, size_t length, size_t *stripped_length,
                        tsig_key_finder find, const void *context, int64_t now,
                        struct tsig_request *request)
{
	struct tsig_record record;
	size_t start;
	request->present = false;
	request->key = NULL;
	request->error = 0;
	*stripped_length = length;
	int found = tsig_record_find(message, length, &start, &record);
	if (found <= 0)
		return found;
	remember(request, &record);
	int error = verify(message, start, &record, find(context, record.key_name), now,
	                   request);
	if (error == ERR_FORMAT) // the answer to it goes unsigned
		request->present = false;
	tsig_strip(message);
	*stripped_length = start;
	return error;
}

static void reply_record(const struct tsig_request *request, const uint8_t *message,
                         int64_t now, struct tsig_record *record)
{
	*record = (struct tsig_record){
		.time_signed = (uint64_t)now,
		.fudge = TSIG_FUDGE,
		.original_id = message_id(message),
		.error = request->error,
	};
	memcpy(record->key_name, request->key_name, name_length(request->key_name));
	memcpy(record->algorithm_name, request->algorithm_name,
	       name_length(request->algorithm_name));
	if (request->error == RCODE_BADTIME) { // their time signed, ours beside it
		record->time_signed = request->time_signed;
		record->other_length = TSIG_OTHER_TIME;
		wire_put16(record->other, (uint16_t)((uint64_t)now >> 32));
		wire_put32(record->other + 2, (uint32_t)now);
	}
}

// Who failed to prove the key gets no signature under it (5.3.2).
static bool reply_is_signed(const struct tsig_request *request)
{
	return request->key != NULL && request->error != RCODE_BADKEY &&
	       request->error != RCODE_BADVERS;
}

int tsig_sign_reply(uint8_t *message, size_t *length, size_t room,
                    const struct tsig_request *request, int64_t now)
{
	struct tsig_record record;
	if (!request->present)
		return 0;
	reply_record(request, message, now, &record);
	if (reply_is_signed(request)) {
		struct tsig_digest digest;
		tsig_digest_begin(&digest, request->key);
		tsig_digest_add_mac(&digest, request->mac, request->mac_length);
		tsig_digest_add(&digest, message, *length);
		tsig_digest_add_variables(&digest, &record);
		int mac_length = tsig_digest_end(&digest, record.mac);
		if (mac_length < 0)
			return mac_length;
		record.mac_length = (uint16_t)mac_length;
	}
	return tsig_record_append(&record, message, length, room);
}

size_t tsig_reply_size(const struct tsig_request *request)
{
	if (!request->present)
		return 0;
	size_t size = name_length(request->key_name) + 10 +
	              name_length(request->algorithm_name) + 16;
	if (reply_is_signed(request))
		size += tsig_mac_length(request->key->algorithm);
	if (request->error == RCODE_BADTIME)
		size += TSIG_OTHER_TIME;
	return size;
}

int tsig_sign_request(uint8_t *message, size_t *length, size_t room,
                      const struct tsig_key *key, int64_t now,
                      uint8_t mac[static TSIG_MAX_MAC], size_t *mac_length)
{
	struct tsig_record record;
	struct tsig_digest digest;
	tsig_record_init(&record, key, message, now);
	tsig_digest_begin(&digest, key);
	tsig_digest_add(&digest, message, *length);
	tsig_digest_add_variables(&digest, &record);
	int size = tsig_digest_end(&digest, record.mac);
	if (size < 0)
		return size;
	record.mac_length = (uint16_t)size;
	memcpy(mac, record.mac, (size_t)size);
	*mac_length = (size_t)size;
	return tsig_record_append(&record, message, length, room);
}
