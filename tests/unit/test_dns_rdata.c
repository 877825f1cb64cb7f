// SPDX-License-Identifier: GPL-3.0-or-later
// Records of a message: unpacked, checked, compared.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/types.h"

// "03 'www' 00": hex bytes and quoted text.
static size_t bytes_from(const char *text, uint8_t *to)
{
	size_t n = 0;
	for (; *text != '\0'; text++) {
		if (*text == ' ')
			continue;
		if (*text == '\'') {
			for (text++; *text != '\''; text++)
				to[n++] = (uint8_t)*text;
		} else {
			char digits[3] = { text[0], text[1], '\0' };
			to[n++] = (uint8_t)strtoul(digits, NULL, 16);
			text++;
		}
	}
	return n;
}

static int check(uint16_t type, const char *text)
{
	uint8_t rdata[1024];
	size_t length = bytes_from(text, rdata);
	uint8_t *exact = malloc(length > 0 ? length : 1); // the sanitizer sees the end
	assert_non_null(exact);
	memcpy(exact, rdata, length);
	int result = rdata_check(type, exact, length);
	free(exact);
	return result;
}

static int compare(uint16_t type, const char *a, const char *b)
{
	uint8_t x[1024], y[1024];
	size_t x_length = bytes_from(a, x), y_length = bytes_from(b, y);
	int order = rdata_compare(type, x, x_length, y, y_length);
	int reverse = rdata_compare(type, y, y_length, x, x_length);
	assert_int_equal((order > 0) - (order < 0), (reverse < 0) - (reverse > 0));
	return (order > 0) - (order < 0);
}

static const char header_and_question[] =
	"1234 8400 0001 0001 0000 0000 07 'example' 03 'com' 00 0006 0001";

static void a_message_is_walked(void **state)
{
	(void)state;
	uint8_t message[512];
	size_t length = bytes_from(header_and_question, message);
	length += bytes_from("c00c 0002 0001 00000e10 0006 03 'ns1' c00c", message + length);
	struct wire_reader r;
	struct message_question question;
	struct message_record record;
	assert_int_equal(message_id(message), 0x1234);
	assert_int_equal(message_flags(message), FLAG_QR | FLAG_AA);
	assert_int_equal(message_opcode(message), OPCODE_QUERY);
	assert_int_equal(message_rcode(message), RCODE_NOERROR);
	assert_int_equal(message_count(message, SECTION_ANSWER), 1);
	wire_reader_init(&r, message, length);
	assert_non_null(wire_read_bytes(&r, MESSAGE_HEADER));
	assert_true(message_read_question(&r, &question));
	assert_int_equal(question.type, TYPE_SOA);
	assert_int_equal(question.class, CLASS_IN);
	assert_true(message_read_record(&r, &record));
	assert_true(name_equal(record.owner, question.name));
	assert_int_equal(record.type, TYPE_NS);
	assert_int_equal(record.class, CLASS_IN);
	assert_int_equal(record.ttl, 3600);
	assert_ptr_equal(record.start, message + 29);
	assert_int_equal(record.rdata_length, 6);
	assert_ptr_equal(record.rdata, message + length - 6);
	assert_int_equal(wire_reader_left(&r), 0);
	for (size_t cut = 29; cut < length; cut++) { // at any place
		wire_reader_init(&r, message, cut);
		wire_read_bytes(&r, 29);
		assert_false(message_read_record(&r, &record));
		assert_true(r.failed);
	}
}

