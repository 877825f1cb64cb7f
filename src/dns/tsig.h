// SPDX-License-Identifier: GPL-3.0-or-later
// Transaction signatures (RFC 8945). Digests come from libdnssec,
// incrementally, so a stream needs no buffer of the whole transfer. MACs are
// compared in constant time. Truncated MACs are accepted as 5.2.2.1 allows
// (at least 10 bytes and half the digest).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/name.h"

#define TSIG_MAX_MAC 64
#define TSIG_FUDGE 300 // seconds, RFC 8945, 10
#define TSIG_MAX_RECORD (2 * NAME_MAX_WIRE + 10 + 16 + TSIG_MAX_MAC + 6)

enum tsig_algorithm {
	TSIG_UNKNOWN, TSIG_HMAC_MD5, TSIG_HMAC_SHA1, TSIG_HMAC_SHA224,
	TSIG_HMAC_SHA256, TSIG_HMAC_SHA384, TSIG_HMAC_SHA512,
};

// "hmac-sha256", "hmac-md5", "hmac-md5.sig-alg.reg.int", "sha256" …, any case.
enum tsig_algorithm tsig_algorithm_from_text(const char *text);
const char *tsig_algorithm_to_text(enum tsig_algorithm algorithm);

// Immutable once made; owned by the configuration.
struct tsig_key {
	const uint8_t *name; // wire, lower case
	enum tsig_algorithm algorithm;
	uint16_t secret_length;
	const uint8_t *secret;
};

// What a request's TSIG told, kept to sign the reply to it.
struct tsig_request {
	bool present;
	const struct tsig_key *key; // NULL: none, or not known (then error is BADKEY)
	uint16_t error;             // 0, RCODE_BADVERS (=BADSIG 16), RCODE_BADKEY, RCODE_BADTIME, RCODE_BADTRUNC
	uint16_t mac_length;
	uint8_t mac[TSIG_MAX_MAC];  // the request's
	uint64_t time_signed;       // the request's
	uint16_t original_id;
	uint8_t key_name[NAME_MAX_WIRE];       // as sent, lower case
	uint8_t algorithm_name[NAME_MAX_WIRE]; // as sent, lower case
};

typedef const struct tsig_key *(*tsig_key_finder)(const void *context, const uint8_t *name);

// Looks for a TSIG as the last record of a message and verifies it as a
// request (5.2). *stripped_length gets the message's length without it, and
// ARCOUNT no longer counts it; the ID stays what the sender expects back,
// which a forwarder may have changed (request->original_id was signed). `now`
// is wall seconds. `find` gets a name in lower case and may return a key of
// another algorithm, which is then BADKEY. Without a TSIG only present, key
// and error of *request are written. Returns 0 (none, or good), ERR_FORMAT
// (TSIG not last, twice or malformed: answer FORMERR, unsigned), ERR_KEY or
// ERR_TIME (answer NOTAUTH with request->error).
int tsig_verify_request(uint8_t *message, size_t length, size_t *stripped_length,
                        tsig_key_finder find, const void *context, int64_t now,
                        struct tsig_request *request);

// Appends the TSIG of a reply to a finished message and raises ARCOUNT. With
// error BADKEY or BADSIG the MAC is empty (5.3.2); BADTIME carries our time.
// *length is the message's length, in and out; `room` the buffer's. Returns 0,
// ERR_SPACE or ERR_MEMORY; 0 and nothing done where the request had no TSIG.
int tsig_sign_reply(uint8_t *message, size_t *length, size_t room,
                    const struct tsig_request *request, int64_t now);

// Bytes that tsig_sign_reply() will add, so that the writer can keep them free.
size_t tsig_reply_size(const struct tsig_request *request);

// Signs a request of our own; `mac` gets what verifying its answer needs.
// Returns 0, ERR_SPACE or ERR_MEMORY.
int tsig_sign_request(uint8_t *message, size_t *length, size_t room,
                      const struct tsig_key *key, int64_t now,
                      uint8_t mac[static TSIG_MAX_MAC], size_t *mac_length);

// A signed sequence of messages over TCP (5.3.1), in either direction.
struct tsig_stream;

// `mac` is the request's. Returns ERR_MEMORY or 0.
int tsig_stream_new(const struct tsig_key *key, const uint8_t *mac, size_t mac_length,
                    struct tsig_stream **stream);
void tsig_stream_free(struct tsig_stream *stream);

// Outgoing: signs this message (each one, or any choice that has the first,
// the last and every hundredth), or only digests it.
int tsig_stream_sign(struct tsig_stream *stream, uint8_t *message, size_t *length,
                     size_t room, int64_t now);
int tsig_stream_skip(struct tsig_stream *stream, const uint8_t *message, size_t length);

struct tsig_verdict {
	bool was_signed;     // this message carried a TSIG
	uint16_t error;      // the TSIG's own error field, or BADSIG/BADKEY/BADTIME as we found
	int64_t skew;        // seconds the peer's clock is ahead of ours (negative: behind), as the TSIG tells
};

// Incoming: verifies the next message; strips the TSIG (*stripped_length).
// The first must be signed; more than 99 unsigned in a row fail. Returns 0,
// ERR_FORMAT, ERR_KEY or ERR_TIME. Also for single answers (SOA over UDP).
int tsig_stream_verify(struct tsig_stream *stream, uint8_t *message, size_t length,
                       size_t *stripped_length, int64_t now, struct tsig_verdict *verdict);

// Whether the stream may end here: the last message was signed (5.3.1).
bool tsig_stream_complete(const struct tsig_stream *stream);
