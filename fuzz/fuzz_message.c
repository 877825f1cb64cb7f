// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as a message: every record that passes must be the same after a
// way through each form that it can take.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libzscanner/scanner.h>

#include "base/error.h"
#include "dns/edns.h"
#include "dns/message.h"
#include "dns/types.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_name(const uint8_t *name)
{
	char text[NAME_MAX_TEXT];
	uint8_t again[NAME_MAX_WIRE], lower[NAME_MAX_WIRE];
	size_t length = name_length(name);
	REQUIRE(name_check(name, length) == (int)length);
	REQUIRE(name_from_text(name_to_text(name, text), again) == (int)length);
	REQUIRE(memcmp(name, again, length) == 0);
	REQUIRE(name_from_text(name_to_text_absolute(name, text), again) == (int)length);
	name_lower(lower, name);
	REQUIRE(name_equal(lower, name) && name_compare(lower, name) == 0);
	REQUIRE(name_is_within(name, name_skip(lower, 1)));
}

static void try_qname(const uint8_t *data, size_t size)
{
	struct qname parsed, made;
	int length = qname_parse(&parsed, data, size);
	REQUIRE(length == name_check(data, size));
	if (length < 0)
		return;
	qname_init(&made, data);
	REQUIRE(made.length == length && made.label_count == parsed.label_count);
	REQUIRE(made.hash[made.label_count] == parsed.hash[made.label_count]);
}

static void try_text(const struct message_record *record, const uint8_t *rdata, size_t length)
{
	static char text[6 * RDATA_MAX];
	static zs_scanner_t scanner;
	int n = record_to_text(record->owner, record->type, CLASS_IN, record->ttl & INT32_MAX,
	                       rdata, (uint16_t)length, text, sizeof(text) - 1);
	if (n <= 0 || strlen(text) != (size_t)n)
		fprintf(stderr, "type %u, %zu bytes: %d\n", record->type, length, n);
	REQUIRE(n > 0 && strlen(text) == (size_t)n);
	if (dns_type_is_meta(record->type))
		return; // never zone data
	strcpy(text + n, "\n");
	REQUIRE(zs_init(&scanner, ".", CLASS_IN, 1) == 0);
	REQUIRE(zs_set_input_string(&scanner, text, (size_t)n + 1) == 0);
	bool same = zs_parse_record(&scanner) == 0 && scanner.state == ZS_STATE_DATA &&
	            scanner.r_type == record->type && scanner.r_data_length == length &&
	            memcmp(scanner.r_data, rdata, length) == 0 &&
	            name_equal(scanner.r_owner, record->owner);
	if (!same)
		fputs(text, stderr);
	REQUIRE(same);
	zs_deinit(&scanner);
}

static void try_record(const uint8_t *data, size_t size, const struct message_record *record)
{
	static uint8_t rdata[RDATA_MAX];
	struct edns edns;
	struct soa soa;
	try_name(record->owner);
	if (record->type == TYPE_OPT)
		edns_read(record->class, record->ttl, record->rdata, record->rdata_length, &edns);
	int length = rdata_unpack(data, size, record, rdata);
	if (length < 0)
		return;
	REQUIRE(rdata_check(record->type, rdata, (size_t)length) == 0);
	REQUIRE(rdata_compare(record->type, rdata, (size_t)length, rdata, (size_t)length) == 0);
	if (record->type == TYPE_SOA)
		REQUIRE(soa_read(rdata, (size_t)length, &soa) == 0);
	try_text(record, rdata, (size_t)length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_reader r;
	struct message_question question;
	struct message_record record;
	try_qname(data, size);
	wire_reader_init(&r, data, size);
	if (wire_read_bytes(&r, MESSAGE_HEADER) == NULL)
		return 0;
	for (unsigned n = message_count(data, SECTION_QUESTION); n > 0; n--) {
		if (!message_read_question(&r, &question))
			return 0;
		try_name(question.name);
	}
	while (wire_reader_left(&r) > 0 && message_read_record(&r, &record))
		try_record(data, size, &record);
	return 0;
}
