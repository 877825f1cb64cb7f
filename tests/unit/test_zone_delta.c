// SPDX-License-Identifier: GPL-3.0-or-later
// Deltas against plain text: what a delta says went and came must be exactly
// the lines that two zone texts do not share, whatever way the draft took from
// one to the other; applied it gives the one, reverted the other. The seed is
// printed; ZONE_DELTA_SEED and ZONE_DELTA_ROUNDS set it and the length.
#include <time.h>

#include "zone/delta.h"
#include "zone/delta_layout.h"
#include "zone_case.h"

// --- a small world of records, so that they meet often

static uint64_t dice = 1;

static uint32_t roll(uint32_t sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)(dice >> 33) % sides;
}

static const char *const owners[] = {
	"example.com", "a.example.com", "b.example.com", "www.a.example.com", "*.b.example.com",
	"deep.er.still.example.com", "c.example.com", "d.example.com", "e.example.com", "f.example.com",
};
#define HASHED "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.com"

struct thing {
	uint8_t owner[NAME_MAX_WIRE];
	uint16_t type;
	uint32_t ttl;
	uint16_t length;
	uint8_t rdata[800];
};

static uint16_t put_name(uint8_t *to, const char *text)
{
	uint8_t name[NAME_MAX_WIRE];
	size_t length = (size_t)name_from_text(text, name);
	memcpy(to, name, length);
	return (uint16_t)length;
}

static void make_signature(struct thing *t, uint16_t covered, uint8_t variant)
{
	memset(t->rdata, variant, 18);
	wire_put16(t->rdata, covered);
	t->length = (uint16_t)(18 + put_name(t->rdata + 18, "example.com"));
	memset(t->rdata + t->length, 0x5a, 64);
	t->length = (uint16_t)(t->length + 64);
}

static void make_thing(struct thing *t)
{
	static const uint16_t types[] = { TYPE_A, TYPE_A, TYPE_A, TYPE_NS, TYPE_TXT, TYPE_RRSIG, TYPE_NSEC3 };
	uint8_t variant = (uint8_t)roll(6);
	memset(t, 0, sizeof *t);
	t->type = types[roll(7)];
	t->ttl = roll(5) == 0 ? 600 : 300;
	put_name(t->owner, t->type == TYPE_NSEC3 ? HASHED : owners[roll(10)]);
	switch (t->type) {
	case TYPE_A:
		t->length = 4;
		t->rdata[3] = (uint8_t)roll(40);
		return;
	case TYPE_NS: // the same name in two spellings too
		t->length = put_name(t->rdata, (const char *const[]){ "ns1.example.net", "NS1.example.net", "ns.a.example.com",
		                                                       "ns2.example.net", "ns3.example.net", "x.test" }[variant]);
		return;
	case TYPE_TXT: // some large enough to leave the node
		t->length = (uint16_t)(1 + (variant < 3 ? 20 : 250));
		memset(t->rdata, 'a' + variant, t->length);
		t->rdata[0] = (uint8_t)(t->length - 1);
		return;
	case TYPE_RRSIG:
		make_signature(t, variant % 2 == 0 ? TYPE_A : TYPE_TXT, variant);
		return;
	default: // NSEC3, in two chains
		memcpy(t->rdata, "\1\0\0\1\1\xab\24", 7);
		t->rdata[3] = variant % 2;
		memset(t->rdata + 7, variant, 20);
		t->length = 27;
	}
}

static void set_serial(struct zone_draft *draft, uint32_t serial)
{
	const uint8_t *origin = zone_case_name("example.com");
	uint8_t rdata[128];
	struct rrset set;
	uint16_t length = put_name(rdata, "ns.example.com");
	length = (uint16_t)(length + put_name(rdata + length, "hm.example.com"));
	memset(rdata + length, 1, 20);
	wire_put32(rdata + length, serial);
	if (zone_draft_rrset(draft, origin, TYPE_SOA, &set)) {
		const uint8_t *old = set.wire;
		uint16_t old_length = wire_get16(old + RECORD_RDLENGTH);
		uint8_t copy[256];
		memcpy(copy, old + RECORD_RDATA, old_length);
		assert_int_equal(zone_draft_remove(draft, origin, TYPE_SOA, copy, old_length), 0);
	}
	assert_int_equal(zone_draft_add(draft, origin, TYPE_SOA, serial % 5 == 0 ? 60 : 300, rdata,
	                                (uint16_t)(length + 20), NULL), 0);
}

