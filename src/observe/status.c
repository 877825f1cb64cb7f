// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/status.h"

#include <string.h>

#include "base/address.h"
#include "dns/name.h"
#include "dns/types.h"
#include "observe/times.h"
#include "observe/tone.h"

#define WIDTH_ZONE 22
#define COUNT_TEXT 40
#define HELD_TEXT (NAME_MAX_TEXT + 400)
#define WIDTH_PRIMARY 15 // an IPv4 address, or a short one with its port

void status_count(struct status_summary *summary, const struct replica_status *zone)
{
	summary->zones++;
	switch (zone->phase) {
	case REPLICA_CURRENT: summary->current++; break;
	case REPLICA_STALE: summary->stale++; break;
	case REPLICA_EXPIRED: summary->expired++; break;
	case REPLICA_EMPTY: summary->empty++; break;
	}
	if (zone->behind_since != 0)
		summary->behind++;
	if (zone->held)
		summary->held++;
	if (zone->rolled_back)
		summary->rolled_back++;
	if (zone->unsaved)
		summary->unsaved++;
	if (zone->last_error[0] != '\0')
		summary->troubled++;
}

bool status_is_degraded(const struct status_summary *summary)
{
	return summary->stale + summary->expired + summary->empty + summary->held + summary->rolled_back
	       + summary->unsaved > 0;
}

const char *status_store_error(const struct replica_status *zone)
{
	static const char sign[] = "unsaved: ";
	bool is_marked = strncmp(zone->last_error, sign, sizeof(sign) - 1) == 0;
	return is_marked ? zone->last_error + sizeof(sign) - 1 : zone->last_error;
}

const char *status_phase_text(enum replica_phase phase)
{
	switch (phase) {
	case REPLICA_EMPTY: return "empty";
	case REPLICA_CURRENT: return "current";
	case REPLICA_STALE: return "stale";
	case REPLICA_EXPIRED: return "expired";
	}
	return "unknown";
}

