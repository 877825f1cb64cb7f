// SPDX-License-Identifier: GPL-3.0-or-later
// Transfers of many messages, signed each, or some, or not enough.
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
static const struct tsig_key key = {
	.name = key_name, .algorithm = TSIG_HMAC_SHA256,
	.secret = vector_secret, .secret_length = sizeof(vector_secret),
};

struct wire {
	const uint8_t *bytes;
	size_t length;
};
#define WIRE(vector) { vector, sizeof(vector) }

static const struct wire all_signed[] = {
	WIRE(stream_all_0), WIRE(stream_all_1), WIRE(stream_all_2), WIRE(stream_all_3),
};
static const struct wire some_signed[] = { // the first, the fourth, the last
	WIRE(stream_some_0), WIRE(stream_some_1), WIRE(stream_some_2),
	WIRE(stream_some_3), WIRE(stream_some_4), WIRE(stream_some_5),
};

// The stream that answers request_sha256.
static struct tsig_stream *answer_stream(const struct tsig_key *with)
{
	uint8_t message[512];
	size_t start;
	struct tsig_record record;
	struct tsig_stream *stream;
	memcpy(message, request_sha256, sizeof(request_sha256));
	assert_int_equal(tsig_record_find(message, sizeof(request_sha256), &start, &record), 1);
	assert_int_equal(tsig_stream_new(with, record.mac, record.mac_length, &stream), 0);
	return stream;
}

static int feed(struct tsig_stream *stream, const struct wire *wire, int64_t now,
                struct tsig_verdict *verdict)
{
	uint8_t message[1024];
	size_t stripped;
	memcpy(message, wire->bytes, wire->length);
	int error = tsig_stream_verify(stream, message, wire->length, &stripped, now, verdict);
	if (error == 0) {
		assert_int_equal(message_count(message, SECTION_ADDITIONAL), 0);
		assert_true(verdict->was_signed ? stripped < wire->length : stripped == wire->length);
	}
	return error;
}

static void a_stream_signed_throughout_is_verified(void **state)
{
	(void)state;
	struct tsig_stream *stream = answer_stream(&key);
	struct tsig_verdict verdict;
	assert_false(tsig_stream_complete(stream));
	for (int i = 0; i < 4; i++) {
		assert_int_equal(feed(stream, &all_signed[i], VECTOR_TIME, &verdict), 0);
		assert_true(verdict.was_signed);
		assert_true(tsig_stream_complete(stream));
	}
	tsig_stream_free(stream);
}

static void unsigned_messages_are_covered_by_the_next_signature(void **state)
{
	(void)state;
	struct tsig_stream *stream = answer_stream(&key);
	struct tsig_verdict verdict;
	for (int i = 0; i < 6; i++) {
		bool is_signed = i == 0 || i == 3 || i == 5;
		assert_int_equal(feed(stream, &some_signed[i], VECTOR_TIME, &verdict), 0);
		assert_int_equal(verdict.was_signed, is_signed);
		assert_int_equal(tsig_stream_complete(stream), is_signed);
	}
	tsig_stream_free(stream);
}

static void a_changed_unsigned_message_is_noticed(void **state)
{
	(void)state;
	uint8_t changed[sizeof(stream_some_1)];
	memcpy(changed, stream_some_1, sizeof(changed));
	changed[sizeof(changed) - 1] ^= 1;
	const struct wire forged = { changed, sizeof(changed) };
	struct tsig_stream *stream = answer_stream(&key);
	struct tsig_verdict verdict;
	assert_int_equal(feed(stream, &some_signed[0], VECTOR_TIME, &verdict), 0);
	assert_int_equal(feed(stream, &forged, VECTOR_TIME, &verdict), 0); // not known yet
	assert_int_equal(feed(stream, &some_signed[2], VECTOR_TIME, &verdict), 0);
	assert_int_equal(feed(stream, &some_signed[3], VECTOR_TIME, &verdict), ERR_KEY);
	assert_int_equal(verdict.error, RCODE_BADVERS);
	tsig_stream_free(stream);
}

static void a_message_left_out_or_swapped_is_noticed(void **state)
{
	(void)state;
	struct tsig_stream *stream = answer_stream(&key);
	struct tsig_verdict verdict;
	assert_int_equal(feed(stream, &all_signed[0], VECTOR_TIME, &verdict), 0);
	assert_int_equal(feed(stream, &all_signed[2], VECTOR_TIME, &verdict), ERR_KEY);
	tsig_stream_free(stream);
	stream = answer_stream(&key);
	assert_int_equal(feed(stream, &all_signed[1], VECTOR_TIME, &verdict), ERR_KEY);
	tsig_stream_free(stream);
	stream = answer_stream(&key);
	assert_int_equal(feed(stream, &some_signed[0], VECTOR_TIME, &verdict), 0);
	assert_int_equal(feed(stream, &some_signed[2], VECTOR_TIME, &verdict), 0);
	assert_int_equal(feed(stream, &some_signed[1], VECTOR_TIME, &verdict), 0);
	assert_int_equal(feed(stream, &some_signed[3], VECTOR_TIME, &verdict), ERR_KEY);
	tsig_stream_free(stream);
}

