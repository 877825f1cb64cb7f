// SPDX-License-Identifier: GPL-3.0-or-later
// The digest of a TSIG (RFC 8945, 4.3), its key and its clock.
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/tsig_internal.h"
#include "dns/types.h"

static_assert((int)TSIG_HMAC_MD5 == (int)DNSSEC_TSIG_HMAC_MD5 &&
              (int)TSIG_HMAC_SHA512 == (int)DNSSEC_TSIG_HMAC_SHA512,
              "our numbers are libdnssec's");

#define MAC_MIN 10 // RFC 8945, 5.2.2.1

void tsig_digest_begin(struct tsig_digest *digest, const struct tsig_key *key)
{
	// libdnssec takes the secret as writable but only reads it.
	dnssec_binary_t secret = { .size = key->secret_length,
	                           .data = (uint8_t *)(uintptr_t)key->secret };
	digest->context = NULL;
	digest->failed = dnssec_tsig_new(&digest->context,
		(dnssec_tsig_algorithm_t)key->algorithm, &secret) != 0;
	if (digest->failed)
		digest->context = NULL;
}

void tsig_digest_add(struct tsig_digest *digest, const void *bytes, size_t length)
{
	dnssec_binary_t data = { .size = length, .data = (uint8_t *)(uintptr_t)bytes };
	if (!digest->failed && length > 0)
		digest->failed = dnssec_tsig_add(digest->context, &data) != 0;
}

static void add16(struct tsig_digest *digest, uint16_t value)
{
	uint8_t bytes[2];
	wire_put16(bytes, value);
	tsig_digest_add(digest, bytes, sizeof(bytes));
}

void tsig_digest_add_mac(struct tsig_digest *digest, const uint8_t *mac, size_t length)
{
	add16(digest, (uint16_t)length);
	tsig_digest_add(digest, mac, length);
}

void tsig_digest_add_message(struct tsig_digest *digest, const uint8_t *message,
                             size_t length, bool with_tsig, uint16_t original_id)
{
	uint8_t header[MESSAGE_HEADER];
	memcpy(header, message, sizeof(header));
	if (with_tsig)
		tsig_strip(header);
	wire_put16(header, original_id);
	tsig_digest_add(digest, header, sizeof(header));
	tsig_digest_add(digest, message + sizeof(header), length - sizeof(header));
}

void tsig_digest_add_timers(struct tsig_digest *digest, const struct tsig_record *record)
{
	uint8_t bytes[8];
	wire_put16(bytes, (uint16_t)(record->time_signed >> 32));
	wire_put32(bytes + 2, (uint32_t)record->time_signed);
	wire_put16(bytes + 6, record->fudge);
	tsig_digest_add(digest, bytes, sizeof(bytes));
}

void tsig_digest_add_variables(struct tsig_digest *digest, const struct tsig_record *record)
{
	static const uint8_t class_ttl[6] = { 0, CLASS_ANY, 0, 0, 0, 0 };
	tsig_digest_add(digest, record->key_name, name_length(record->key_name));
	tsig_digest_add(digest, class_ttl, sizeof(class_ttl));
	tsig_digest_add(digest, record->algorithm_name, name_length(record->algorithm_name));
	tsig_digest_add_timers(digest, record);
	add16(digest, record->error);
	add16(digest, record->other_length);
	tsig_digest_add(digest, record->other, record->other_length);
}

int tsig_digest_end(struct tsig_digest *digest, uint8_t mac[static TSIG_MAX_MAC])
{
	int length = ERR_MEMORY;
	if (!digest->failed) {
		size_t size = dnssec_tsig_size(digest->context);
		if (size <= TSIG_MAX_MAC && dnssec_tsig_write(digest->context, mac) == 0)
			length = (int)size;
	}
	tsig_digest_drop(digest);
	return length;
}

void tsig_digest_drop(struct tsig_digest *digest)
{
	if (digest->context != NULL)
		dnssec_tsig_free(digest->context);
	*digest = (struct tsig_digest){ NULL, true };
}

size_t tsig_mac_length(enum tsig_algorithm algorithm)
{
	return algorithm == TSIG_UNKNOWN ? 0
		: dnssec_tsig_algorithm_size((dnssec_tsig_algorithm_t)algorithm);
}

bool tsig_mac_length_is_allowed(enum tsig_algorithm algorithm, size_t length)
{
	size_t full = tsig_mac_length(algorithm);
	return length <= full && length >= MAC_MIN && 2 * length >= full;
}

bool tsig_mac_equal(const uint8_t *a, const uint8_t *b, size_t length)
{
	volatile uint8_t difference = 0; // or the compiler could leave early
	for (size_t i = 0; i < length; i++)
		difference = (uint8_t)(difference | (a[i] ^ b[i]));
	return difference == 0;
}

bool tsig_key_matches(const struct tsig_key *key, const struct tsig_record *record)
{
	return key->algorithm != TSIG_UNKNOWN && key->algorithm == record->algorithm &&
	       name_equal(key->name, record->key_name);
}

bool tsig_time_is_good(const struct tsig_record *record, int64_t now)
{
	int64_t skew = (int64_t)record->time_signed - now; // 48 bits: no overflow
	return skew <= record->fudge && -skew <= record->fudge;
}

// Names as configurations and key files have them.
static const struct {
	const char *text;
	enum tsig_algorithm algorithm;
} names[] = {
	{ "md5", TSIG_HMAC_MD5 }, { "md5.sig-alg.reg.int", TSIG_HMAC_MD5 },
	{ "sha1", TSIG_HMAC_SHA1 }, { "sha224", TSIG_HMAC_SHA224 },
	{ "sha256", TSIG_HMAC_SHA256 }, { "sha384", TSIG_HMAC_SHA384 },
	{ "sha512", TSIG_HMAC_SHA512 },
};

enum tsig_algorithm tsig_algorithm_from_text(const char *text)
{
	if (strncasecmp(text, "hmac-", 5) == 0)
		text += 5;
	size_t length = strlen(text);
	if (length > 0 && text[length - 1] == '.')
		length--;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].text) == length &&
		    strncasecmp(text, names[i].text, length) == 0)
			return names[i].algorithm;
	}
	return TSIG_UNKNOWN;
}

const char *tsig_algorithm_to_text(enum tsig_algorithm algorithm)
{
	const char *text = dnssec_tsig_algorithm_to_name((dnssec_tsig_algorithm_t)algorithm);
	return text != NULL ? text : "unknown";
}