// An apex that keeps every version sound.
static void add_apex_ns(struct zone_draft *draft)
{
	uint8_t rdata[64];
	uint16_t length = put_name(rdata, "ns.example.com");
	assert_int_equal(zone_draft_add(draft, zone_case_name("example.com"), TYPE_NS, 300, rdata, length, NULL), 0);
}

static void edit(struct zone_draft *draft)
{
	struct thing t;
	make_thing(&t);
	bool was_removed = roll(5) < 2 && zone_draft_remove(draft, t.owner, t.type, t.rdata, t.length) == 0;
	// Some of what went comes again.
	if (!was_removed || roll(4) == 0)
		assert_int_equal(zone_draft_add(draft, t.owner, t.type, t.ttl, t.rdata, t.length, NULL), 0);
}

static void replace(struct zone_draft *draft, uint32_t serial)
{
	assert_int_equal(zone_draft_replace_begin(draft), 0);
	set_serial(draft, serial);
	add_apex_ns(draft);
	for (unsigned n = roll(120); n > 0; n--) {
		struct thing t;
		make_thing(&t);
		assert_int_equal(zone_draft_add(draft, t.owner, t.type, t.ttl, t.rdata, t.length, NULL), 0);
	}
	assert_int_equal(zone_draft_replace_end(draft), 0);
}

static const struct zone_version *seal(struct zone_draft *draft)
{
	const struct zone_version *version = NULL;
	assert_int_equal(zone_draft_seal(draft, &version), 0);
	return version;
}

// The first version, and the next from it with the delta between.
static const struct zone_version *first(struct zone_line *line)
{
	struct zone_draft *draft;
	assert_int_equal(zone_draft_new(line, &draft), 0);
	set_serial(draft, 1);
	add_apex_ns(draft);
	return seal(draft);
}

static const struct zone_version *next(struct zone_line *line, const struct zone_version *before, struct delta **delta)
{
	struct zone_draft *draft;
	struct delta_writer *writer;
	uint32_t serial = zone_serial(before) + 1;
	assert_int_equal(zone_draft_from(line, before, &draft), 0);
	assert_int_equal(delta_writer_new(draft, 0, &writer), 0);
	if (roll(6) == 0) {
		replace(draft, serial);
	} else {
		for (unsigned n = roll(40); n > 0; n--)
			edit(draft);
		set_serial(draft, serial);
	}
	const struct zone_version *after = seal(draft);
	assert_int_equal(delta_writer_finish(writer, before, after, delta), 0);
	return after;
}

// --- lines of text

// The lines of a that b has not; both are sorted.
static char *lines_without(const char *a, const char *b)
{
	char *out = malloc(strlen(a) + 1), *end = out;
	*end = '\0';
	while (*a != '\0') {
		size_t length = strcspn(a, "\n") + 1, other = *b != '\0' ? strcspn(b, "\n") + 1 : 0;
		int order = other == 0 ? -1 : strncmp(a, b, length < other ? length : other);
		if (order < 0) {
			end = stpncpy(end, a, length);
			*end = '\0';
		}
		a += order <= 0 ? length : 0;
		b += order >= 0 ? other : 0;
	}
	return out;
}

static char *side_text(const struct delta *delta, enum delta_phase soa, enum delta_phase side)
{
	struct delta_cursor cursor;
	struct delta_record r;
	enum delta_phase phase, last = DELTA_OLD_SOA;
	char *text = NULL, line[4000];
	size_t length = 0, count = 0;
	FILE *out = open_memstream(&text, &length);
	delta_cursor_start(&cursor, delta);
	while (delta_cursor_next(&cursor, &phase, &r)) {
		assert_true(phase >= last);
		last = phase;
		if (phase != soa && phase != side)
			continue;
		count += phase == side;
		assert_true(record_to_text(r.owner, r.type, CLASS_IN, r.ttl, r.rdata, r.rdata_length, line, sizeof line) > 0);
		fprintf(out, "%s\n", line);
	}
	fclose(out);
	assert_int_equal(count, side == DELTA_REMOVED ? delta_removed(delta) : delta_added(delta));
	return text;
}

