// SPDX-License-Identifier: GPL-3.0-or-later
// Cursors, serials, the text of numbers, EDNS.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "dns/edns.h"
#include "dns/serial.h"
#include "dns/types.h"
#include "dns/wire.h"

static void a_reader_reads_in_network_order(void **state)
{
	(void)state;
	const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0xfe };
	struct wire_reader r;
	wire_reader_init(&r, bytes, sizeof(bytes));
	assert_int_equal(wire_read8(&r), 1);
	assert_int_equal(wire_read16(&r), 0x0203);
	assert_int_equal(wire_read32(&r), 0x04050607);
	assert_true(wire_read48(&r) == UINT64_C(0x08090a0b0c0d));
	assert_int_equal(wire_reader_left(&r), 1);
	assert_ptr_equal(wire_read_bytes(&r, 1), bytes + 13);
	assert_false(r.failed);
}

static void a_reader_that_failed_stays_so(void **state)
{
	(void)state;
	const uint8_t bytes[] = { 1, 2, 3 };
	struct wire_reader r;
	wire_reader_init(&r, bytes, sizeof(bytes));
	assert_int_equal(wire_read32(&r), 0);
	assert_true(r.failed);
	assert_int_equal(wire_read8(&r), 0); // it is there, but it is too late
	assert_null(wire_read_bytes(&r, 0));
	uint8_t name[255] = { 9 };
	wire_read_name(&r, name);
	assert_int_equal(name[0], 0);
}

static void a_writer_that_is_full_stays_so(void **state)
{
	(void)state;
	uint8_t bytes[16];
	memset(bytes, 0xee, sizeof(bytes));
	struct wire_writer w;
	wire_writer_init(&w, bytes, 15);
	wire_write8(&w, 1);
	wire_write16(&w, 0x0203);
	wire_write32(&w, 0x04050607);
	wire_write48(&w, UINT64_C(0x08090a0b0c0d));
	assert_false(w.full);
	assert_int_equal(wire_writer_length(&w), 13);
	assert_int_equal(wire_writer_room(&w), 2);
	wire_write_bytes(&w, "abc", 3);
	assert_true(w.full);
	wire_write8(&w, 1);
	assert_int_equal(wire_writer_length(&w), 13);
	const uint8_t expected[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0xee, 0xee, 0xee };
	assert_memory_equal(bytes, expected, sizeof(bytes));
}

static void serials_wrap(void **state)
{
	(void)state;
	assert_true(serial_newer(2, 1));
	assert_false(serial_newer(1, 2));
	assert_false(serial_newer(7, 7));
	assert_true(serial_newer(0, UINT32_MAX));
	assert_true(serial_newer(0x7fffffff, 0));
	assert_false(serial_newer(0x80000000, 0)); // neither is newer
	assert_false(serial_newer(0, 0x80000000));
	assert_true(serial_newer(0, 0x80000001));
}

