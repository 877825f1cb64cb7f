// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/counters.h"

#include "base/error.h"
#include "dns/types.h"
#include "replicate/fetch.h"
#include "replicate/poll.h"
#include "replicate/primary.h"
#include "replicate/replica.h"
#include "replicate/room.h"

const char *transfer_failure_text(enum transfer_failure failure)
{
	static const char *const texts[TRANSFER_FAILURES] = {
		[FAILED_CONNECT] = "connect", [FAILED_TIMEOUT] = "timeout", [FAILED_REFUSED] = "refused",
		[FAILED_TSIG] = "tsig", [FAILED_FORMAT] = "format", [FAILED_CONTENT] = "content",
		[FAILED_HELD] = "held", [FAILED_LOWER_SERIAL] = "lower-serial", [FAILED_OTHER] = "other",
	};

	return (unsigned)failure < TRANSFER_FAILURES ? texts[failure] : "other";
}

void counters_polled(struct primary *primary, const struct poll_result *result)
{
	struct primary_record *record = &primary->record;

	record->polls++;
	if (result->outcome == POLL_SERIAL || result->outcome == POLL_USE_TCP)
		record->round_trip_us = result->round_trip_us != 0 ? result->round_trip_us : record->round_trip_us;
	// What UDP did not tell is asked by TCP, and counted there.
	else if (result->outcome == POLL_REFUSED)
		record->polls_failed++;
}

void counters_polled_tcp(struct primary *primary, const struct fetch_result *result)
{
	if (result->outcome != FETCH_UP_TO_DATE && result->outcome != ERR_CLOSED)
		primary->record.polls_failed++;
}

static enum transfer_failure failure_of(const struct fetch_result *result)
{
	switch (result->outcome) {
	case ERR_TIMEOUT: return FAILED_TIMEOUT;
	case ERR_DENIED: return FAILED_REFUSED;
	case ERR_KEY: case ERR_TIME: return FAILED_TSIG;
	case ERR_FORMAT: case ERR_CLOSED: return FAILED_FORMAT;
	case ERR_IO: return result->is_silent ? FAILED_CONNECT : FAILED_OTHER;
	// The last three: steps of an IXFR that do not fit what we have.
	case ERR_RANGE: case ERR_LIMIT: case ERR_STATE: case ERR_EXISTS: case ERR_NOT_FOUND: return FAILED_CONTENT;
	default: return FAILED_OTHER;
	}
}

void counters_fetched(struct primary *primary, const struct fetch_result *result)
{
	struct primary_record *record = &primary->record;

	record->bytes += result->figures.bytes;
	if (result->outcome == FETCH_DONE && result->figures.is_incremental)
		record->ixfr++;
	else if (result->outcome == FETCH_DONE)
		record->axfr++;
	else if (result->outcome < 0)
		record->failed[failure_of(result)]++;
}

void counters_refused(struct primary *primary, int error)
{
	if (error != ERR_CLOSED && error != ERR_MEMORY)
		primary->record.failed[error == ERR_HELD ? FAILED_HELD : FAILED_CONTENT]++;
}

void counters_lower_serial(struct primary *primary)
{
	primary->record.failed[FAILED_LOWER_SERIAL]++;
}

void counters_name(struct replicate *room, const struct config_remotes *primaries)
{
	struct endpoint endpoint;

	for (uint32_t i = 0; i < primaries->count; i++) {
		endpoint_from(&endpoint, (const struct sockaddr *)&primaries->remote[i].address);
		struct primary *primary = primary_get(room, &endpoint);
		if (primary != NULL)
			primary->record.generation = room->generation + 1;
	}
}

void counters_named(struct replicate *room)
{
	room->generation++;
}

void counters_zone(struct replicate *room, enum config_role role, int change)
{
	unsigned *count = role == CONFIG_PRIMARY ? &room->counters.primary_zones : &room->counters.secondary_zones;

	*count += (unsigned)change;
}