static void the_first_message_must_be_signed(void **state)
{
	(void)state;
	struct tsig_stream *stream = answer_stream(&key);
	struct tsig_verdict verdict;
	assert_int_equal(feed(stream, &some_signed[1], VECTOR_TIME, &verdict), ERR_KEY);
	assert_false(verdict.was_signed);
	assert_false(tsig_stream_complete(stream));
	tsig_stream_free(stream);
}

static void the_last_message_must_be_signed(void **state)
{
	(void)state;
	struct tsig_stream *stream = answer_stream(&key);
	struct tsig_verdict verdict;
	for (int i = 0; i < 5; i++)
		assert_int_equal(feed(stream, &some_signed[i], VECTOR_TIME, &verdict), 0);
	assert_false(tsig_stream_complete(stream)); // 4 is not signed
	tsig_stream_free(stream);
}

static void another_key_or_algorithm_is_refused(void **state)
{
	(void)state;
	uint8_t other_name[NAME_MAX_WIRE];
	struct tsig_key other = key;
	struct tsig_verdict verdict;
	name_from_text("other.key", other_name);
	other.name = other_name;
	struct tsig_stream *stream = answer_stream(&other);
	assert_int_equal(feed(stream, &all_signed[0], VECTOR_TIME, &verdict), ERR_KEY);
	assert_int_equal(verdict.error, RCODE_BADKEY);
	tsig_stream_free(stream);
	other = key;
	other.algorithm = TSIG_HMAC_SHA512;
	stream = answer_stream(&other);
	assert_int_equal(feed(stream, &all_signed[0], VECTOR_TIME, &verdict), ERR_KEY);
	assert_int_equal(verdict.error, RCODE_BADKEY);
	tsig_stream_free(stream);
	other = key;
	other.secret_length = 5;
	stream = answer_stream(&other);
	assert_int_equal(feed(stream, &all_signed[0], VECTOR_TIME, &verdict), ERR_KEY);
	assert_int_equal(verdict.error, RCODE_BADVERS);
	tsig_stream_free(stream);
}

static void the_skew_of_clocks_is_told(void **state)
{
	(void)state;
	static const int64_t offsets[] = { 412, -412, 301, -301 };
	struct tsig_verdict verdict;
	for (int i = 0; i < 4; i++) {
		struct tsig_stream *stream = answer_stream(&key);
		assert_int_equal(feed(stream, &all_signed[0], VECTOR_TIME + offsets[i], &verdict),
		                 ERR_TIME);
		assert_int_equal(verdict.error, RCODE_BADTIME);
		assert_int_equal(verdict.skew, -offsets[i]); // theirs against ours
		tsig_stream_free(stream);
	}
	struct tsig_stream *stream = answer_stream(&key);
	assert_int_equal(feed(stream, &all_signed[0], VECTOR_TIME + 300, &verdict), 0);
	assert_int_equal(verdict.skew, -300);
	tsig_stream_free(stream);
}

// A reply as tsig_sign_reply() makes it for an error, read by who asked.
static void an_error_without_mac_is_told(void **state)
{
	(void)state;
	static const uint16_t errors[] = { RCODE_BADKEY, RCODE_BADVERS };
	for (int i = 0; i < 2; i++) {
		uint8_t message[512];
		size_t length = sizeof(request_sha256), stripped;
		struct tsig_request request = { .present = true, .error = errors[i] };
		struct tsig_verdict verdict;
		struct tsig_stream *stream = answer_stream(&key);
		memcpy(message, request_sha256, length);
		tsig_strip(message);
		length = 29;
		name_from_text("transfer.key", request.key_name);
		name_from_text("hmac-sha256", request.algorithm_name);
		assert_int_equal(tsig_sign_reply(message, &length, sizeof(message), &request, 5), 0);
		assert_int_equal(tsig_stream_verify(stream, message, length, &stripped, VECTOR_TIME,
		                                    &verdict), ERR_KEY);
		assert_true(verdict.was_signed);
		assert_int_equal(verdict.error, errors[i]);
		assert_int_equal(stripped, 29);
		tsig_stream_free(stream);
	}
}

static size_t plain_message(uint8_t *message, unsigned number)
{
	memset(message, 0, MESSAGE_HEADER + 2);
	wire_put16(message, 0x1234);
	wire_put16(message + 2, FLAG_QR);
	message[5] = 1;
	memcpy(message + 12, "\1x\0\0\6\0\1", 7);
	wire_put16(message + 6, 0);
	message[13] = (uint8_t)('a' + number % 26);
	return 19;
}