static void compressed_rdata_is_unpacked(void **state)
{
	(void)state;
	uint8_t message[512], rdata[RDATA_MAX], expected[512];
	size_t length = bytes_from(header_and_question, message);
	size_t start = length;
	length += bytes_from("c00c 0006 0001 00000e10 0024 03 'ns1' c00c 04 'host' c014"
	                     "0000002a 00000001 00000002 00000003 00000004", message + length);
	wire_put16(message + start + 10, (uint16_t)(length - start - 12));
	struct wire_reader r;
	struct message_record record;
	wire_reader_init(&r, message, length);
	wire_read_bytes(&r, start);
	assert_true(message_read_record(&r, &record));
	size_t wanted = bytes_from("03 'ns1' 07 'example' 03 'com' 00 04 'host' 03 'com' 00"
	                           "0000002a 00000001 00000002 00000003 00000004", expected);
	assert_int_equal(rdata_unpack(message, length, &record, rdata), wanted);
	assert_memory_equal(rdata, expected, wanted);
	struct soa soa;
	assert_int_equal(soa_read(rdata, wanted, &soa), 0);
	assert_int_equal(soa.serial, 42);
	assert_int_equal(soa.refresh, 1);
	assert_int_equal(soa.retry, 2);
	assert_int_equal(soa.expire, 3);
	assert_int_equal(soa.minimum, 4);
	assert_int_equal(soa_read(rdata, wanted - 1, &soa), ERR_FORMAT);
	assert_int_equal(soa_read(rdata, wanted + 1, &soa), ERR_FORMAT);
	assert_int_equal(soa_read(rdata, 0, &soa), ERR_FORMAT);
	// A name that runs over the end of its rdata into the rest of the message.
	for (uint16_t cut = 0; cut < length - start - 12; cut++) {
		record.rdata_length = cut;
		assert_int_equal(rdata_unpack(message, length, &record, rdata), ERR_FORMAT);
	}
}

static int unpack(uint16_t type, const char *text, uint8_t *rdata)
{
	uint8_t message[512];
	size_t start = bytes_from(header_and_question, message);
	size_t length = start + bytes_from(text, message + start);
	struct message_record record = { .type = type, .class = CLASS_IN,
		.rdata_length = (uint16_t)(length - start), .rdata = message + start };
	return rdata_unpack(message, length, &record, rdata);
}

static void only_well_known_types_may_be_compressed(void **state)
{
	(void)state;
	static uint8_t rdata[RDATA_MAX];
	assert_int_equal(unpack(TYPE_NS, "c00c", rdata), 13);
	assert_int_equal(unpack(TYPE_MX, "000a c00c", rdata), 15);
	assert_int_equal(unpack(TYPE_SRV, "0001 0002 0003 c00c", rdata), 19);
	assert_int_equal(unpack(TYPE_RP, "c00c c00c", rdata), 26);
	assert_int_equal(unpack(TYPE_NAPTR, "0001 0002 01'a' 00 02'bc' c00c", rdata), 4 + 6 + 13);
	assert_int_equal(unpack(TYPE_MB, "c00c", rdata), 13);
	assert_int_equal(unpack(26 /* PX */, "0001 c00c c00c", rdata), 28);
	assert_int_equal(unpack(TYPE_NXT, "c00c 40", rdata), 14);
	assert_int_equal(unpack(TYPE_DNAME, "c00c", rdata), ERR_FORMAT);
	assert_int_equal(unpack(TYPE_NSEC, "c00c 0001 40", rdata), ERR_FORMAT);
	assert_int_equal(unpack(TYPE_SVCB, "0001 c00c", rdata), ERR_FORMAT);
	// Unknown types are bytes (RFC 3597, 3).
	assert_int_equal(unpack(65280, "c00c", rdata), 2);
	assert_memory_equal(rdata, "\xc0\x0c", 2);
	assert_int_equal(unpack(65280, "", rdata), 0);
	assert_int_equal(unpack(TYPE_NS, "", rdata), ERR_FORMAT);
	assert_int_equal(unpack(TYPE_MX, "00", rdata), ERR_FORMAT);
	assert_int_equal(unpack(TYPE_MX, "000a c00c 00", rdata), ERR_FORMAT);
	assert_int_equal(unpack(TYPE_NAPTR, "0001 0002 01'a' 00 ff'bc' c00c", rdata), ERR_FORMAT);
}

