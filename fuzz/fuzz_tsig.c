// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as a message that may be signed. The first byte chooses the
// algorithm and the length of the buffer; the rest is the message.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/tsig.h"
#include "dns/tsig_internal.h"
#include "dns/types.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1700000000)

static const uint8_t secret[16] = "0123456789abcde";
static const uint8_t name[] = "\3key";

static const struct tsig_key *find(const void *context, const uint8_t *asked)
{
	const struct tsig_key *key = context;
	return name_equal(asked, key->name) ? key : NULL;
}

// A buffer of just that length, so that the sanitizer sees its end.
static uint8_t *copy_of(const uint8_t *data, size_t size, size_t room)
{
	uint8_t *copy = malloc(room > 0 ? room : 1);
	REQUIRE(copy != NULL);
	memcpy(copy, data, size);
	return copy;
}

static void try_request(const struct tsig_key *key, const uint8_t *data, size_t size,
                        size_t room)
{
	struct tsig_request request;
	size_t stripped;
	uint8_t *message = copy_of(data, size, size + room);
	int error = tsig_verify_request(message, size, &stripped, find, key, NOW, &request);
	REQUIRE(stripped <= size);
	REQUIRE(error == 0 || error == ERR_FORMAT || error == ERR_KEY || error == ERR_TIME);
	REQUIRE(request.present || stripped == size || error == ERR_FORMAT);
	if (request.present) {
		size_t length = stripped, needed = tsig_reply_size(&request);
		int made = tsig_sign_reply(message, &length, size + room, &request, NOW);
		REQUIRE(made == (stripped + needed <= size + room ? 0 : ERR_SPACE));
		REQUIRE(length == stripped + (made == 0 ? needed : 0));
	}
	free(message);
}

static void try_stream(const struct tsig_key *key, const uint8_t *data, size_t size)
{
	struct tsig_stream *stream;
	REQUIRE(tsig_stream_new(key, secret, sizeof(secret), &stream) == 0);
	for (int i = 0; i < 2; i++) {
		struct tsig_verdict verdict;
		size_t stripped;
		uint8_t *message = copy_of(data, size, size);
		int error = tsig_stream_verify(stream, message, size, &stripped, NOW, &verdict);
		REQUIRE(stripped <= size);
		REQUIRE(error != 0); // the MAC cannot be guessed
		free(message);
	}
	REQUIRE(!tsig_stream_complete(stream));
	tsig_stream_free(stream);
}

static bool is_whole_and_unsigned(const uint8_t *data, size_t size)
{
	struct wire_reader r;
	struct message_question question;
	struct message_record record;
	wire_reader_init(&r, data, size);
	if (wire_read_bytes(&r, MESSAGE_HEADER) == NULL)
		return false;
	for (unsigned n = message_count(data, SECTION_QUESTION); n > 0 && !r.failed; n--)
		message_read_question(&r, &question);
	for (unsigned s = SECTION_ANSWER; s <= SECTION_ADDITIONAL; s++) {
		for (unsigned n = message_count(data, s); n > 0 && !r.failed; n--) {
			if (message_read_record(&r, &record) && record.type == TYPE_TSIG)
				return false;
		}
	}
	return !r.failed && wire_reader_left(&r) == 0;
}

// What we sign, we verify, and get back as it was.
static void try_round(const struct tsig_key *key, const uint8_t *data, size_t size)
{
	uint8_t mac[TSIG_MAX_MAC];
	struct tsig_request request;
	size_t length = size, mac_length, stripped, room = size + TSIG_MAX_RECORD;
	if (!is_whole_and_unsigned(data, size))
		return;
	uint8_t *message = copy_of(data, size, room);
	if (tsig_sign_request(message, &length, room, key, NOW, mac, &mac_length) == 0) {
		REQUIRE(tsig_verify_request(message, length, &stripped, find, key, NOW, &request) == 0);
		REQUIRE(request.present && request.mac_length == mac_length);
		REQUIRE(stripped == size && memcmp(message, data, size) == 0);
	}
	free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 2 * MESSAGE_MAX)
		return 0;
	const struct tsig_key key = {
		.name = name, .algorithm = (enum tsig_algorithm)(data[0] % 6 + 1),
		.secret = secret, .secret_length = sizeof(secret),
	};
	size_t room = data[0];
	try_request(&key, data + 1, size - 1, room);
	try_stream(&key, data + 1, size - 1);
	try_round(&key, data + 1, size - 1);
	return 0;
}
