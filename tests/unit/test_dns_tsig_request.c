// SPDX-License-Identifier: GPL-3.0-or-later
// Signed requests and their replies, against messages that dnspython signed.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/tsig.h"
#include "dns/tsig_internal.h"
#include "dns/types.h"
#include "tsig_vectors.h"

static uint8_t key_name[NAME_MAX_WIRE];
static struct tsig_key key = {
	.name = key_name, .algorithm = TSIG_HMAC_SHA256,
	.secret = vector_secret, .secret_length = sizeof(vector_secret),
};

// Knows one key, by its name alone.
static const struct tsig_key *find(const void *context, const uint8_t *name)
{
	const struct tsig_key *known = context;
	return known != NULL && name_equal(known->name, name) ? known : NULL;
}

struct message {
	uint8_t bytes[1024];
	size_t length;
};

static struct message message_of(const uint8_t *bytes, size_t length)
{
	struct message m = { .length = length };
	assert_true(length <= sizeof(m.bytes));
	memcpy(m.bytes, bytes, length);
	return m;
}

#define MESSAGE(vector) message_of(vector, sizeof(vector))

static int verify(struct message *m, const struct tsig_key *known, int64_t now,
                  struct tsig_request *request)
{
	size_t stripped;
	int error = tsig_verify_request(m->bytes, m->length, &stripped, find, known, now,
	                                request);
	m->length = stripped;
	return error;
}

static const struct {
	enum tsig_algorithm algorithm;
	const char *text;
	const uint8_t *request, *answer;
	size_t request_length, answer_length, mac_length;
} vectors[] = {
#define VECTOR(algorithm, name, mac) \
	{ algorithm, "hmac-" #name, request_##name, answer_##name, sizeof(request_##name), \
	  sizeof(answer_##name), mac }
	VECTOR(TSIG_HMAC_MD5, md5, 16), VECTOR(TSIG_HMAC_SHA1, sha1, 20),
	VECTOR(TSIG_HMAC_SHA224, sha224, 28), VECTOR(TSIG_HMAC_SHA256, sha256, 32),
	VECTOR(TSIG_HMAC_SHA384, sha384, 48), VECTOR(TSIG_HMAC_SHA512, sha512, 64),
};
#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

static void algorithms_have_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		assert_string_equal(tsig_algorithm_to_text(vectors[i].algorithm), vectors[i].text);
		assert_int_equal(tsig_algorithm_from_text(vectors[i].text), vectors[i].algorithm);
		assert_int_equal(tsig_algorithm_from_text(vectors[i].text + 5), vectors[i].algorithm);
		assert_int_equal(tsig_mac_length(vectors[i].algorithm), vectors[i].mac_length);
	}
	assert_int_equal(tsig_algorithm_from_text("HMAC-MD5.SIG-ALG.REG.INT."), TSIG_HMAC_MD5);
	assert_int_equal(tsig_algorithm_from_text("hmac-sha256."), TSIG_HMAC_SHA256);
	assert_int_equal(tsig_algorithm_from_text("hmac-sha25"), TSIG_UNKNOWN);
	assert_int_equal(tsig_algorithm_from_text("hmac-sha256-128"), TSIG_UNKNOWN);
	assert_int_equal(tsig_algorithm_from_text(""), TSIG_UNKNOWN);
}

static void a_request_of_each_algorithm_is_verified(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		struct message m = message_of(vectors[i].request, vectors[i].request_length);
		struct tsig_request request;
		key.algorithm = vectors[i].algorithm;
		assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), 0);
		assert_true(request.present);
		assert_ptr_equal(request.key, &key);
		assert_int_equal(request.error, 0);
		assert_int_equal(request.mac_length, vectors[i].mac_length);
		assert_int_equal(request.original_id, 0x1234);
		assert_true(request.time_signed == (uint64_t)VECTOR_TIME);
		// Stripped: header, "example.com", type, class.
		assert_int_equal(m.length, 12 + 13 + 4);
		assert_int_equal(message_count(m.bytes, SECTION_ADDITIONAL), 0);
		assert_int_equal(message_id(m.bytes), 0x1234);
	}
	key.algorithm = TSIG_HMAC_SHA256;
}