// "1 record", "2 records"
static const char *count_text(uint64_t count, const char *one, const char *many, char text[static COUNT_TEXT])
{
	snprintf(text, COUNT_TEXT, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
	return text;
}

static const char *role_text(enum config_role role)
{
	return role == CONFIG_PRIMARY ? "primary" : "secondary";
}

static const char *serial_text(const struct replica_status *zone, char text[static 16])
{
	if (zone->has_version)
		snprintf(text, 16, "%u", zone->serial);
	else
		snprintf(text, 16, "-");
	return text;
}

// The address as short as it can be told: the port only where it is not 53.
static const char *primary_text(const struct replica_status *zone, char text[static ADDRESS_TEXT])
{
	const struct sockaddr *primary = (const struct sockaddr *)&zone->primary;
	if (primary->sa_family == 0)
		return strcpy(text, "-");
	return address_port(primary) == 53 ? address_host_to_text(primary, text) : address_to_text(primary, text);
}

static const char *when(int64_t at, int64_t now, char text[static TIMES_TEXT])
{
	return at == 0 ? strcpy(text, "-") : times_relative(at, now, text);
}

// A text that is too long for its column loses its middle: both ends of an
// address tell something.
const char *status_squeeze(char *text, size_t width)
{
	size_t length = strlen(text);
	if (length > width) {
		size_t head = (width - 2) / 2, tail = width - 2 - head;
		memcpy(text + head, "..", 2);
		memmove(text + head + 2, text + length - tail, tail + 1);
	}
	return text;
}

void status_write_head(FILE *to, bool colour)
{
	char line[STATUS_COLUMNS + 1];
	snprintf(line, sizeof(line), "%-*s %-9s %-7s %-10s %-*s %-10s %-10s %s", WIDTH_ZONE, "ZONE", "ROLE", "STATE",
	         "SERIAL", WIDTH_PRIMARY, "PRIMARY", "TRANSFER", "REFRESH", "EXPIRY");
	tone_write(to, colour, TONE_STRONG, line, 0);
	fputc('\n', to);
}

static enum tone phase_tone(enum replica_phase phase)
{
	return phase == REPLICA_CURRENT ? TONE_GOOD : phase == REPLICA_STALE ? TONE_WARNING : TONE_BAD;
}

// A note below a row, folded between words.
static void write_note(FILE *to, const char *note)
{
	const size_t width = STATUS_COLUMNS - 4;
	const char *indent = "  ! ";
	while (*note != '\0') {
		size_t length = strlen(note);
		if (length > width) {
			length = width;
			while (length > 0 && note[length] != ' ')
				length--;
			if (length == 0)
				length = width;
		}
		fprintf(to, "%s%.*s\n", indent, (int)length, note);
		note += length;
		note += strspn(note, " ");
		indent = "    ";
	}
}

// What is held back, why, and what to do.
static const char *held_text(const struct replica_status *zone, int64_t now, char text[static HELD_TEXT])
{
	char name[NAME_MAX_TEXT], duration[TIMES_TEXT];
	name_to_text(zone->origin, name);
	times_duration(now - zone->held_since, duration);
	if (zone->rejected)
		snprintf(text, HELD_TEXT, "serial %u was rejected by the operator and is passed over until a newer one comes: %s",
		         zone->held_serial, zone->held_why);
	else
		snprintf(text, HELD_TEXT, "serial %u held for %s: %s; `understudy approve %s %u` publishes it, reject drops it",
		         zone->held_serial, duration, zone->held_why, name, zone->held_serial);
	return text;
}

// Since when, in place of what, and what to do.
static const char *rollback_text(const struct replica_status *zone, int64_t now, char text[static HELD_TEXT])
{
	char name[NAME_MAX_TEXT], since[TIMES_TEXT], duration[TIMES_TEXT];
	snprintf(text, HELD_TEXT, "rolled back to serial %u in place of %u for %s, since %s; `understudy resume %s` "
	         "serves the newest again", zone->serial, zone->newest_serial,
	         times_duration(now - zone->rolled_back_since, duration),
	         times_absolute(zone->rolled_back_since, since), name_to_text(zone->origin, name));
	return text;
}

static void write_notes(FILE *to, const struct replica_status *zone, int64_t now)
{
	char note[sizeof(zone->last_error) + 2 * TIMES_TEXT + ADDRESS_TEXT], duration[TIMES_TEXT], held[HELD_TEXT];
	if (zone->behind_since != 0) {
		snprintf(note, sizeof(note), "behind for %s: a primary has serial %u",
		         times_duration(now - zone->behind_since, duration), zone->primary_serial);
		write_note(to, note);
	}
	if (zone->rolled_back)
		write_note(to, rollback_text(zone, now, held));
	if (zone->held || zone->rejected)
		write_note(to, held_text(zone, now, held));
	if (zone->unsaved)
		write_note(to, zone->last_error[0] != '\0' ? "not saved: the newest version cannot be stored"
		                                      : "not saved: the newest version cannot be stored, see the log");
	if (zone->file_failed)
		write_note(to, "its zone file cannot be written, see the log");
	if (zone->last_error[0] != '\0') {
		snprintf(note, sizeof(note), "%s: %s", times_relative(zone->last_error_at, now, duration),
		         zone->last_error);
		write_note(to, note);
	}
}

void status_write_row(FILE *to, const struct replica_status *zone, int64_t now, bool colour)
{
	char name[NAME_MAX_TEXT], serial[16], primary[ADDRESS_TEXT];
	char transferred[TIMES_TEXT], refresh[TIMES_TEXT], expiry[TIMES_TEXT];
	bool secondary = zone->role == CONFIG_SECONDARY;
	name_to_text(zone->origin, name);
	primary_text(zone, primary);
	if (strlen(name) > WIDTH_ZONE) {
		fprintf(to, "%s\n", name);
		name[0] = '\0';
	}
	fprintf(to, "%-*s %-9s ", WIDTH_ZONE, name, role_text(zone->role));
	tone_write(to, colour, phase_tone(zone->phase), status_phase_text(zone->phase), 7);
	fprintf(to, " %-10s %-*s %-10s %-10s %s\n", serial_text(zone, serial),
	        WIDTH_PRIMARY, status_squeeze(primary, WIDTH_PRIMARY),
	        zone->transferring ? "running" : when(zone->transferred, now, transferred),
	        secondary ? when(zone->refresh_at, now, refresh) : "-",
	        secondary ? when(zone->expires_at, now, expiry) : "-");
	write_notes(to, zone, now);
}

static void write_part(FILE *to, const char **separator, unsigned count, const char *what)
{
	if (count == 0)
		return;
	fprintf(to, "%s%u %s", *separator, count, what);
	*separator = ", ";
}

static void write_counts(FILE *to, const struct status_summary *summary)
{
	const char *separator = ": ";
	char count[COUNT_TEXT];
	fputs(count_text(summary->zones, "zone", "zones", count), to);
	write_part(to, &separator, summary->current, "current");
	write_part(to, &separator, summary->stale, "stale");
	write_part(to, &separator, summary->expired, "expired");
	write_part(to, &separator, summary->empty, "empty");
	write_part(to, &separator, summary->behind, "behind");
	write_part(to, &separator, summary->held, "held");
	write_part(to, &separator, summary->rolled_back, "rolled back");
	write_part(to, &separator, summary->unsaved, "not saved");
	write_part(to, &separator, summary->troubled, "with errors");
}

void status_write_counts(FILE *to, const struct status_summary *summary)
{
	write_counts(to, summary);
	fputc('\n', to);
}

void status_write_tail(FILE *to, const struct status_summary *summary,
                       const struct status_server *server, int64_t now)
{
	char duration[TIMES_TEXT], count[COUNT_TEXT];
	write_counts(to, summary);
	fprintf(to, "; %s in %s\n",
	        count_text(server->counters.udp_queries + server->counters.tcp_queries, "query", "queries", count),
	        times_duration(now - server->started, duration));
}

static void write_time(FILE *to, const char *label, int64_t at, int64_t now)
{
	char relative[TIMES_TEXT], absolute[TIMES_TEXT];
	if (at == 0)
		fprintf(to, "%-15s never\n", label);
	else
		fprintf(to, "%-15s %s (%s)\n", label, times_relative(at, now, relative),
		        times_absolute(at, absolute));
}

static void write_secondary(FILE *to, const struct replica_status *zone, int64_t now)
{
	char primary[ADDRESS_TEXT], duration[TIMES_TEXT];
	fprintf(to, "%-15s %s", "primary", primary_text(zone, primary));
	if (zone->has_primary_serial)
		fprintf(to, ", serial %u", zone->primary_serial);
	fputc('\n', to);
	if (zone->behind_since != 0)
		fprintf(to, "%-15s for %s\n", "behind", times_duration(now - zone->behind_since, duration));
	write_time(to, "last transfer", zone->transferred, now);
	write_time(to, "last confirmed", zone->confirmed, now);
	write_time(to, "next refresh", zone->refresh_at, now);
	write_time(to, "expiry", zone->expires_at, now);
}

// --- what is answered

static uint32_t expected_rcode(const struct replica_status *zone)
{
	return zone->phase == REPLICA_EXPIRED || zone->phase == REPLICA_EMPTY ? RCODE_SERVFAIL : RCODE_NOERROR;
}

bool status_is_contradicted(const struct replica_status *zone, const struct status_answered *answered)
{
	if (answered == NULL || !answered->was_asked)
		return false;
	if (answered->error[0] != '\0')
		return true;
	if (answered->rcode == RCODE_REFUSED)
		return false;
	if (answered->rcode != expected_rcode(zone))
		return true;
	return answered->rcode == RCODE_NOERROR && (!answered->has_serial || answered->serial != zone->serial);
}

static void write_answered(FILE *to, const struct replica_status *zone, const struct status_answered *answered,
                           bool colour)
{
	char text[256], address[ADDRESS_TEXT], rcode[DNS_TYPE_TEXT];
	bool wrong = status_is_contradicted(zone, answered);
	if (answered == NULL || !answered->was_asked)
		return;
	address_to_text((const struct sockaddr *)&answered->address, address);
	if (answered->error[0] != '\0')
		snprintf(text, sizeof(text), "%s on %s: is it the server that listens there?", answered->error, address);
	else if (answered->rcode == RCODE_REFUSED)
		snprintf(text, sizeof(text), "REFUSED on %s: allow-query does not let this machine ask", address);
	else if (answered->has_serial)
		snprintf(text, sizeof(text), "serial %u on %s, %u us%s", answered->serial, address, answered->round_trip_us,
		         wrong ? ", which is not what should be served" : "");
	else
		snprintf(text, sizeof(text), "%s on %s%s", dns_rcode_to_text(answered->rcode, rcode), address,
		         wrong ? ", though there is a version to be served" : "");
	fprintf(to, "%-15s ", "answers");
	tone_write(to, colour, wrong ? TONE_BAD : TONE_PLAIN, text, 0);
	fputc('\n', to);
}

// --- one zone

static void write_held(FILE *to, const struct replica_status *zone, int64_t now)
{
	char held[HELD_TEXT], records[COUNT_TEXT], names[COUNT_TEXT];
	fprintf(to, "%-15s serial %u, %s, %s, by the check %s\n", zone->held ? "held" : "rejected", zone->held_serial,
	        count_text(zone->held_records, "record", "records", records),
	        count_text(zone->held_names, "name", "names", names), zone->held_check);
	write_note(to, held_text(zone, now, held));
}

static void write_file(FILE *to, const struct replica_status *zone, const struct replica_progress *progress)
{
	bool is_known = progress != NULL && progress->file_error[0] != '\0';
	fprintf(to, "%-15s %s%s\n", "file", zone->file[0] != '\0' ? zone->file : "none",
	        !zone->file_failed ? "" : is_known ? ", cannot be written" : ", cannot be written, see the log");
	if (zone->file_failed && is_known)
		write_note(to, progress->file_error);
}

static void write_progress(FILE *to, const struct replica_progress *progress)
{
	char records[COUNT_TEXT], bytes[COUNT_TEXT];
	if (progress == NULL || !progress->is_transferring)
		return;
	fprintf(to, "%-15s %s, %s so far\n", "transfer", count_text(progress->records, "record", "records", records),
	        count_text(progress->bytes, "byte", "bytes", bytes));
}

void status_write_zone(FILE *to, const struct replica_status *zone, const struct status_detail *detail, int64_t now,
                       bool colour)
{
	char name[NAME_MAX_TEXT], serial[16], held[HELD_TEXT];
	char records[COUNT_TEXT], names[COUNT_TEXT], bytes[COUNT_TEXT];
	const char *doing = zone->transferring ? ", transfer running" : zone->polling ? ", asking a primary" : "";
	fprintf(to, "%-15s ", "zone");
	tone_write(to, colour, TONE_STRONG, name_to_text(zone->origin, name), 0);
	fprintf(to, "\n%-15s %s\n", "role", role_text(zone->role));
	fprintf(to, "%-15s ", "state");
	tone_write(to, colour, phase_tone(zone->phase), status_phase_text(zone->phase), 0);
	fprintf(to, "%s%s\n", doing, zone->unsaved ? ", not saved on disk" : "");
	fprintf(to, "%-15s %s\n", "serial", serial_text(zone, serial));
	write_answered(to, zone, detail->answered, colour);
	write_progress(to, detail->progress);
	if (zone->rolled_back)
		write_note(to, rollback_text(zone, now, held));
	if (zone->role == CONFIG_SECONDARY)
		write_secondary(to, zone, now);
	else
		write_time(to, "last load", zone->transferred, now);
	fprintf(to, "%-15s %s, %s, %s\n", "size", count_text(zone->records, "record", "records", records),
	        count_text(zone->names, "name", "names", names), count_text(zone->bytes, "byte", "bytes", bytes));
	write_file(to, zone, detail->progress);
	if (zone->held || zone->rejected)
		write_held(to, zone, now);
	if (detail->servers != NULL)
		servers_write(to, detail->servers, now, colour);
	if (zone->last_error[0] == '\0') {
		fprintf(to, "%-15s none\n", "last error");
	} else {
		write_time(to, "last error", zone->last_error_at, now);
		write_note(to, zone->last_error);
	}
}
