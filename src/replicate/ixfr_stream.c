// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/ixfr_stream.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "dns/serial.h"
#include "dns/types.h"

static int say(const struct message_record *record, const char *what, int error, char *why, size_t size)
{
	char name[NAME_MAX_TEXT], type[DNS_TYPE_TEXT];

	snprintf(why, size, "%s %.150s %s%s%s", what, name_to_text(record->owner, name),
	         dns_type_to_text(record->type, type), error == ERR_NOT_FOUND || error == ERR_EXISTS ? "" : ": ",
	         error == ERR_NOT_FOUND ? ", which is not there" : error == ERR_EXISTS ? ", which is there already"
	                                                         : error_text(error));
	return error;
}

static int remove_record(struct ixfr_stream *ixfr, const struct message_record *record, const uint8_t *rdata,
                         uint16_t length, char *why, size_t size)
{
	int error = zone_draft_remove(ixfr->draft, record->owner, record->type, rdata, length);

	return error == 0 ? 0 : say(record, "it removes", error, why, size);
}

static int add_record(struct ixfr_stream *ixfr, const struct message_record *record, uint32_t ttl,
                      const uint8_t *rdata, uint16_t length, char *why, size_t size)
{
	bool added = false;
	int error = zone_draft_add(ixfr->draft, record->owner, record->type, ttl, rdata, length, &added);

	// Where we have what they add anew, we do not have what they think we have; but
	// NSD's create-ixfr adds sets of the apex again that did not change.
	if (error == 0 && !added && record->type != TYPE_SOA && name_equal(record->owner, ixfr->origin))
		ixfr->added--;
	else if (error == 0 && !added)
		error = ERR_EXISTS;
	return error == 0 ? 0 : say(record, "it adds", error, why, size);
}

// The SOA that a step begins with, or the one that ends the transfer.
static int begin_step(struct ixfr_stream *ixfr, const struct message_record *record, const struct soa *soa,
                      const uint8_t *rdata, uint16_t length, char *why, size_t size)
{
	if (ixfr->place == IXFR_ADDING && ixfr->serial == ixfr->target) {
		struct rrset set;
		if (soa->serial != ixfr->target) {
			snprintf(why, size, "it ends with serial %" PRIu32 ", but promised %" PRIu32, soa->serial, ixfr->target);
			return ERR_STATE;
		}
		if (!zone_draft_rrset(ixfr->draft, ixfr->origin, TYPE_SOA, &set) || set.count != 1
		    || rdata_compare(TYPE_SOA, rdata, length, set.wire + RECORD_RDATA,
		                     wire_get16(set.wire + RECORD_RDLENGTH)) != 0) {
			snprintf(why, size, "the SOA at its end differs from the one of its last step");
			return ERR_FORMAT;
		}
		return IXFR_ENDED;
	}
	if (soa->serial != ixfr->serial) {
		snprintf(why, size, ixfr->place == IXFR_START
		         ? "it begins at serial %" PRIu32 ", but we have %" PRIu32
		         : "a step begins at serial %" PRIu32 ", but the one before ended at %" PRIu32,
		         soa->serial, ixfr->serial);
		return ERR_STATE;
	}
	ixfr->place = IXFR_REMOVING;
	ixfr->steps++;
	if (zone_draft_remove(ixfr->draft, record->owner, TYPE_SOA, rdata, length) != 0) {
		snprintf(why, size, "its SOA with serial %" PRIu32 " is not the one that we have", soa->serial);
		return ERR_NOT_FOUND;
	}
	return 0;
}

static int turn_to_adding(struct ixfr_stream *ixfr, const struct message_record *record, const struct soa *soa,
                          uint32_t ttl, const uint8_t *rdata, uint16_t length, char *why, size_t size)
{
	// Serials only rise on the way, and not beyond the end.
	if (!serial_newer(soa->serial, ixfr->serial)
	    || (soa->serial != ixfr->target && !serial_newer(ixfr->target, soa->serial))) {
		snprintf(why, size, "a step leads from serial %" PRIu32 " to %" PRIu32 ", on the way to %" PRIu32,
		         ixfr->serial, soa->serial, ixfr->target);
		return ERR_STATE;
	}
	ixfr->place = IXFR_ADDING;
	ixfr->serial = soa->serial;
	return add_record(ixfr, record, ttl, rdata, length, why, size);
}

static int take_soa(struct ixfr_stream *ixfr, const struct message_record *record, uint32_t ttl,
                    const uint8_t *rdata, uint16_t length, char *why, size_t size)
{
	struct soa soa;

	if (!name_equal(record->owner, ixfr->origin) || soa_read(rdata, length, &soa) != 0) {
		snprintf(why, size, "it has a SOA that is malformed, or of another zone");
		return ERR_FORMAT;
	}
	if (ixfr->place == IXFR_REMOVING)
		return turn_to_adding(ixfr, record, &soa, ttl, rdata, length, why, size);
	return begin_step(ixfr, record, &soa, rdata, length, why, size);
}

int ixfr_stream_record(struct ixfr_stream *ixfr, const struct message_record *record, uint32_t ttl,
                       const uint8_t *rdata, uint16_t length, char *why, size_t size)
{
	if (record->type == TYPE_SOA)
		return take_soa(ixfr, record, ttl, rdata, length, why, size);
	if (ixfr->place == IXFR_REMOVING) {
		ixfr->removed++;
		return remove_record(ixfr, record, rdata, length, why, size);
	}
	ixfr->added++;
	return add_record(ixfr, record, ttl, rdata, length, why, size);
}