static void side_is(const struct delta *delta, enum delta_phase soa, enum delta_phase side, const char *text,
                    const char *without)
{
	char *said = side_text(delta, soa, side), *sorted = zone_case_sorted(said);
	char *a = zone_case_sorted(text), *b = zone_case_sorted(without), *wanted = lines_without(a, b);
	assert_string_equal(sorted, wanted);
	free(said);
	free(sorted);
	free(a);
	free(b);
	free(wanted);
}

// --- the way there and back, from bytes, in another line

static const struct zone_version *copy_of(struct zone_line *line, const char *text)
{
	struct zone_file_result result;
	struct zone_draft *draft;
	assert_int_equal(zone_draft_new(line, &draft), 0);
	assert_int_equal(zone_file_parse(text, strlen(text), "copy", zone_case_name("example.com"), draft, &result), 0);
	return seal(draft);
}

typedef int turn(const struct delta *delta, struct zone_draft *draft);

static void turns_into(struct zone_line *line, const char *text, turn *which, const struct delta *delta,
                       const char *wanted)
{
	const struct zone_version *from = copy_of(line, text);
	struct zone_draft *draft;
	assert_int_equal(zone_draft_from(line, from, &draft), 0);
	assert_int_equal(which(delta, draft), 0);
	const struct zone_version *to = seal(draft);
	zone_case_holds(to, wanted);
	zone_release(from);
	zone_release(to);
}

static void there_and_back(const struct delta *original, const char *before, const char *after)
{
	struct zone_line *line;
	struct delta *delta;
	size_t length;
	const uint8_t *bytes = delta_bytes(original, &length);
	assert_int_equal(delta_from_bytes(bytes, length, &delta), 0);
	assert_int_equal(zone_line_new(zone_case_name("example.com"), &line), 0);
	turns_into(line, before, delta_apply, delta, after);
	turns_into(line, after, delta_revert, delta, before);
	zone_line_release(line);
	delta_release(delta);
}

static void test_random_edits(void **state)
{
	struct zone_line *line;
	const char *seed = getenv("ZONE_DELTA_SEED"), *rounds = getenv("ZONE_DELTA_ROUNDS");
	(void)state;
	dice = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) * 2654435761u + 1;
	print_message("ZONE_DELTA_SEED=%llu\n", (unsigned long long)dice);
	assert_int_equal(zone_line_new(zone_case_name("example.com"), &line), 0);
	const struct zone_version *before = first(line);
	for (long round = rounds != NULL ? atol(rounds) : 400; round > 0; round--) {
		struct delta *delta;
		const struct zone_version *after = next(line, before, &delta);
		char *old_text = zone_case_text(before), *new_text = zone_case_text(after);
		assert_int_equal(delta_from(delta), zone_serial(before));
		assert_int_equal(delta_to(delta), zone_serial(after));
		side_is(delta, DELTA_OLD_SOA, DELTA_REMOVED, old_text, new_text);
		side_is(delta, DELTA_NEW_SOA, DELTA_ADDED, new_text, old_text);
		there_and_back(delta, old_text, new_text);
		free(old_text);
		free(new_text);
		delta_release(delta);
		zone_release(before);
		before = after;
	}
	zone_release(before);
	zone_line_release(line);
}

// --- by hand

#define BEFORE "@ 300 SOA ns hm 1 2 3 4 5\n@ 300 NS ns\nwww 300 A 192.0.2.1\nwww 300 A 192.0.2.2\n"

struct two {
	struct zone_case c;
	struct zone_draft *draft;
	struct delta_writer *writer;
};

static void two_begin(struct two *t, size_t max_bytes)
{
	zone_case_parse(&t->c, BEFORE);
	assert_int_equal(zone_draft_from(t->c.line, t->c.version, &t->draft), 0);
	assert_int_equal(delta_writer_new(t->draft, max_bytes, &t->writer), 0);
}

static int two_end(struct two *t, struct delta **delta)
{
	const struct zone_version *after = seal(t->draft);
	int error = delta_writer_finish(t->writer, t->c.version, after, delta);
	zone_release(after);
	zone_case_end(&t->c);
	return error;
}

