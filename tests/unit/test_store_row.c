// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the store: what goes in comes out, and damage is noticed.
#include "store/row.h"

#include "store_case.h"

static void fill(struct store_state *state, const char *address, int family)
{
	store_case_state(state);
	state->serial = 4000000000u;
	state->has_version = true;
	state->last_error_at = -5;
	memset(state->last_error, 'e', 255);
	if (family == AF_INET) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(53) };
		inet_pton(AF_INET, address, &in.sin_addr);
		memcpy(&state->primary, &in, sizeof in);
	} else if (family == AF_INET6) {
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(5353), .sin6_scope_id = 7 };
		inet_pton(AF_INET6, address, &in6.sin6_addr);
		memcpy(&state->primary, &in6, sizeof in6);
	}
}

static void round_trip(const struct store_state *in)
{
	uint8_t row[ROW_STATE_MAX];
	struct store_state out;
	size_t length = row_put_state(in, row);
	assert_int_equal(row_get_state(row, length, &out), 0);
	assert_memory_equal(in, &out, sizeof out);
}

static void test_state(void **state)
{
	struct store_state s;
	(void)state;
	fill(&s, "192.0.2.1", AF_INET);
	round_trip(&s);
	fill(&s, "2001:db8::1", AF_INET6);
	s.is_untold = true;
	round_trip(&s);
	fill(&s, NULL, 0);
	s.last_error[0] = '\0';
	memset(s.last_error, 0, sizeof s.last_error);
	round_trip(&s);
}

// A version made from a zone file tells which; one without is as it was before.
static void test_state_of_a_file(void **state)
{
	uint8_t row[ROW_STATE_MAX];
	struct store_state s;
	(void)state;
	fill(&s, "192.0.2.1", AF_INET);
	size_t without = row_put_state(&s, row);
	assert_int_equal(row[0], 1);
	s.file = UINT64_C(0x8091a2b3c4d5e6f7);
	round_trip(&s);
	size_t length = row_put_state(&s, row);
	assert_int_equal(row[0], 3);
	assert_int_equal(length, without + ROW_STATE_FILE);
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(row_get_state(row, cut, &s), ERR_CORRUPT);
	row[0] = 1;
	assert_int_equal(row_get_state(row, length, &s), ERR_CORRUPT);

	// As it was before: all of the row but the file is known.
	row[0] = 2;
	assert_int_equal(row_get_state(row, length, &s), ERR_CORRUPT);
	length = without + ROW_STATE_FILE_ONCE;
	memset(row + without, 1, ROW_STATE_FILE_ONCE);
	assert_int_equal(row_get_state(row, length, &s), 0);
	assert_int_equal(s.serial, 4000000000u);
	assert_int_equal(s.file, 0);
}

// Rows outlive the machine: their bytes are part of the contract.
static void test_state_layout(void **state)
{
	uint8_t row[ROW_STATE_MAX];
	struct store_state s;
	static const uint8_t wanted[] = {
		1, 1, 53, 0, 0x04, 0x03, 0x02, 0x01,
		0, 0xf1, 0x53, 0x65, 0, 0, 0, 0, 1, 0xf1, 0x53, 0x65, 0, 0, 0, 0,
		0x10, 0xff, 0x53, 0x65, 0, 0, 0, 0, 0xc0, 0x18, 0x5d, 0x65, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 4, 2, 0x7c, 0x9a, 0, 0, 0, 0, 192, 0, 2, 1,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'n', 'o',
	};
	(void)state;
	fill(&s, "192.0.2.1", AF_INET);
	s.serial = 0x01020304;
	s.last_error_at = 0;
	memset(s.last_error, 0, sizeof s.last_error);
	memcpy(s.last_error, "no", 2);
	assert_int_equal(row_put_state(&s, row), sizeof wanted);
	assert_memory_equal(row, wanted, sizeof wanted);
}

static void test_damaged(void **state)
{
	uint8_t row[ROW_STATE_MAX];
	struct store_state s;
	struct row_snapshot snapshot;
	(void)state;
	fill(&s, "192.0.2.1", AF_INET);
	size_t length = row_put_state(&s, row);
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(row_get_state(row, cut, &s), ERR_CORRUPT);
	row[48] = 5; // no address family
	assert_int_equal(row_get_state(row, length, &s), ERR_CORRUPT);
	row[0] = 4;
	assert_int_equal(row_get_state(row, length, &s), ERR_UNSUPPORTED);

	length = row_put_snapshot_file(row, 7, 8, 9);
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(row_get_snapshot(row, cut, &snapshot), ERR_CORRUPT);
	assert_int_equal(row_get_snapshot(row, length, &snapshot), 0);
	assert_int_equal(snapshot.kind, ROW_FILE);
	assert_int_equal(snapshot.serial, 7);
	assert_int_equal(snapshot.number, 8);
	assert_int_equal(snapshot.file_length, 9);
	row[1] = 2;
	assert_int_equal(row_get_snapshot(row, length, &snapshot), ERR_CORRUPT);
}

// A step of the journal and the chain that it stands in.
static void test_journal(void **state)
{
	static const uint8_t wanted[] = {
		1, 0, 0, 0, 4, 3, 2, 1, 5, 3, 2, 1, 0, 0, 0, 0, 0, 0xf1, 0x53, 0x65, 0, 0, 0, 0,
		7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 'd',
	};
	static const uint8_t wanted_key[] = "\4zone\7example\0\0\0\0\0\1\2\3\4";
	const struct row_step in = { .from = 0x01020304, .to = 0x01020305, .stored = 1700000000, .removed = 7, .added = 256 };
	const struct row_chain chain = { 1, 2, 3, 4, 5, 6, 7, 6, 9 };
	uint8_t row[ROW_STEP_HEAD + 1], chain_row[ROW_CHAIN], key[ROW_STEP_KEY];
	struct row_step step;
	struct row_chain out;
	(void)state;
	row_put_step_head(&in, row);
	row[ROW_STEP_HEAD] = 'd';
	assert_memory_equal(row, wanted, sizeof wanted);
	assert_int_equal(row_get_step(row, sizeof row, &step), 0);
	assert_true(step.from == in.from && step.to == in.to && step.stored == in.stored);
	assert_true(step.removed == 7 && step.added == 256 && step.delta_length == 1 && step.delta[0] == 'd');
	for (size_t cut = 0; cut < ROW_STEP_HEAD; cut++)
		assert_int_equal(row_get_step(row, cut, &step), ERR_CORRUPT);
	row[0] = 2;
	assert_int_equal(row_get_step(row, sizeof row, &step), ERR_UNSUPPORTED);
	assert_int_equal(row_step_key(zone_case_name("zone.example"), 0x01020304, key), sizeof wanted_key - 1);
	assert_memory_equal(key, wanted_key, sizeof wanted_key - 1);

	row_put_chain(&chain, chain_row);
	assert_int_equal(row_get_chain(chain_row, sizeof chain_row, &out), 0);
	assert_memory_equal(&chain, &out, sizeof out);
	for (size_t cut = 0; cut < ROW_CHAIN; cut++)
		assert_int_equal(row_get_chain(chain_row, cut, &out), ERR_CORRUPT);
	chain_row[16] = 5; // the first is behind the start
	assert_int_equal(row_get_chain(chain_row, sizeof chain_row, &out), ERR_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_state_of_a_file),
		cmocka_unit_test(test_state_layout),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_journal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
