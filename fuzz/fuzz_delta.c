// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as a delta: refused, or whole. One that is whole is walked, and,
// where its rdata is well formed, applied to a zone. What the zone became is
// written as a delta in turn, which must lead there from the zone again, and
// back from there.
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "dns/message.h"
#include "zone/delta.h"
#include "zone/delta_layout.h"
#include "zone/file.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t origin[] = "\7example\3com";
static const char base[] = "@ 300 SOA ns hm 1 2 3 4 5\n@ 300 NS ns\nwww 300 A 192.0.2.1\nwww 300 A 192.0.2.2\n"
                           "*.w 60 TXT a\nsub 60 NS ns.sub\nns.sub 60 A 192.0.2.3\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char why[256];
	(void)argc;
	(void)argv;
	hash_seed_fixed(1);
	return arena_open(ARENA_DEFAULT_RESERVE, why);
}

static const struct zone_version *make_base(struct zone_line *line)
{
	struct zone_draft *draft;
	struct zone_file_result result;
	const struct zone_version *version;
	if (zone_draft_new(line, &draft) != 0 ||
	    zone_file_parse(base, sizeof base - 1, "base", origin, draft, &result) != 0 ||
	    zone_draft_seal(draft, &version) != 0)
		abort();
	return version;
}

// Walks it; true where all rdata is well formed.
static bool walk(const struct delta *delta)
{
	struct delta_cursor cursor;
	struct delta_record r;
	enum delta_phase phase, last = DELTA_OLD_SOA;
	size_t count = 0;
	bool good = true;
	for (delta_cursor_start(&cursor, delta); delta_cursor_next(&cursor, &phase, &r); count++) {
		if (phase < last || name_length(r.owner) > NAME_MAX_WIRE)
			abort();
		last = phase;
		good = good && rdata_check(r.type, r.rdata, r.rdata_length) == 0;
	}
	if (count != 2 + delta_removed(delta) + delta_added(delta))
		abort();
	return good;
}

static bool is_same(const struct zone_version *a, const struct zone_version *b)
{
	struct zone_figures x, y;
	zone_figures(a, &x);
	zone_figures(b, &y);
	return x.records == y.records && x.names == y.names && zone_serial(a) == zone_serial(b);
}

typedef int turn(const struct delta *delta, struct zone_draft *draft);

static void must_turn(struct zone_line *line, const struct zone_version *from, turn *which, const struct delta *delta,
                      const struct zone_version *wanted)
{
	struct zone_draft *draft;
	const struct zone_version *to;
	if (zone_draft_from(line, from, &draft) != 0 || which(delta, draft) != 0 || zone_draft_seal(draft, &to) != 0)
		abort();
	if (!is_same(to, wanted))
		abort();
	zone_release(to);
}

static void apply(const struct delta *delta)
{
	struct zone_line *line;
	struct zone_draft *draft;
	struct delta_writer *writer;
	const struct zone_version *after;
	struct delta *own;
	if (zone_line_new(origin, &line) != 0)
		abort();
	const struct zone_version *before = make_base(line);
	if (zone_draft_from(line, before, &draft) != 0 || delta_writer_new(draft, 0, &writer) != 0)
		abort();
	if (delta_apply(delta, draft) != 0 || zone_draft_seal(draft, &after) != 0) {
		zone_draft_abandon(draft);
		delta_writer_abandon(writer);
	} else {
		int error = delta_writer_finish(writer, before, after, &own);
		if (error != 0 && (error != ERR_STATE || zone_serial(before) != zone_serial(after)))
			abort();
		if (error == 0) {
			must_turn(line, before, delta_apply, own, after);
			must_turn(line, after, delta_revert, own, before);
			delta_release(own);
		}
		zone_release(after);
	}
	zone_release(before);
	zone_line_release(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct delta *delta;
	if (delta_from_bytes(data, size, &delta) == 0)
		delta_release(delta);
	if (size < DELTA_HEAD)
		return 0;
	// A checksum and a length that are right, so that the rest is looked at.
	uint8_t *copy = malloc(size);
	memcpy(copy, data, size);
	wire_put32(copy + DELTA_AT_LENGTH, (uint32_t)size);
	XXH128_canonical_t sum = delta_sum(copy, size);
	memcpy(copy, &sum, DELTA_SUM);
	int error = delta_from_bytes(copy, size, &delta);
	free(copy);
	if (error != 0)
		return 0;
	if (walk(delta))
		apply(delta);
	delta_release(delta);
	return 0;
}
