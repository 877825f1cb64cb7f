// SPDX-License-Identifier: GPL-3.0-or-later
// Records as zone files write them.
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include <libknot/rrset-dump.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/rdata_plain.h"
#include "dns/types.h"

// Signature times are 32 bits; seen from the middle of their range each is
// written as the year that it has between 1970 and 2106.
static const knot_dump_style_t style = {
	.human_timestamp = true,
	.now = UINT64_C(1) << 31,
};

// "\# 4 c0000201" (RFC 3597, 5): any rdata, for readers of any age.
static int generic_rdata(const uint8_t *rdata, size_t length, char *text, size_t room)
{
	static const char digits[] = "0123456789abcdef";
	int head = snprintf(text, room, "\\# %zu", length);
	if (head < 0 || (size_t)head + 2 + 2 * length > room)
		return ERR_SPACE;
	char *at = text + head;
	if (length > 0)
		*at++ = ' ';
	for (size_t i = 0; i < length; i++) {
		*at++ = digits[rdata[i] >> 4];
		*at++ = digits[rdata[i] & 15];
	}
	*at = '\0';
	return (int)(at - text);
}

// libknot's form; negative where there is no room.
static int known_rdata(uint16_t type, const uint8_t *rdata, uint16_t length, char *text,
                       size_t room)
{
	alignas(knot_rdata_t) uint8_t copy[sizeof(knot_rdata_t) + RDATA_MAX + 1];
	knot_rdata_t *record = (knot_rdata_t *)(void *)copy;
	knot_rdata_init(record, length, rdata);
	uint8_t root = 0;
	knot_rrset_t set;
	knot_rrset_init(&set, &root, type, CLASS_IN, 0);
	set.rrs = (knot_rdataset_t){ 1, (uint32_t)knot_rdata_size(length), record };
	int n = knot_rrset_txt_dump_data(&set, 0, text, room, &style);
	if (n > 0 && text[n - 1] == ' ') // where a list of types is empty
		text[--n] = '\0';
	return n;
}

int record_to_text(const uint8_t *owner, uint16_t type, uint16_t class, uint32_t ttl,
                   const uint8_t *rdata, uint16_t rdata_length, char *text, size_t room)
{
	char name[NAME_MAX_TEXT], type_text[DNS_TYPE_TEXT], class_text[DNS_TYPE_TEXT];
	bool plain = rdata_check(type, rdata, rdata_length) == 0 &&
	             rdata_is_plain(type, rdata, rdata_length);
	if (plain)
		dns_type_to_text(type, type_text);
	else
		snprintf(type_text, sizeof(type_text), "TYPE%u", type);
	int head = snprintf(text, room, "%s %u %s %s ", name_to_text_absolute(owner, name), ttl,
	                    dns_class_to_text(class, class_text), type_text);
	if (head < 0 || (size_t)head >= room)
		return ERR_SPACE;
	int body;
	if (plain)
		body = known_rdata(type, rdata, rdata_length, text + head, room - (size_t)head);
	else
		body = generic_rdata(rdata, rdata_length, text + head, room - (size_t)head);
	return body < 0 ? ERR_SPACE : head + body;
}
