// SPDX-License-Identifier: GPL-3.0-or-later
// Short runs of bytes at every length around the widths that they are moved in.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/bytes.h"

#define LONGEST 80

// Blocks of their own, so that the address sanitizer sees a byte too many.
static uint8_t *block(size_t length, uint8_t first)
{
	uint8_t *bytes = malloc(length > 0 ? length : 1);
	assert_non_null(bytes);
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(first + i);
	return bytes;
}

static void test_a_copy_has_all_and_no_more(void **state)
{
	(void)state;
	for (size_t length = 0; length <= LONGEST; length++) {
		uint8_t *from = block(length, 7), *to = block(length, 100), *longer = block(length + 1, 100);
		bytes_copy(to, from, length);
		bytes_copy(longer, from, length);
		assert_memory_equal(to, from, length);
		assert_memory_equal(longer, from, length);
		assert_int_equal(longer[length], (uint8_t)(100 + length));
		free(from);
		free(to);
		free(longer);
	}
}

static void test_one_byte_makes_a_difference(void **state)
{
	(void)state;
	for (size_t length = 0; length <= LONGEST; length++) {
		uint8_t *a = block(length, 1), *b = block(length, 1);
		assert_true(bytes_equal(a, b, length));
		for (size_t i = 0; i < length; i++) {
			b[i] ^= 0x10;
			assert_false(bytes_equal(a, b, length));
			b[i] ^= 0x10;
		}
		free(a);
		free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_copy_has_all_and_no_more),
		cmocka_unit_test(test_one_byte_makes_a_difference),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