static void our_reply_is_the_same_as_anothers(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		struct message m = message_of(vectors[i].request, vectors[i].request_length);
		struct message wanted = message_of(vectors[i].answer, vectors[i].answer_length);
		struct tsig_request request;
		key.algorithm = vectors[i].algorithm;
		assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), 0);
		// Their answer without its TSIG, signed by us.
		struct message reply = wanted;
		reply.length -= tsig_reply_size(&request);
		tsig_strip(reply.bytes);
		assert_int_equal(tsig_sign_reply(reply.bytes, &reply.length, sizeof(reply.bytes),
		                                 &request, VECTOR_TIME), 0);
		assert_int_equal(reply.length, wanted.length);
		// All but the case of names, which they kept.
		size_t owner = wanted.length - tsig_reply_size(&request);
		size_t algorithm = owner + name_length(key_name) + 10;
		for (size_t n = 0; n < wanted.length; n++) {
			bool in_name = n >= owner && (n < algorithm - 10 ||
				(n >= algorithm && n < algorithm + name_length(request.algorithm_name)));
			int theirs = wanted.bytes[n], ours = reply.bytes[n];
			assert_int_equal(ours, in_name && theirs >= 'A' && theirs <= 'Z' ? theirs | 32
			                                                                 : theirs);
		}
	}
	key.algorithm = TSIG_HMAC_SHA256;
}

static void our_request_is_answered_by_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		struct message m = message_of(vectors[i].request, 12 + 13 + 4);
		uint8_t mac[TSIG_MAX_MAC];
		size_t mac_length, stripped;
		tsig_strip(m.bytes);
		key.algorithm = vectors[i].algorithm;
		assert_int_equal(tsig_sign_request(m.bytes, &m.length, sizeof(m.bytes), &key,
		                                   VECTOR_TIME, mac, &mac_length), 0);
		assert_int_equal(mac_length, vectors[i].mac_length);
		assert_int_equal(m.length, vectors[i].request_length);
		struct tsig_stream *stream;
		struct tsig_verdict verdict;
		struct message answer = message_of(vectors[i].answer, vectors[i].answer_length);
		assert_int_equal(tsig_stream_new(&key, mac, mac_length, &stream), 0);
		assert_int_equal(tsig_stream_verify(stream, answer.bytes, answer.length, &stripped,
		                                    VECTOR_TIME, &verdict), 0);
		assert_true(verdict.was_signed);
		assert_int_equal(verdict.error, 0);
		assert_int_equal(verdict.skew, 0);
		assert_true(tsig_stream_complete(stream));
		tsig_stream_free(stream);
	}
	key.algorithm = TSIG_HMAC_SHA256;
}

static void every_changed_bit_is_noticed(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(request_sha256); bit++) {
		struct message m = MESSAGE(request_sha256);
		struct tsig_request request;
		size_t at = bit / 8;
		uint8_t *tsig = m.bytes + 29;
		m.bytes[at] = (uint8_t)(m.bytes[at] ^ (1u << bit % 8));
		int error = verify(&m, &key, VECTOR_TIME, &request);
		// The ID is not covered (the original one is), nor is the case of names.
		bool in_name = (m.bytes + at > tsig && m.bytes + at < tsig + 14) ||
		               (m.bytes + at > tsig + 24 && m.bytes + at < tsig + 24 + 13);
		if (at < 2 || (error == 0 && in_name && bit % 8 == 5))
			assert_int_equal(error, 0);
		else if (request.present)
			assert_true(error == ERR_KEY || error == ERR_TIME);
		else // the counts or the record's head: no TSIG to be found, or malformed
			assert_true(error == 0 || error == ERR_FORMAT);
	}
}

static void names_match_in_any_case(void **state)
{
	(void)state;
	struct message m = MESSAGE(request_sha256);
	struct tsig_request request;
	uint8_t *name = m.bytes + 29;
	assert_memory_equal(name + 1, "Transfer", 8);
	memcpy(name + 1, "tRANSFER", 8);
	assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), 0);
	assert_memory_equal(request.key_name, key_name, name_length(key_name));
}

static void a_forwarders_id_is_kept_for_the_reply(void **state)
{
	(void)state;
	struct message m = MESSAGE(request_sha256);
	struct tsig_request request;
	wire_put16(m.bytes, 0x7777);
	assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), 0);
	assert_int_equal(message_id(m.bytes), 0x7777);
	assert_int_equal(request.original_id, 0x1234);
}