static int address(struct zone_draft *draft, bool add, const char *owner, uint32_t ttl, uint8_t last)
{
	const uint8_t rdata[] = { 192, 0, 2, last };
	return add ? zone_draft_add(draft, zone_case_name(owner), TYPE_A, ttl, rdata, 4, NULL)
	           : zone_draft_remove(draft, zone_case_name(owner), TYPE_A, rdata, 4);
}

static void says(const struct delta *delta, const char *went, const char *came)
{
	side_is(delta, DELTA_REMOVED, DELTA_REMOVED, went, "");
	side_is(delta, DELTA_ADDED, DELTA_ADDED, came, "");
}

static void test_what_comes_and_goes(void **state)
{
	struct two t;
	struct delta *delta;
	(void)state;
	two_begin(&t, 0);
	assert_int_equal(address(t.draft, true, "new.example.com", 300, 9), 0);
	assert_int_equal(address(t.draft, false, "new.example.com", 300, 9), 0);
	assert_int_equal(address(t.draft, false, "www.example.com", 300, 1), 0);
	assert_int_equal(address(t.draft, true, "www.example.com", 300, 1), 0);
	set_serial(t.draft, 7);
	assert_int_equal(two_end(&t, &delta), 0);
	says(delta, "", "");
	assert_int_equal(delta_from(delta), 1);
	assert_int_equal(delta_to(delta), 7);
	delta_release(delta);
}

// RFC 2181, 5.2: the whole set takes the TTL, so each record went and came.
static void test_a_ttl_for_the_set(void **state)
{
	struct two t;
	struct delta *delta;
	(void)state;
	two_begin(&t, 0);
	assert_int_equal(address(t.draft, true, "www.example.com", 60, 3), 0);
	set_serial(t.draft, 2);
	assert_int_equal(two_end(&t, &delta), 0);
	says(delta, "www.example.com. 300 IN A 192.0.2.1\nwww.example.com. 300 IN A 192.0.2.2\n",
	     "www.example.com. 60 IN A 192.0.2.1\nwww.example.com. 60 IN A 192.0.2.2\nwww.example.com. 60 IN A 192.0.2.3\n");
	delta_release(delta);
}

static void test_the_same_serial(void **state)
{
	struct two t;
	struct delta *delta;
	(void)state;
	two_begin(&t, 0);
	assert_int_equal(address(t.draft, true, "new.example.com", 300, 9), 0);
	assert_int_equal(two_end(&t, &delta), ERR_STATE);
	assert_null(delta);
}

// A draft from an older version, while a newer one is there: the delta leads
// from the one that was asked for.
static void test_from_an_older_version(void **state)
{
	struct two t;
	struct zone_draft *draft;
	struct delta_writer *writer;
	struct delta *delta;
	(void)state;
	two_begin(&t, 0);
	delta_writer_abandon(t.writer);
	zone_draft_watch(t.draft, NULL, NULL);
	assert_int_equal(address(t.draft, true, "new.example.com", 300, 9), 0);
	assert_int_equal(delta_writer_new(t.draft, 0, &writer), ERR_STATE); // too late
	set_serial(t.draft, 2);
	const struct zone_version *newer = seal(t.draft);
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(zone_draft_from(t.c.line, t.c.version, &draft), 0);
		assert_int_equal(delta_writer_new(draft, 0, &writer), 0);
		assert_int_equal(address(draft, false, "www.example.com", 300, 2), 0);
		set_serial(draft, 3);
		const struct zone_version *after = seal(draft);
		assert_int_equal(delta_writer_finish(writer, round == 0 ? newer : t.c.version, after, &delta),
		                 round == 0 ? ERR_STATE : 0);
		zone_release(after);
	}
	says(delta, "www.example.com. 300 IN A 192.0.2.2\n", "");
	delta_release(delta);
	zone_release(newer);
	assert_int_equal(zone_draft_new(t.c.line, &draft), 0);
	assert_int_equal(delta_writer_new(draft, 0, &writer), ERR_STATE); // from nothing
	zone_draft_abandon(draft);
	zone_case_end(&t.c);
}