static void types_have_names(void **state)
{
	(void)state;
	char text[DNS_TYPE_TEXT];
	uint16_t type;
	assert_string_equal(dns_type_to_text(TYPE_A, text), "A");
	assert_string_equal(dns_type_to_text(TYPE_NSEC3PARAM, text), "NSEC3PARAM");
	assert_string_equal(dns_type_to_text(55, text), "HIP");
	assert_string_equal(dns_type_to_text(65280, text), "TYPE65280");
	assert_string_equal(dns_type_to_text(0, text), "TYPE0");
	assert_true(dns_type_from_text("mx", &type) && type == TYPE_MX);
	assert_true(dns_type_from_text("Nsap-Ptr", &type) && type == 23);
	assert_true(dns_type_from_text("AXFR", &type) && type == TYPE_AXFR);
	assert_true(dns_type_from_text("type65535", &type) && type == 65535);
	assert_true(dns_type_from_text("TYPE1", &type) && type == TYPE_A);
	static const char *const bad[] = {
		"", "TYPE", "TYPE65536", "TYPE-1", "TYPE1x", "TYPE 1", "TYPE99999999999", "nonsense",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(dns_type_from_text(bad[i], &type));
	for (unsigned n = 0; n <= UINT16_MAX; n++) {
		dns_type_to_text((uint16_t)n, text);
		assert_true(dns_type_from_text(text, &type));
		assert_int_equal(type, n);
	}
}

static void classes_and_rcodes_have_names(void **state)
{
	(void)state;
	char text[DNS_TYPE_TEXT];
	assert_string_equal(dns_class_to_text(CLASS_IN, text), "IN");
	assert_string_equal(dns_class_to_text(17, text), "CLASS17");
	assert_string_equal(dns_rcode_to_text(RCODE_NXDOMAIN, text), "NXDOMAIN");
	assert_string_equal(dns_rcode_to_text(RCODE_BADTRUNC, text), "BADTRUNC");
	assert_string_equal(dns_rcode_to_text(42, text), "RCODE42");
	assert_string_equal(dns_rcode_to_text(65535, text), "RCODE65535");
}

static void meta_types_are_no_zone_data(void **state)
{
	(void)state;
	assert_true(dns_type_is_meta(TYPE_OPT) && dns_type_is_meta(TYPE_TSIG));
	assert_true(dns_type_is_meta(TYPE_ANY) && dns_type_is_meta(128));
	assert_false(dns_type_is_meta(TYPE_A) || dns_type_is_meta(127) || dns_type_is_meta(256));
}

static void an_opt_is_read(void **state)
{
	(void)state;
	const uint8_t options[] = {
		0, EDNS_NSID, 0, 0,
		0, EDNS_COOKIE, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8,
		0xff, 0xfe, 0, 3, 'a', 'b', 'c', // nobody knows it
		0, EDNS_KEEPALIVE, 0, 0,
		0, EDNS_EXPIRE, 0, 4, 0, 1, 0, 2,
	};
	struct edns edns;
	assert_int_equal(edns_read(4096, 0x05018000, options, sizeof(options), &edns), 0);
	assert_true(edns.present && edns.dnssec_ok && edns.nsid && edns.keepalive);
	assert_int_equal(edns.udp_size, 4096);
	assert_int_equal(edns.version, 1);
	assert_int_equal(edns.extended_rcode, 5);
	assert_true(edns.expire && edns.expire_given);
	assert_int_equal(edns.expire_value, 0x10002);
	assert_ptr_equal(edns.cookie, options + 8);
	assert_int_equal(edns.cookie_length, 8);
	assert_int_equal(edns_read(100, 0x7fff, NULL, 0, &edns), 0);
	assert_int_equal(edns.udp_size, 512);
	assert_false(edns.dnssec_ok || edns.nsid || edns.cookie != NULL || edns.expire);
	for (uint16_t cut = 1; cut < 4; cut++)
		assert_int_equal(edns_read(512, 0, options, cut, &edns), ERR_FORMAT);
	for (uint16_t cut = 5; cut < 16; cut++)
		assert_int_equal(edns_read(512, 0, options, cut, &edns), ERR_FORMAT);
}

static void an_opt_is_written(void **state)
{
	(void)state;
	uint8_t bytes[64];
	struct wire_writer w;
	struct edns_writer e;
	wire_writer_init(&w, bytes, sizeof(bytes));
	edns_write_begin(&e, &w, EDNS_OWN_SIZE, 1, true);
	edns_write_option(&e, EDNS_NSID, "ns2", 3);
	edns_write_error(&e, EDE_NOT_READY, "wait");
	edns_write_error(&e, EDE_OTHER, NULL);
	edns_write_end(&e);
	const uint8_t expected[] = {
		0, 0, 41, 0x04, 0xd0, 1, 0, 0x80, 0, 0, 23,
		0, 3, 0, 3, 'n', 's', '2',
		0, 15, 0, 6, 0, 14, 'w', 'a', 'i', 't',
		0, 15, 0, 2, 0, 0,
	};
	assert_false(w.full);
	assert_int_equal(wire_writer_length(&w), sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
	wire_writer_init(&w, bytes, 10);
	edns_write_begin(&e, &w, EDNS_OWN_SIZE, 0, false);
	edns_write_option(&e, EDNS_NSID, "", 0);
	edns_write_end(&e);
	assert_true(w.full);
	assert_int_equal(wire_writer_length(&w), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_reads_in_network_order),
		cmocka_unit_test(a_reader_that_failed_stays_so),
		cmocka_unit_test(a_writer_that_is_full_stays_so),
		cmocka_unit_test(serials_wrap),
		cmocka_unit_test(types_have_names),
		cmocka_unit_test(classes_and_rcodes_have_names),
		cmocka_unit_test(meta_types_are_no_zone_data),
		cmocka_unit_test(an_opt_is_read),
		cmocka_unit_test(an_opt_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
