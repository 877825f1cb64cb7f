// SPDX-License-Identifier: GPL-3.0-or-later
// Inside dns/ only: the TSIG record on the wire and the digest over it.
#pragma once

#include <libdnssec/tsig.h>

#include "dns/tsig.h"

#define TSIG_OTHER_TIME 6 // the server's time in a BADTIME answer (RFC 8945, 5.2.3)

// The fields of a TSIG (RFC 8945, 4.2). Names in lower case.
struct tsig_record {
	uint8_t key_name[NAME_MAX_WIRE];
	uint8_t algorithm_name[NAME_MAX_WIRE];
	enum tsig_algorithm algorithm; // TSIG_UNKNOWN where the name is not known
	uint64_t time_signed;
	uint16_t fudge;
	uint16_t mac_length;
	uint8_t mac[TSIG_MAX_MAC];
	uint16_t original_id;
	uint16_t error;
	uint16_t other_length;
	uint8_t other[TSIG_OTHER_TIME];
};

// Finds the TSIG of a message. Returns 1 and where it begins, 0 where there is
// none (or the message cannot be walked, which is for its reader to say), or
// ERR_FORMAT where it is malformed or not the last.
int tsig_record_find(const uint8_t *message, size_t length, size_t *start,
                     struct tsig_record *record);

// Appends it and raises ARCOUNT. Returns 0 or ERR_SPACE; then nothing changed.
int tsig_record_append(const struct tsig_record *record, uint8_t *message, size_t *length,
                       size_t room);

// Bytes it takes on the wire.
size_t tsig_record_size(const struct tsig_record *record);

// Fills in names, time, fudge and the message's ID; the rest is cleared.
void tsig_record_init(struct tsig_record *record, const struct tsig_key *key,
                      const uint8_t *message, int64_t now);

// A digest in the making: libdnssec's context with a sticky error.
struct tsig_digest {
	dnssec_tsig_ctx_t *context;
	bool failed;
};

void tsig_digest_begin(struct tsig_digest *digest, const struct tsig_key *key);
void tsig_digest_add(struct tsig_digest *digest, const void *bytes, size_t length);
// A MAC that came before, with its length ahead (RFC 8945, 5.3.1).
void tsig_digest_add_mac(struct tsig_digest *digest, const uint8_t *mac, size_t length);
// A message as it was before its TSIG went on: without it in ARCOUNT, and with
// the ID that it was signed under.
void tsig_digest_add_message(struct tsig_digest *digest, const uint8_t *message,
                             size_t length, bool with_tsig, uint16_t original_id);
// All variables (RFC 8945, 4.3.3), or the timers alone (5.3.1).
void tsig_digest_add_variables(struct tsig_digest *digest, const struct tsig_record *record);
void tsig_digest_add_timers(struct tsig_digest *digest, const struct tsig_record *record);
// Writes the MAC and releases the digest. Returns its length or ERR_MEMORY.
int tsig_digest_end(struct tsig_digest *digest, uint8_t mac[static TSIG_MAX_MAC]);
// Releases it without a MAC.
void tsig_digest_drop(struct tsig_digest *digest);

// Full length of the algorithm's MAC; 0 for TSIG_UNKNOWN.
size_t tsig_mac_length(enum tsig_algorithm algorithm);

// Whether a MAC of this length may be looked at (RFC 8945, 5.2.2.1).
bool tsig_mac_length_is_allowed(enum tsig_algorithm algorithm, size_t length);

// In constant time.
bool tsig_mac_equal(const uint8_t *a, const uint8_t *b, size_t length);

// Whether the key is the one that the record names, algorithm included.
bool tsig_key_matches(const struct tsig_key *key, const struct tsig_record *record);

// Whether `now` lies within the record's window (RFC 8945, 5.2.3).
bool tsig_time_is_good(const struct tsig_record *record, int64_t now);

// Takes the TSIG out of the count of a message.
void tsig_strip(uint8_t *message);
