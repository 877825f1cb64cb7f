// SPDX-License-Identifier: GPL-3.0-or-later
// Records as zone files have them: what is written must be read back as the
// same record, byte for byte, by libzscanner and by BIND's checker.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libzscanner/scanner.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/rdata_layout.h"
#include "dns/types.h"

#define ROUNDS 150 // records of each type

static char text[400 * 1024];

// Records with one form only, each as a zone file would have it.
static const char *const samples[] = {
	"a.example. 3600 IN A 192.0.2.1",
	"\\001\\.\\@b.example. 0 IN A 192.0.2.1",
	"example. 3600 IN NS ns1.example.",
	"example. 3600 IN SOA ns1.example. host\\.master.example. 4294967295 7200 900 1209600 300",
	"m.example. 60 IN MX 10 mail.example.",
	"t.example. 60 IN TXT \"v=spf1 -all\" \"a\\\"b\\\\c;d\"",
	"t.example. 60 IN TXT \"\"",
	"aaaa.example. 60 IN AAAA 2001:db8::1",
	"_s._tcp.example. 60 IN SRV 0 5 5060 sip.example.",
	"n.example. 60 IN NAPTR 100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:info@example!\" .",
	"h.example. 60 IN HINFO \"PC\" \"Linux\"",
	"l.example. 60 IN LOC 52 22 23.250 N  4 53 32 E  -2m 0m 10000m 10m",
	"d.example. 60 IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
	"k.example. 60 IN DNSKEY 256 3 8 AQPSKmynfzW4kyBv015MUG2DeIQ3",
	"d.example. 60 IN CDS 0 0 0 00",
	"s.example. 60 IN RRSIG A 5 3 86400 20250322173103 20250220173103 2642 example. oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTr",
	"s.example. 60 IN RRSIG TYPE65280 5 3 86400 21060207062815 19700101000001 2642 example. oJB1",
	"n.example. 60 IN NSEC host.example. A MX RRSIG NSEC TYPE1234",
	"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. 60 IN NSEC3 1 1 12 AABBCCDD 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG",
	"n.example. 60 IN NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr",
	"example. 60 IN NSEC3PARAM 1 0 0 -",
	"_443._tcp.example. 60 IN TLSA 3 1 1 D2ABDE240D7CD3EE6B4B28C54DF034B97983A1D16E8A410E4561CB106618E971",
	"c.example. 60 IN CAA 0 issue \"ca.example; policy=ev\"",
	"x.example. 60 IN SVCB 1 . alpn=h2,h3 port=443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1",
	"x.example. 60 IN HTTPS 0 pool.example.",
	"u.example. 60 IN URI 10 1 \"ftp://ftp.example/\"",
	"z.example. 60 IN ZONEMD 2018031900 1 1 C68090D90A7AED716BC459F9340E3D7C1370D4D24B7E2FC3A1DDC0B9A87153B9A9713B3C9AE5CC27777F98B8E730044C",
	"p.example. 60 IN APL 1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8",
	"p.example. 60 IN DNAME other.example.",
	"i.example. 60 IN IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtu",
	"f.example. 60 IN SSHFP 2 1 123456789ABCDEF67890123456789ABCDEF67890",
	"o.example. 60 IN TYPE65280 \\# 3 0A0B0C",
	"o.example. 60 IN TYPE65280 \\# 0",
	"o.example. 60 IN TYPE55 \\# 6 01020001FFAA",
	"o.example. 60 IN TYPE10 \\# 1 FF",
};

static zs_scanner_t *scan(const char *line)
{
	zs_scanner_t *s = malloc(sizeof(*s));
	assert_non_null(s);
	assert_int_equal(zs_init(s, ".", CLASS_IN, 1), 0);
	assert_int_equal(zs_set_input_string(s, line, strlen(line)), 0);
	if (zs_parse_record(s) != 0 || s->state != ZS_STATE_DATA)
		fail_msg("%s: %s", zs_strerror(s->error.code), line);
	return s;
}

static void drop(zs_scanner_t *s)
{
	zs_deinit(s);
	free(s);
}

// Same words, whatever lies between them and in whichever case hex is.
static void assert_same_words(const char *a, const char *b)
{
	const char *x = a, *y = b;
	while (*x != '\0' || *y != '\0') {
		if (*x == ' ' && *y == ' ') {
			x += strspn(x, " ");
			y += strspn(y, " ");
		} else if ((*x | 0x20) != (*y | 0x20)) {
			fail_msg("%s\nis not\n%s", a, b);
		} else {
			x++;
			y++;
		}
	}
}