static void rdata_that_grows_beyond_the_limit_is_refused(void **state)
{
	(void)state;
	// A SIG of full length whose signer's name is compressed.
	static uint8_t message[70000], rdata[RDATA_MAX];
	size_t start = bytes_from(header_and_question, message);
	message[start + 18] = 0xc0;
	message[start + 19] = 12;
	struct message_record record = { .type = TYPE_SIG, .class = CLASS_IN,
		.rdata_length = 65535, .rdata = message + start };
	assert_int_equal(rdata_unpack(message, start + 65535, &record, rdata), ERR_RANGE);
	record.rdata_length = 65535 - 11;
	assert_int_equal(rdata_unpack(message, start + 65535, &record, rdata), 65535);
}

static void lengths_are_checked(void **state)
{
	(void)state;
	assert_int_equal(check(TYPE_A, "01020304"), 0);
	assert_int_equal(check(TYPE_A, "010203"), ERR_FORMAT);
	assert_int_equal(check(TYPE_A, "0102030405"), ERR_FORMAT);
	assert_int_equal(check(TYPE_A, ""), ERR_FORMAT);
	assert_int_equal(check(TYPE_AAAA, "000102030405060708090a0b0c0d0e0f"), 0);
	assert_int_equal(check(TYPE_AAAA, "00010203"), ERR_FORMAT);
	assert_int_equal(check(TYPE_SOA, "00 00 0000000100000002000000030000000400000005"), 0);
	assert_int_equal(check(TYPE_SOA, "00 00 00000001000000020000000300000004000000"), ERR_FORMAT);
	assert_int_equal(check(TYPE_NS, "01'a'00"), 0);
	assert_int_equal(check(TYPE_NS, "01'a'"), ERR_FORMAT);
	assert_int_equal(check(TYPE_NS, "01'a'00 00"), ERR_FORMAT);
	assert_int_equal(check(TYPE_NS, "01'a' c000"), ERR_FORMAT);
	assert_int_equal(check(TYPE_DS, "0001 08 02 aa"), 0);
	assert_int_equal(check(TYPE_DS, "0001 08 02"), ERR_FORMAT);
	assert_int_equal(check(TYPE_DNSKEY, "0101 03 08 aa"), 0);
	assert_int_equal(check(TYPE_DNSKEY, "0101 03 08"), ERR_FORMAT);
	assert_int_equal(check(TYPE_CDS, "0000 00 00 00"), 0); // delete (RFC 8078, 4)
	assert_int_equal(check(TYPE_CDNSKEY, "0000 03 00 00"), 0);
	assert_int_equal(check(TYPE_KEY, "c000 03 00"), 0); // no key
	assert_int_equal(check(TYPE_RRSIG, "0001 08 02 00000e10 00000002 00000001 1234 00 aa"), 0);
	assert_int_equal(check(TYPE_RRSIG, "0001 08 02 00000e10 00000002 00000001 1234 00"), ERR_FORMAT);
	assert_int_equal(check(TYPE_TLSA, "03 01 01 aa"), 0);
	assert_int_equal(check(TYPE_TLSA, "03 01 01"), ERR_FORMAT);
	assert_int_equal(check(108 /* EUI48 */, "010203040506"), 0);
	assert_int_equal(check(108, "01020304"), ERR_FORMAT);
	assert_int_equal(check(TYPE_ZONEMD, "00000001 01 01"), ERR_FORMAT);
}

