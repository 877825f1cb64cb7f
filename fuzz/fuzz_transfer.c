// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as the TCP stream of a primary's answer to an AXFR or IXFR. The
// first byte says how: bit 0 signed, bit 1 onto a version we have, bit 2 the
// serial alone, bit 3 forced, bits 1 to 3 together an IXFR, the rest how the
// stream is cut. Before parsing, the IDs
// of messages are set to what was asked, so that the fuzzer gets past them.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "dns/types.h"
#include "replicate/fetch_stream.h"
#include "zone/file.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1700000000)
#define ID 0x1234

static const uint8_t origin[] = "\1z";
static const uint8_t secret[16] = "0123456789abcde";
static const struct tsig_key key = { (const uint8_t *)"\3key", TSIG_HMAC_SHA256, 16, secret };
static const char base_text[] = "@ 60 SOA a b 5 60 60 60 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nw 60 TXT x\n";

static struct zone_line *line;
static const struct zone_version *base;

static void begin(void)
{
	struct zone_file_result result = { 0 };
	struct zone_draft *draft;
	char why[256];

	hash_seed_fixed(1);
	REQUIRE(arena_open(UINT64_C(1) << 30, why) == 0);
	REQUIRE(zone_line_new(origin, &line) == 0);
	REQUIRE(zone_draft_new(line, &draft) == 0);
	REQUIRE(zone_file_parse(base_text, sizeof base_text - 1, "base", origin, draft, &result) == 0);
	REQUIRE(zone_draft_seal(draft, &base) == 0);
}

static void set_ids(uint8_t *bytes, size_t size)
{
	while (size >= 4) {
		size_t length = 2u + wire_get16(bytes);
		wire_put16(bytes + 2, ID);
		if (length > size)
			break;
		bytes += length;
		size -= length;
	}
}

static void finish(struct fetch_stream *stream)
{
	uint8_t owner[NAME_MAX_WIRE];
	struct delta_writer *changes = fetch_stream_take_changes(stream);
	struct zone_draft *draft = fetch_stream_take(stream);
	const struct zone_version *version;
	struct delta *delta = NULL;

	REQUIRE(draft != NULL);
	if (zone_draft_check(draft, owner) == ZONE_SOUND && zone_draft_seal(draft, &version) == 0) {
		REQUIRE(name_equal(zone_origin(version), origin));
		if (changes != NULL)
			(void)delta_writer_finish(changes, base, version, &delta);
		delta_release(delta);
		zone_release(version);
	} else {
		zone_draft_abandon(draft);
		delta_writer_abandon(changes);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct query query;
	struct fetch_stream *stream;
	struct fetch_terms terms = { .query = &query };
	uint8_t *copy;
	size_t cut;
	int outcome = FETCH_MORE;

	if (line == NULL)
		begin();
	if (size < 1)
		return 0;
	bool is_ixfr = (data[0] & 14) == 14;
	struct query_ask ask = { .type = is_ixfr ? TYPE_IXFR : TYPE_AXFR, .base = is_ixfr ? base : NULL };
	REQUIRE(query_build_ask(&query, ID, origin, &ask, (data[0] & 1) != 0 ? &key : NULL, NOW) == 0);
	terms.line = line;
	terms.base = (data[0] & 2) != 0 ? base : NULL;
	terms.kind = is_ixfr ? FETCH_IXFR : (data[0] & 4) != 0 ? FETCH_SOA : FETCH_AXFR;
	terms.is_forced = !is_ixfr && (data[0] & 8) != 0;
	terms.max_records = 1000;
	cut = (size_t)(data[0] >> 4) * 7;
	copy = malloc(size);
	REQUIRE(copy != NULL);
	size--;
	memcpy(copy, data + 1, size);
	set_ids(copy, size);
	// By UDP whatever comes is asked first whether it is an answer at all.
	if (query_is_answered_by(&query, copy, size))
		REQUIRE(message_id(copy) == ID);
	REQUIRE(fetch_stream_new(&terms, &stream) == 0);
	for (size_t at = 0; at < size && outcome == FETCH_MORE;) {
		size_t length = cut != 0 && size - at > cut ? cut : size - at;
		outcome = fetch_stream_bytes(stream, copy + at, length, NOW);
		at += length;
	}
	if (outcome == FETCH_MORE)
		outcome = fetch_stream_end(stream);
	REQUIRE(outcome >= 0 || fetch_stream_why(stream)[0] != '\0');
	if (outcome == FETCH_DONE)
		finish(stream);
	fetch_stream_free(stream);
	free(copy);
	return 0;
}