static void well_known_records_have_their_usual_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char line[1024];
		snprintf(line, sizeof(line), "%s\n", samples[i]);
		zs_scanner_t *s = scan(line);
		int length = record_to_text(s->r_owner, s->r_type, s->r_class, s->r_ttl, s->r_data,
		                            (uint16_t)s->r_data_length, text, sizeof(text));
		assert_int_equal(length, strlen(text));
		// Types of a bitmap are written in their order, not in the sample's.
		if (strstr(samples[i], "NSEC3 1 1") == NULL)
			assert_same_words(text, samples[i]);
		// Exactly so much room is needed.
		char *exact = malloc((size_t)length + 1);
		assert_non_null(exact);
		assert_true(record_to_text(s->r_owner, s->r_type, s->r_class, s->r_ttl, s->r_data,
			(uint16_t)s->r_data_length, exact, (size_t)length) == ERR_SPACE);
		free(exact);
		drop(s);
	}
}

static void the_longest_rdata_fits(void **state)
{
	(void)state;
	static uint8_t rdata[RDATA_MAX];
	for (size_t at = 0; at < sizeof(rdata); at += 256)
		rdata[at] = (uint8_t)(sizeof(rdata) - at < 256 ? sizeof(rdata) - at - 1 : 255);
	for (int type = 0; type < 2; type++) {
		uint16_t number = type == 0 ? TYPE_TXT : 65280;
		const uint8_t root = 0;
		assert_true(record_to_text(&root, number, CLASS_IN, 1, rdata, sizeof(rdata), text,
		                           sizeof(text) - 1) > 0);
		strcat(text, "\n");
		zs_scanner_t *s = scan(text);
		assert_int_equal(s->r_data_length, sizeof(rdata));
		assert_memory_equal(s->r_data, rdata, sizeof(rdata));
		drop(s);
		assert_int_equal(record_to_text(&root, number, CLASS_IN, 1, rdata, sizeof(rdata),
		                                text, 1000), ERR_SPACE);
	}
}

// Rdata of a type by its layout, with bytes that scanners care about.
static uint32_t seed;

static unsigned random_below(unsigned bound)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % bound;
}

static uint8_t random_byte(void)
{
	static const char marks[] = "aZ09 .\\\"\n\t;()@$-_,=[]{}\xff\x7f";
	switch (random_below(3)) {
	case 0: return (uint8_t)random_below(256);
	case 1: return (uint8_t)marks[random_below(sizeof(marks))];
	default: return (uint8_t)('a' + random_below(26));
	}
}

static size_t put_bytes(uint8_t *to, size_t length)
{
	for (size_t i = 0; i < length; i++)
		to[i] = random_byte();
	return length;
}

static size_t put_name(uint8_t *to)
{
	size_t n = 0;
	for (unsigned labels = random_below(4); labels > 0; labels--) {
		uint8_t length = (uint8_t)(1 + random_below(random_below(20) ? 6 : 63));
		to[n++] = length;
		n += put_bytes(to + n, length);
	}
	to[n++] = 0;
	return n;
}

static size_t put_string(uint8_t *to, unsigned minimum)
{
	to[0] = (uint8_t)(minimum + random_below(random_below(10) ? 9 : 256 - minimum));
	return 1 + put_bytes(to + 1, to[0]);
}

static size_t put_bitmap(uint8_t *to)
{
	size_t n = 0;
	for (unsigned window = random_below(2); window < 256 && random_below(4) > 0;
	     window += 1 + random_below(90)) {
		size_t length = 1 + random_below(random_below(3) ? 6 : 32);
		to[n++] = (uint8_t)window;
		to[n++] = (uint8_t)length;
		n += put_bytes(to + n, length);
	}
	return n;
}

static size_t put_parameters(uint8_t *to)
{
	size_t n = 0;
	for (unsigned key = random_below(4); random_below(4) > 0; key += 1 + random_below(3)) {
		size_t length = random_below(20);
		if (key == 2)
			length = 0;
		if (key == 3)
			length = 2;
		if (key == 4 || key == 6)
			length = 16;
		wire_put16(to + n, (uint16_t)key);
		put_bytes(to + n + 4, length);
		if (key == 1) { // h2 and another
			length = 3 + put_string(to + n + 7, 1);
			memcpy(to + n + 4, "\2h2", 3);
		}
		if (key == 0) {
			length = 2;
			wire_put16(to + n + 4, (uint16_t)(1 + random_below(4)));
		}
		wire_put16(to + n + 2, (uint16_t)length);
		n += 4 + length;
	}
	return n;
}

static size_t put_prefixes(uint8_t *to)
{
	size_t n = 0;
	while (random_below(3) > 0) {
		size_t length = random_below(5);
		wire_put16(to + n, (uint16_t)random_below(4));
		to[n + 2] = (uint8_t)random_below(40);
		to[n + 3] = (uint8_t)(length | (random_below(2) ? 0x80 : 0));
		n += 4 + put_bytes(to + n + 4, length);
	}
	return n;
}