static void strings_are_checked(void **state)
{
	(void)state;
	assert_int_equal(check(TYPE_TXT, "00"), 0);
	assert_int_equal(check(TYPE_TXT, "03'abc' 00 01'x'"), 0);
	assert_int_equal(check(TYPE_TXT, ""), ERR_FORMAT);
	assert_int_equal(check(TYPE_TXT, "03'ab'"), ERR_FORMAT);
	assert_int_equal(check(TYPE_HINFO, "01'a' 01'b'"), 0);
	assert_int_equal(check(TYPE_HINFO, "01'a'"), ERR_FORMAT);
	assert_int_equal(check(TYPE_HINFO, "01'a' 01'b' 00"), ERR_FORMAT);
	assert_int_equal(check(TYPE_CAA, "00 05'issue' 'ca.example'"), 0);
	assert_int_equal(check(TYPE_CAA, "00 05'issue'"), 0);
	assert_int_equal(check(TYPE_CAA, "00 00 'ca.example'"), ERR_FORMAT);
	assert_int_equal(check(TYPE_CAA, "00 09'issue'"), ERR_FORMAT);
	assert_int_equal(check(TYPE_NAPTR, "0001 0002 01'u' 00 00 00"), 0);
	assert_int_equal(check(TYPE_NAPTR, "0001 0002 01'u' 00 00"), ERR_FORMAT);
}

static void bitmaps_are_checked(void **state)
{
	(void)state;
	assert_int_equal(check(TYPE_NSEC, "01'a'00 0001 40"), 0);
	assert_int_equal(check(TYPE_NSEC, "01'a'00 0001 40 0101 40"), 0);
	assert_int_equal(check(TYPE_NSEC, "01'a'00 0101 40 0001 40"), ERR_FORMAT); // falling
	assert_int_equal(check(TYPE_NSEC, "01'a'00 0001 40 0001 40"), ERR_FORMAT); // twice
	assert_int_equal(check(TYPE_NSEC, "01'a'00 0000"), ERR_FORMAT); // empty window
	assert_int_equal(check(TYPE_NSEC, "01'a'00 0021 40"), ERR_FORMAT); // 33 bytes
	assert_int_equal(check(TYPE_NSEC, "01'a'00 0002 40"), ERR_FORMAT); // cut
	assert_int_equal(check(TYPE_NSEC, "01'a'00 00"), ERR_FORMAT);
	assert_int_equal(check(TYPE_NSEC3, "01 00 0005 02 abcd 04 01020304 0001 40"), 0);
	assert_int_equal(check(TYPE_NSEC3, "01 00 0005 00 04 01020304"), 0); // empty non-terminal
	assert_int_equal(check(TYPE_NSEC3, "01 00 0005 00 00"), ERR_FORMAT); // no hash
	assert_int_equal(check(TYPE_NSEC3, "01 00 0005 09 abcd"), ERR_FORMAT);
	assert_int_equal(check(TYPE_NSEC3PARAM, "01 00 0005 02 abcd"), 0);
	assert_int_equal(check(TYPE_NSEC3PARAM, "01 00 0005 00"), 0);
	assert_int_equal(check(TYPE_NSEC3PARAM, "01 00 0005 02 abcd ef"), ERR_FORMAT);
	assert_int_equal(check(62 /* CSYNC */, "00000001 0003 0001 40"), 0);
	assert_int_equal(check(62, "00000001 0003"), 0);
	assert_int_equal(check(62, "00000001 00"), ERR_FORMAT);
}

