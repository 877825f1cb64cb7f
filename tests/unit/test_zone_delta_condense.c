// SPDX-License-Identifier: GPL-3.0-or-later
// The difference between two versions that several deltas lie between, as the
// operator reads it: "-" what went, "+" what came.
#include "zone/delta_condense.h"
#include "zone_case.h"

#define HEAD(serial) "@ 60 SOA ns hm " serial " 2 3 4 5\n@ 60 NS ns\n"
#define SOA(sign, serial) sign " example.com. 60 IN SOA ns.example.com. hm.example.com. " serial " 2 3 4 5\n"

struct steps {
	struct zone_case zone;
	struct delta *delta[8];
	size_t count;
};

static void begin(struct steps *s, const char *text)
{
	memset(s, 0, sizeof *s);
	zone_case_parse(&s->zone, text);
	assert_int_equal(s->zone.error, 0);
}

// The next version is this text.
static void step(struct steps *s, const char *text, bool is_kept)
{
	struct delta_writer *writer;
	const struct zone_version *next;
	struct zone_draft *draft;
	assert_int_equal(zone_draft_from(s->zone.line, s->zone.version, &draft), 0);
	assert_int_equal(delta_writer_new(draft, 0, &writer), 0);
	assert_int_equal(zone_draft_replace_begin(draft), 0);
	assert_int_equal(zone_file_parse(text, strlen(text), "test.zone", zone_case_name("example.com"), draft,
	                                 &s->zone.result), 0);
	assert_int_equal(zone_draft_replace_end(draft), 0);
	assert_int_equal(zone_draft_seal(draft, &next), 0);
	assert_int_equal((is_kept ? delta_writer_finish : delta_writer_compare)(writer, s->zone.version, next,
	                 &s->delta[s->count++]), 0);
	zone_release(s->zone.version);
	s->zone.version = next;
}

static void gives(struct steps *s, bool is_backward, const char *wanted)
{
	struct delta_changes changes;
	char *text = NULL, line[1024];
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_int_equal(delta_condense(s->delta, s->count, is_backward, 0, &changes), 0);
	for (size_t i = 0; i < changes.count; i++) {
		const struct delta_record *r = &changes.change[i].record;
		assert_true(record_to_text(r->owner, r->type, CLASS_IN, r->ttl, r->rdata, r->rdata_length, line,
		                           sizeof line) > 0);
		fprintf(out, "%c %s\n", changes.change[i].is_added ? '+' : '-', line);
	}
	fclose(out);
	assert_string_equal(text, wanted);
	free(text);
	delta_changes_free(&changes);
}

static void end(struct steps *s)
{
	for (size_t i = 0; i < s->count; i++)
		delta_release(s->delta[i]);
	zone_case_end(&s->zone);
}

static void what_comes_and_goes_again_is_not_told(void **state)
{
	struct steps s;
	(void)state;
	begin(&s, HEAD("1") "www 60 A 192.0.2.1\ngone 60 A 192.0.2.9\nback 60 A 192.0.2.7\n");
	step(&s, HEAD("2") "www 60 A 192.0.2.2\nbrief 60 A 192.0.2.5\n", true);
	step(&s, HEAD("3") "www 60 A 192.0.2.3\nback 60 A 192.0.2.7\nnew 60 TXT \"a b\"\n", true);
	gives(&s, false, SOA("-", "1") SOA("+", "3")
	      "- gone.example.com. 60 IN A 192.0.2.9\n"
	      "+ new.example.com. 60 IN TXT \"a b\"\n"
	      "- www.example.com. 60 IN A 192.0.2.1\n"
	      "+ www.example.com. 60 IN A 192.0.2.3\n");
	end(&s);
}

static void it_can_be_read_backwards(void **state)
{
	struct steps s;
	(void)state;
	begin(&s, HEAD("1") "www 60 A 192.0.2.1\n");
	step(&s, HEAD("2") "www 60 A 192.0.2.2\n", true);
	step(&s, HEAD("4") "www 60 A 192.0.2.2\na.www 60 A 192.0.2.3\n", true);
	gives(&s, true, SOA("-", "4") SOA("+", "1")
	      "- www.example.com. 60 IN A 192.0.2.2\n"
	      "+ www.example.com. 60 IN A 192.0.2.1\n"
	      "- a.www.example.com. 60 IN A 192.0.2.3\n");
	end(&s);
}

static void a_ttl_that_changes_is_a_record_that_went_and_one_that_came(void **state)
{
	struct steps s;
	(void)state;
	begin(&s, HEAD("1") "www 60 A 192.0.2.1\n");
	step(&s, HEAD("2") "www 90 A 192.0.2.1\n", true);
	gives(&s, false, SOA("-", "1") SOA("+", "2")
	      "- www.example.com. 60 IN A 192.0.2.1\n"
	      "+ www.example.com. 90 IN A 192.0.2.1\n");
	step(&s, HEAD("3") "www 60 A 192.0.2.1\n", true);
	gives(&s, false, SOA("-", "1") SOA("+", "3"));
	end(&s);
}

static void content_that_changed_under_the_same_serial_shows(void **state)
{
	struct steps s;
	(void)state;
	begin(&s, HEAD("1") "www 60 A 192.0.2.1\n");
	step(&s, HEAD("1") "www 60 A 192.0.2.2\n", false);
	gives(&s, false, "- www.example.com. 60 IN A 192.0.2.1\n+ www.example.com. 60 IN A 192.0.2.2\n");
	end(&s);
}

static void what_is_too_much_or_does_not_fit_is_refused(void **state)
{
	struct steps s;
	struct delta_changes changes;
	(void)state;
	begin(&s, HEAD("1") "www 60 A 192.0.2.1\n");
	step(&s, HEAD("2") "www 60 A 192.0.2.2\n", true);
	step(&s, HEAD("3") "www 60 A 192.0.2.3\n", true);
	assert_int_equal(delta_condense(s.delta, 2, false, 7, &changes), ERR_LIMIT);
	assert_int_equal(delta_condense(s.delta, 2, false, 8, &changes), 0);
	delta_changes_free(&changes);
	struct delta *wrong[] = { s.delta[1], s.delta[0] };
	assert_int_equal(delta_condense(wrong, 2, false, 0, &changes), ERR_STATE);
	assert_int_equal(delta_condense(wrong, 0, false, 0, &changes), 0);
	assert_int_equal(changes.count, 0);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_and_goes_again_is_not_told),
		cmocka_unit_test(it_can_be_read_backwards),
		cmocka_unit_test(a_ttl_that_changes_is_a_record_that_went_and_one_that_came),
		cmocka_unit_test(content_that_changed_under_the_same_serial_shows),
		cmocka_unit_test(what_is_too_much_or_does_not_fit_is_refused),
	};
	return cmocka_run_group_tests(tests, zone_case_open, zone_case_close);
}