static void test_too_much(void **state)
{
	struct two t;
	struct delta *delta;
	(void)state;
	two_begin(&t, 2000);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(address(t.draft, true, "many.example.com", 300, (uint8_t)i), 0);
	set_serial(t.draft, 2);
	assert_int_equal(two_end(&t, &delta), ERR_LIMIT);
	assert_null(delta);

	// What cancels out takes no room for long.
	two_begin(&t, 2000);
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(address(t.draft, true, "many.example.com", 300, (uint8_t)i), 0);
		assert_int_equal(address(t.draft, false, "many.example.com", 300, (uint8_t)i), 0);
	}
	assert_int_equal(address(t.draft, true, "many.example.com", 300, 201), 0);
	set_serial(t.draft, 2);
	assert_int_equal(two_end(&t, &delta), 0);
	says(delta, "", "many.example.com. 300 IN A 192.0.2.201\n");
	delta_release(delta);
}

static struct delta *small_delta(void)
{
	struct two t;
	struct delta *delta;
	two_begin(&t, 0);
	assert_int_equal(address(t.draft, false, "www.example.com", 300, 1), 0);
	assert_int_equal(address(t.draft, true, "new.example.com", 300, 9), 0);
	set_serial(t.draft, 2);
	assert_int_equal(two_end(&t, &delta), 0);
	return delta;
}

// A delta is refused where it does not fit: another serial, and then a record
// that is not there.
static void test_misfits(void **state)
{
	struct delta *delta = small_delta();
	struct zone_case c;
	struct zone_draft *draft;
	(void)state;
	zone_case_parse(&c, "@ 300 SOA ns hm 1 2 3 4 5\n@ 300 NS ns\nwww 300 A 192.0.2.2\n");
	assert_int_equal(zone_draft_from(c.line, c.version, &draft), 0);
	assert_int_equal(delta_revert(delta, draft), ERR_STATE);
	assert_int_equal(delta_apply(delta, draft), ERR_NOT_FOUND);
	zone_draft_abandon(draft);
	zone_case_end(&c);
	delta_release(delta);
}

static void test_damage_is_seen(void **state)
{
	struct delta *delta = small_delta(), *read = NULL;
	size_t length;
	const uint8_t *bytes = delta_bytes(delta, &length);
	uint8_t *copy = malloc(length + 1);
	(void)state;
	memcpy(copy, bytes, length);
	copy[length] = 0;
	for (size_t bit = 0; bit < length * 8; bit++) {
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(delta_from_bytes(copy, length, &read), ERR_CORRUPT);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(delta_from_bytes(copy, cut, &read), ERR_CORRUPT);
	assert_int_equal(delta_from_bytes(copy, length + 1, &read), ERR_CORRUPT);
	assert_int_equal(delta_from_bytes(copy, length, &read), 0);
	delta_release(read);
	free(copy);
	delta_release(delta);
}

// With the sum made right again, what is wrong inside is still seen, or is a
// delta that can be walked.
static void test_damage_with_the_right_sum(void **state)
{
	struct delta *delta = small_delta();
	size_t length;
	const uint8_t *bytes = delta_bytes(delta, &length);
	uint8_t *copy = malloc(length);
	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct delta *read;
		memcpy(copy, bytes, length);
		for (unsigned n = 1 + roll(3); n > 0; n--)
			copy[DELTA_SUM + roll((uint32_t)length - DELTA_SUM)] = (uint8_t)roll(256);
		XXH128_canonical_t sum = delta_sum(copy, length);
		memcpy(copy, &sum, DELTA_SUM);
		int error = delta_from_bytes(copy, length, &read);
		assert_true(error == 0 || error == ERR_CORRUPT);
		if (error != 0)
			continue;
		struct delta_cursor cursor;
		struct delta_record r;
		enum delta_phase phase;
		size_t records = 0;
		for (delta_cursor_start(&cursor, read); delta_cursor_next(&cursor, &phase, &r);)
			records++;
		assert_int_equal(records, 2 + delta_removed(read) + delta_added(read));
		delta_release(read);
	}
	free(copy);
	delta_release(delta);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_edits),
		cmocka_unit_test(test_what_comes_and_goes),
		cmocka_unit_test(test_a_ttl_for_the_set),
		cmocka_unit_test(test_the_same_serial),
		cmocka_unit_test(test_from_an_older_version),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_misfits),
		cmocka_unit_test(test_damage_is_seen),
		cmocka_unit_test(test_damage_with_the_right_sum),
	};
	return cmocka_run_group_tests(tests, zone_case_open, zone_case_close);
}