static void odd_types_are_checked(void **state)
{
	(void)state;
	assert_int_equal(check(TYPE_SVCB, "0000 01'a'00"), 0);
	assert_int_equal(check(TYPE_HTTPS, "0001 00 0001 0003 02'h2' 0003 0002 01bb"), 0);
	assert_int_equal(check(TYPE_HTTPS, "0001 00 0003 0002 01bb 0001 0003 02'h2'"), ERR_FORMAT);
	assert_int_equal(check(TYPE_HTTPS, "0001 00 0003 0002 01bb 0003 0002 01bb"), ERR_FORMAT);
	assert_int_equal(check(TYPE_HTTPS, "0001 00 0003 0009 01bb"), ERR_FORMAT);
	assert_int_equal(check(42 /* APL */, ""), 0);
	assert_int_equal(check(42, "0001 18 83 c00002 0002 20 01 fe"), 0);
	assert_int_equal(check(42, "0001 18 04 c00002"), ERR_FORMAT);
	assert_int_equal(check(45 /* IPSECKEY */, "0a 00 02 aa"), 0);
	assert_int_equal(check(45, "0a 01 02 c0000201 aa"), 0);
	assert_int_equal(check(45, "0a 01 02 c000"), ERR_FORMAT);
	assert_int_equal(check(45, "0a 03 02 01'a'00 aa"), 0);
	assert_int_equal(check(45, "0a 03 02 01'a' c000"), ERR_FORMAT);
	assert_int_equal(check(45, "0a 04 02 aa"), ERR_FORMAT);
	assert_int_equal(check(TYPE_NULL, ""), 0);
	assert_int_equal(check(65280, ""), 0);
	assert_int_equal(check(55 /* HIP */, "00"), 0); // not known to libknot: bytes
}

static void order_is_canonical(void **state)
{
	(void)state;
	assert_int_equal(compare(TYPE_A, "01020304", "01020304"), 0);
	assert_int_equal(compare(TYPE_A, "01020304", "01020305"), -1);
	assert_int_equal(compare(TYPE_A, "ff020304", "01020305"), 1);
	assert_int_equal(compare(TYPE_TXT, "01'a'", "01'a'00"), -1);
	assert_int_equal(compare(TYPE_TXT, "01'A'", "01'a'"), -1);
	assert_int_equal(compare(TYPE_NS, "03'NS1'00", "03'ns1'00"), 0);
	assert_int_equal(compare(TYPE_NS, "03'NS1'00", "03'ns2'00"), -1);
	assert_int_equal(compare(TYPE_MX, "000a 01'A'00", "000a 01'a'00"), 0);
	assert_int_equal(compare(TYPE_MX, "'A'0a 01'a'00", "'a'0a 01'a'00"), -1); // no name there
	assert_int_equal(compare(TYPE_NAPTR, "0001 0002 01'U' 00 00 01'X'00",
	                         "0001 0002 01'U' 00 00 01'x'00"), 0);
	assert_int_equal(compare(TYPE_NAPTR, "0001 0002 01'U' 00 00 00",
	                         "0001 0002 01'u' 00 00 00"), -1);
	assert_int_equal(compare(TYPE_RRSIG, "0001 08 02 00000e10 00000002 00000001 1234 01'A'00 41",
	                         "0001 08 02 00000e10 00000002 00000001 1234 01'a'00 61"), -1);
	assert_int_equal(compare(TYPE_RRSIG, "0001 08 02 00000e10 00000002 00000001 1234 01'A'00 41",
	                         "0001 08 02 00000e10 00000002 00000001 1234 01'a'00 41"), 0);
	assert_int_equal(compare(TYPE_NSEC, "01'A'00 0001 40", "01'a'00 0001 40"), -1); // RFC 6840, 5.1
	assert_int_equal(compare(TYPE_NS, "01'a'01'b'00", "01'a'00"), 1);
	assert_int_equal(compare(TYPE_SOA, "01'A'00 01'B'00 00000001000000020000000300000004000000'A'",
	                         "01'a'00 01'b'00 00000001000000020000000300000004000000'a'"), -1);
	assert_int_equal(compare(65280, "'A'", "'a'"), -1);
	assert_int_equal(compare(65280, "", "00"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_walked),
		cmocka_unit_test(compressed_rdata_is_unpacked),
		cmocka_unit_test(only_well_known_types_may_be_compressed),
		cmocka_unit_test(rdata_that_grows_beyond_the_limit_is_refused),
		cmocka_unit_test(lengths_are_checked),
		cmocka_unit_test(strings_are_checked),
		cmocka_unit_test(bitmaps_are_checked),
		cmocka_unit_test(odd_types_are_checked),
		cmocka_unit_test(order_is_canonical),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