// Sends `count` messages, signs those that are a multiple of `every` and the
// last; returns the first error of the receiver.
static int send_stream(unsigned count, unsigned every, bool sign_last, bool *complete)
{
	struct tsig_stream *out = answer_stream(&key), *in = answer_stream(&key);
	int error = 0;
	for (unsigned i = 0; i < count && error == 0; i++) {
		uint8_t message[512];
		size_t length = plain_message(message, i), stripped;
		struct tsig_verdict verdict;
		if (i % every == 0 || (sign_last && i == count - 1))
			assert_int_equal(tsig_stream_sign(out, message, &length, sizeof(message),
			                                  VECTOR_TIME), 0);
		else
			assert_int_equal(tsig_stream_skip(out, message, length), 0);
		error = tsig_stream_verify(in, message, length, &stripped, VECTOR_TIME, &verdict);
		if (error == 0)
			assert_int_equal(stripped, 19);
	}
	*complete = tsig_stream_complete(in);
	tsig_stream_free(out);
	tsig_stream_free(in);
	return error;
}

static void what_we_send_is_what_we_accept(void **state)
{
	(void)state;
	bool complete;
	assert_int_equal(send_stream(1, 1, true, &complete), 0);
	assert_true(complete);
	assert_int_equal(send_stream(250, 1, true, &complete), 0);
	assert_true(complete);
	assert_int_equal(send_stream(1001, 100, true, &complete), 0); // 99 between two
	assert_true(complete);
	assert_int_equal(send_stream(57, 100, true, &complete), 0);
	assert_true(complete);
	assert_int_equal(send_stream(57, 100, false, &complete), 0);
	assert_false(complete);
	assert_int_equal(send_stream(500, 101, true, &complete), ERR_KEY); // 100 between two
	assert_int_equal(send_stream(101, 1000, true, &complete), 0);
	assert_int_equal(send_stream(102, 1000, true, &complete), ERR_KEY);
}

static void our_signatures_are_those_of_another(void **state)
{
	(void)state;
	struct tsig_stream *out = answer_stream(&key);
	for (int i = 0; i < 6; i++) {
		uint8_t message[1024];
		size_t start, length = some_signed[i].length;
		struct tsig_record theirs, ours;
		memcpy(message, some_signed[i].bytes, length);
		if (tsig_record_find(message, length, &start, &theirs) != 1) {
			assert_int_equal(tsig_stream_skip(out, message, length), 0);
			continue;
		}
		tsig_strip(message);
		length = start;
		assert_int_equal(tsig_stream_sign(out, message, &length, sizeof(message),
		                                  VECTOR_TIME), 0);
		assert_int_equal(tsig_record_find(message, length, &start, &ours), 1);
		assert_int_equal(ours.mac_length, theirs.mac_length);
		assert_memory_equal(ours.mac, theirs.mac, ours.mac_length);
	}
	tsig_stream_free(out);
}

static void a_message_too_long_to_sign_can_be_signed_when_it_is_shorter(void **state)
{
	(void)state;
	struct tsig_stream *out = answer_stream(&key), *in = answer_stream(&key);
	uint8_t message[512];
	size_t length = plain_message(message, 0), stripped;
	struct tsig_verdict verdict;
	assert_int_equal(tsig_stream_sign(out, message, &length, 60, VECTOR_TIME), ERR_SPACE);
	assert_int_equal(length, 19);
	assert_int_equal(tsig_stream_sign(out, message, &length, sizeof(message), VECTOR_TIME), 0);
	assert_int_equal(tsig_stream_verify(in, message, length, &stripped, VECTOR_TIME, &verdict), 0);
	tsig_stream_free(out);
	tsig_stream_free(in);
	tsig_stream_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_signed_throughout_is_verified),
		cmocka_unit_test(unsigned_messages_are_covered_by_the_next_signature),
		cmocka_unit_test(a_changed_unsigned_message_is_noticed),
		cmocka_unit_test(a_message_left_out_or_swapped_is_noticed),
		cmocka_unit_test(the_first_message_must_be_signed),
		cmocka_unit_test(the_last_message_must_be_signed),
		cmocka_unit_test(another_key_or_algorithm_is_refused),
		cmocka_unit_test(the_skew_of_clocks_is_told),
		cmocka_unit_test(an_error_without_mac_is_told),
		cmocka_unit_test(what_we_send_is_what_we_accept),
		cmocka_unit_test(our_signatures_are_those_of_another),
		cmocka_unit_test(a_message_too_long_to_sign_can_be_signed_when_it_is_shorter),
	};
	name_from_text(VECTOR_KEY, key_name);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
