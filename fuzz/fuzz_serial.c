// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as an answer to a question for a zone's serial, by UDP or TCP. The
// first byte says how: bit 0 asked with a key, bit 1 the ID is set to what was
// asked, bit 2 the question likewise, so that the fuzzer gets past them.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dns/types.h"
#include "replicate/query.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1700000000)
#define ID 0x1234
#define MESSAGE_ROOM 4096u

static const uint8_t origin[] = "\7example\3com";
static const uint8_t secret[16] = "0123456789abcde";
static const struct tsig_key key = { (const uint8_t *)"\3key", TSIG_HMAC_SHA256, 16, secret };

static void make_plausible(uint8_t how, uint8_t *message, size_t length, const struct query *query)
{
	size_t question = sizeof origin + 4;

	if ((how & 2) != 0 && length >= 2)
		wire_put16(message, ID);
	if ((how & 4) == 0 || length < MESSAGE_HEADER + question)
		return;
	wire_put16(message + 4, 1);
	memcpy(message + MESSAGE_HEADER, query->bytes + MESSAGE_HEADER, question);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct query query;
	struct soa_answer answer;
	uint8_t *message;
	char why[256] = "";
	int error;

	if (size < 1 || size > MESSAGE_ROOM)
		return 0;
	REQUIRE(query_build(&query, ID, origin, TYPE_SOA, (data[0] & 1) != 0 ? &key : NULL, NOW) == 0);
	// Of exactly that length, so that a read behind it is seen.
	message = malloc(size > 1 ? size - 1 : 1);
	REQUIRE(message != NULL);
	memcpy(message, data + 1, size - 1);
	make_plausible(data[0], message, size - 1, &query);
	error = query_read_soa(&query, message, size - 1, NOW, &answer, why, sizeof why);
	REQUIRE(error <= 0);
	REQUIRE(error == 0 || error == ERR_STATE || why[0] != '\0');
	REQUIRE(error == 0 || !answer.is_truncated);
	free(message);
	return 0;
}