static void an_unknown_key_gets_badkey(void **state)
{
	(void)state;
	struct tsig_request request;
	struct message m = MESSAGE(request_sha256);
	assert_int_equal(verify(&m, NULL, VECTOR_TIME, &request), ERR_KEY);
	assert_int_equal(request.error, RCODE_BADKEY);
	assert_null(request.key);
	// The right name with another algorithm is another key.
	m = MESSAGE(request_sha1);
	assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), ERR_KEY);
	assert_int_equal(request.error, RCODE_BADKEY);
	assert_null(request.key);
	// The reply names their key and algorithm, and has no MAC (5.3.2).
	size_t length = m.length, start;
	assert_int_equal(tsig_sign_reply(m.bytes, &m.length, sizeof(m.bytes), &request, 5), 0);
	assert_int_equal(m.length, length + tsig_reply_size(&request));
	struct tsig_record record;
	assert_int_equal(tsig_record_find(m.bytes, m.length, &start, &record), 1);
	assert_int_equal(start, length);
	assert_int_equal(record.mac_length, 0);
	assert_int_equal(record.error, RCODE_BADKEY);
	assert_int_equal(record.algorithm, TSIG_HMAC_SHA1);
	assert_memory_equal(record.key_name, key_name, name_length(key_name));
}

static void a_wrong_secret_gets_badsig(void **state)
{
	(void)state;
	struct tsig_request request;
	struct message m = MESSAGE(request_sha256);
	struct tsig_key wrong = key;
	wrong.secret_length--;
	assert_int_equal(verify(&m, &wrong, VECTOR_TIME, &request), ERR_KEY);
	assert_int_equal(request.error, RCODE_BADVERS); // 16: BADSIG
	size_t start;
	struct tsig_record record;
	assert_int_equal(tsig_sign_reply(m.bytes, &m.length, sizeof(m.bytes), &request, 5), 0);
	assert_int_equal(tsig_record_find(m.bytes, m.length, &start, &record), 1);
	assert_int_equal(record.mac_length, 0);
	assert_int_equal(record.error, 16);
}

static void clocks_apart_get_badtime_either_way(void **state)
{
	(void)state;
	static const int64_t good[] = { 0, 300, -300 }, bad[] = { 301, -301, 412, -100000, VECTOR_TIME };
	struct tsig_request request;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct message m = MESSAGE(request_sha256);
		assert_int_equal(verify(&m, &key, VECTOR_TIME + good[i], &request), 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct message m = MESSAGE(request_sha256);
		int64_t now = VECTOR_TIME + bad[i];
		assert_int_equal(verify(&m, &key, now, &request), ERR_TIME);
		assert_int_equal(request.error, RCODE_BADTIME);
		// The reply is signed, holds their time and ours, and they can verify it.
		struct tsig_stream *stream;
		struct tsig_verdict verdict;
		size_t stripped;
		assert_int_equal(tsig_sign_reply(m.bytes, &m.length, sizeof(m.bytes), &request, now), 0);
		assert_int_equal(m.length, 29 + tsig_reply_size(&request));
		assert_int_equal(tsig_stream_new(&key, request.mac, request.mac_length, &stream), 0);
		assert_int_equal(tsig_stream_verify(stream, m.bytes, m.length, &stripped,
		                                    VECTOR_TIME, &verdict), ERR_TIME);
		assert_int_equal(verdict.error, RCODE_BADTIME);
		assert_int_equal(verdict.skew, bad[i]);
		tsig_stream_free(stream);
	}
}

static void a_badtime_answer_tells_their_clock(void **state)
{
	(void)state;
	struct message m = MESSAGE(request_sha256), answer = MESSAGE(answer_badtime);
	struct tsig_request request;
	struct tsig_stream *stream;
	struct tsig_verdict verdict;
	size_t stripped;
	assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), 0);
	assert_int_equal(tsig_stream_new(&key, request.mac, request.mac_length, &stream), 0);
	assert_int_equal(tsig_stream_verify(stream, answer.bytes, answer.length, &stripped,
	                                    VECTOR_TIME, &verdict), ERR_TIME);
	assert_true(verdict.was_signed);
	assert_int_equal(verdict.error, RCODE_BADTIME);
	assert_int_equal(verdict.skew, 1000);
	tsig_stream_free(stream);
}