static size_t put_remainder(uint16_t type, uint8_t *to)
{
	size_t n = 0;
	switch (type) {
	case TYPE_HINFO:
	case TYPE_TXT:
	case KNOT_RRTYPE_SPF:
		n = put_string(to, 0);
		return n + put_string(to + n, 0);
	case TYPE_NSEC: return put_bitmap(to);
	case TYPE_NSEC3:
		n = put_bytes(to, 4);
		n += put_string(to + n, 0);
		n += put_string(to + n, 1);
		return n + put_bitmap(to + n);
	case TYPE_NSEC3PARAM:
		n = put_bytes(to, 4);
		return n + put_string(to + n, 0);
	case KNOT_RRTYPE_CSYNC:
		n = put_bytes(to, 6);
		return n + put_bitmap(to + n);
	case KNOT_RRTYPE_IPSECKEY:
		n = put_bytes(to, 3);
		to[1] = 3;
		n += put_name(to + n);
		return n + put_bytes(to + n, random_below(10));
	case TYPE_SVCB:
	case TYPE_HTTPS:
		n = put_bytes(to, 2);
		n += put_name(to + n);
		return n + put_parameters(to + n);
	case KNOT_RRTYPE_APL: return put_prefixes(to);
	case TYPE_CAA:
		n = put_bytes(to, 1);
		n += put_string(to + n, 1);
		return n + put_bytes(to + n, random_below(20));
	default: return put_bytes(to, random_below(random_below(4) ? 40 : 300));
	}
}

static size_t put_rdata(uint16_t type, uint8_t *to)
{
	size_t n = 0;
	for (const int *block = rdata_layout(type); *block != KNOT_RDATA_WF_END; block++) {
		if (*block > 0) {
			n += put_bytes(to + n, (size_t)*block);
		} else if (*block == KNOT_RDATA_WF_REMAINDER) {
			n += put_remainder(type, to + n);
		} else if (*block == KNOT_RDATA_WF_NAPTR_HEADER) {
			n += put_bytes(to + n, 4);
			for (int i = 0; i < 3; i++)
				n += put_string(to + n, 0);
		} else {
			n += put_name(to + n);
		}
	}
	return n;
}

static void assert_reads_back(const uint8_t *owner, uint16_t type, const uint8_t *rdata,
                              size_t length)
{
	assert_true(record_to_text(owner, type, CLASS_IN, 77, rdata, (uint16_t)length, text,
	                           sizeof(text) - 1) > 0);
	strcat(text, "\n");
	zs_scanner_t *s = scan(text);
	assert_int_equal(s->r_type, type);
	assert_int_equal(s->r_ttl, 77);
	assert_memory_equal(s->r_owner, owner, name_length(owner));
	if (s->r_data_length != length || memcmp(s->r_data, rdata, length) != 0)
		fail_msg("other bytes come back: %s", text);
	drop(s);
}

static void any_rdata_of_any_type_is_read_back(void **state)
{
	(void)state;
	static uint8_t rdata[4096];
	uint8_t owner[NAME_MAX_WIRE];
	for (unsigned type = 1; type < 270; type++) {
		unsigned tested = 0;
		seed = type;
		for (int i = 0; i < ROUNDS && !dns_type_is_meta((uint16_t)type); i++) {
			size_t length = put_rdata((uint16_t)type, rdata);
			if (rdata_check((uint16_t)type, rdata, length) != 0)
				continue;
			put_name(owner);
			assert_reads_back(owner, (uint16_t)type, rdata, length);
			tested++;
		}
		assert_true(tested > 20 || dns_type_is_meta((uint16_t)type));
	}
}

// The same samples, in a zone, before another judge.
static void the_usual_forms_load_in_bind(void **state)
{
	(void)state;
	if (system("command -v named-checkzone >/dev/null 2>&1") != 0)
		skip();
	char path[] = "/tmp/test_dns_record_text.XXXXXX", command[256];
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	FILE *zone = fdopen(fd, "w");
	assert_non_null(zone);
	fprintf(zone, "ns1.example. 60 IN A 192.0.2.1\n");
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		char line[1024];
		snprintf(line, sizeof(line), "%s\n", samples[i]);
		zs_scanner_t *s = scan(line);
		record_to_text(s->r_owner, s->r_type, s->r_class, s->r_ttl, s->r_data,
		               (uint16_t)s->r_data_length, text, sizeof(text));
		fprintf(zone, "%s\n", text);
		drop(s);
	}
	fclose(zone);
	snprintf(command, sizeof(command), "named-checkzone -q -k ignore -i none -r ignore "
	         "-M ignore -S ignore example. %s >&2", path);
	assert_int_equal(system(command), 0);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_known_records_have_their_usual_form),
		cmocka_unit_test(the_longest_rdata_fits),
		cmocka_unit_test(any_rdata_of_any_type_is_read_back),
		cmocka_unit_test(the_usual_forms_load_in_bind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