static void a_mac_may_be_cut_to_half(void **state)
{
	(void)state;
	struct tsig_request request;
	struct message m = MESSAGE(request_cut_16);
	assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), 0);
	assert_int_equal(request.mac_length, 16);
	m = MESSAGE(request_cut_15);
	assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), ERR_FORMAT);
	assert_false(request.present); // a FORMERR goes unsigned
	m = MESSAGE(request_cut_8);
	assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), ERR_FORMAT);
	assert_true(tsig_mac_length_is_allowed(TSIG_HMAC_MD5, 10));
	assert_false(tsig_mac_length_is_allowed(TSIG_HMAC_MD5, 9)); // more than half, yet below 10
	assert_false(tsig_mac_length_is_allowed(TSIG_HMAC_SHA1, 21));
	assert_false(tsig_mac_length_is_allowed(TSIG_UNKNOWN, 0));
}

static void a_message_without_tsig_passes_unsigned(void **state)
{
	(void)state;
	struct message m = message_of(request_sha256, 29);
	struct tsig_request request;
	tsig_strip(m.bytes);
	assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), 0);
	assert_false(request.present);
	assert_null(request.key);
	assert_int_equal(m.length, 29);
	assert_int_equal(tsig_reply_size(&request), 0);
	assert_int_equal(tsig_sign_reply(m.bytes, &m.length, sizeof(m.bytes), &request, 5), 0);
	assert_int_equal(m.length, 29);
	// What cannot be walked is for the message's reader to refuse.
	for (size_t cut = 0; cut < sizeof(request_sha256); cut++) {
		m = message_of(request_sha256, cut);
		assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), 0);
		assert_false(request.present);
	}
}

static void a_tsig_must_be_the_last_record(void **state)
{
	(void)state;
	static const uint8_t opt[] = { 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0 };
	struct tsig_request request;
	const size_t tsig_length = sizeof(request_sha256) - 29;
	struct message m = MESSAGE(request_sha256);
	memcpy(m.bytes + m.length, opt, sizeof(opt)); // an OPT behind it
	m.length += sizeof(opt);
	m.bytes[11] = 2;
	assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), ERR_FORMAT);
	assert_false(request.present);
	m = MESSAGE(request_sha256); // another TSIG behind it
	memcpy(m.bytes + m.length, m.bytes + 29, tsig_length);
	m.length += tsig_length;
	m.bytes[11] = 2;
	assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), ERR_FORMAT);
	m = MESSAGE(request_sha256); // in the answer section
	m.bytes[7] = 1;
	m.bytes[11] = 0;
	assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), 0);
	assert_false(request.present); // ARCOUNT 0: it is no TSIG of this message
	m = MESSAGE(request_sha256); // bytes behind it
	m.bytes[m.length++] = 0;
	assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), ERR_FORMAT);
	m = MESSAGE(request_sha256); // another class
	m.bytes[29 + 14 + 3] = 1;
	assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), ERR_FORMAT);
}

static void what_does_not_fit_is_not_signed(void **state)
{
	(void)state;
	struct message m = MESSAGE(request_sha256);
	struct tsig_request request;
	assert_int_equal(verify(&m, &key, VECTOR_TIME, &request), 0);
	size_t size = tsig_reply_size(&request), length = m.length;
	assert_int_equal(tsig_sign_reply(m.bytes, &m.length, length + size - 1, &request,
	                                 VECTOR_TIME), ERR_SPACE);
	assert_int_equal(m.length, length);
	assert_int_equal(message_count(m.bytes, SECTION_ADDITIONAL), 0);
	assert_int_equal(tsig_sign_reply(m.bytes, &m.length, length + size, &request,
	                                 VECTOR_TIME), 0);
	assert_int_equal(m.length, length + size);
	assert_true(size <= TSIG_MAX_RECORD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(algorithms_have_names),
		cmocka_unit_test(a_request_of_each_algorithm_is_verified),
		cmocka_unit_test(our_reply_is_the_same_as_anothers),
		cmocka_unit_test(our_request_is_answered_by_another),
		cmocka_unit_test(every_changed_bit_is_noticed),
		cmocka_unit_test(names_match_in_any_case),
		cmocka_unit_test(a_forwarders_id_is_kept_for_the_reply),
		cmocka_unit_test(an_unknown_key_gets_badkey),
		cmocka_unit_test(a_wrong_secret_gets_badsig),
		cmocka_unit_test(clocks_apart_get_badtime_either_way),
		cmocka_unit_test(a_badtime_answer_tells_their_clock),
		cmocka_unit_test(a_mac_may_be_cut_to_half),
		cmocka_unit_test(a_message_without_tsig_passes_unsigned),
		cmocka_unit_test(a_tsig_must_be_the_last_record),
		cmocka_unit_test(what_does_not_fit_is_not_signed),
	};
	name_from_text(VECTOR_KEY, key_name);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
