// SPDX-License-Identifier: GPL-3.0-or-later
// Lists of zones. They are written a few hundred zones at a time, and while a
// piece goes to its asker nothing is held: no reading, no grace period.
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "daemon/protocol.h"
#include "daemon/request.h"
#include "observe/zones.h"
#include "zone/table.h"
#include "zone/zone.h"

#define ZONES_A_STEP 128u

void status_take_slot(const struct server *server, struct replica_status *zone)
{
	const struct zone_slot *slot = zone_table_get(server->table, zone->origin);
	const struct zone_version *version;
	if (slot == NULL)
		return;
	version = atomic_load_explicit(&slot->version, memory_order_acquire);
	switch (atomic_load_explicit(&slot->state, memory_order_acquire)) {
	case ZONE_STATE_EMPTY:
		zone->phase = REPLICA_EMPTY;
		break;
	case ZONE_STATE_EXPIRED:
		zone->phase = REPLICA_EXPIRED;
		break;
	default:
		zone->has_version = version != NULL;
		if (version != NULL)
			zone->serial = zone_serial(version);
		if (zone->phase == REPLICA_EXPIRED || zone->phase == REPLICA_EMPTY)
			zone->phase = REPLICA_STALE; // answered for, whatever is thought of it
	}
}

// --- a list under way

struct listing {
	struct server *server;
	const struct request *request;
	FILE *reply;
	struct zones zones;
	struct status_summary summary;
	struct status_list list;
	int64_t now;
	void (*write)(struct listing *l, const struct replica_status *zone);
};

static void write_steps(struct listing *l, size_t from, size_t to)
{
	struct replica_status zone;
	for (size_t i = from; i < to; i++) {
		// One that went meanwhile is passed over.
		if (replicate_status(l->server->replicate, zones_name(&l->zones, i), &zone) != 0)
			continue;
		status_take_slot(l->server, &zone);
		status_count(&l->summary, &zone);
		l->write(l, &zone);
	}
}

static bool write_all(struct listing *l)
{
	char *text = NULL;
	size_t length = 0;
	FILE *outlet = l->reply, *step = open_memstream(&text, &length);
	bool good = step != NULL;
	for (size_t i = 0; good && i < l->zones.count; i += ZONES_A_STEP) {
		size_t to = l->zones.count - i < ZONES_A_STEP ? l->zones.count : i + ZONES_A_STEP;
		rewind(step);
		good = request_read_begin(l->server, outlet);
		if (!good)
			break;
		l->reply = l->list.to = step;
		write_steps(l, i, to);
		request_read_end(l->server);
		fflush(step);
		good = fwrite(text, 1, (size_t)ftell(step), outlet) == (size_t)ftell(step);
	}
	l->reply = l->list.to = outlet;
	if (step != NULL)
		fclose(step);
	free(text);
	return good;
}

static int gather(struct listing *l, const struct zones_query *query)
{
	if (!request_read_begin(l->server, l->reply))
		return ERR_STATE;
	int error = zones_gather(l->server->replicate, query, l->now, &l->zones);
	request_read_end(l->server);
	if (error != 0)
		fprintf(l->reply, "%s\n", error_text(error));
	return error;
}

static int exit_code(const struct listing *l)
{
	return status_is_degraded(&l->summary) ? EXIT_DEGRADED : EXIT_GOOD;
}

// --- status of all

static void describe_server(const struct server *server, struct status_server *about)
{
	struct arena_usage usage;
	arena_usage(&usage);
	*about = (struct status_server){
		.version = UNDERSTUDY_VERSION, .pid = (int)getpid(), .started = server->started,
		.zone_bytes = usage.live,
	};
	serve_counters(server->serve, &about->counters);
}

static void write_status_row(struct listing *l, const struct replica_status *zone)
{
	if (l->request->json)
		status_list_add(&l->list, zone, l->now);
	else
		status_write_row(l->reply, zone, l->now, l->request->colour);
}

int status_of_all(struct server *server, const struct request *request, FILE *reply)
{
	const struct zones_query every = { 0 };
	struct listing l = {
		.server = server, .request = request, .reply = reply, .now = clock_wall_s(), .write = write_status_row,
	};
	struct status_server about;
	if (gather(&l, &every) != 0)
		return EXIT_FAILED;
	if (request->json)
		status_list_begin(&l.list, reply);
	else
		status_write_head(reply, request->colour);
	bool good = write_all(&l);
	zones_free(&l.zones);
	if (!good || !request_read_begin(server, reply)) {
		text_free(&l.list.text);
		return EXIT_FAILED;
	}
	describe_server(server, &about);
	request_read_end(server);
	if (request->json)
		status_list_end(&l.list, &l.summary, &about);
	else
		status_write_tail(reply, &l.summary, &about, l.now);
	return exit_code(&l);
}

// --- zones

static void write_zone_row(struct listing *l, const struct replica_status *zone)
{
	char name[NAME_MAX_TEXT];
	if (json_is_true(json_object_get(l->request->words, "names")))
		fprintf(l->reply, "%s\n", name_to_text(zone->origin, name));
	else if (l->request->json)
		status_list_add(&l->list, zone, l->now);
	else
		zones_write_row(l->reply, zone, l->now, l->request->colour);
}

static bool read_query(const struct request *request, struct zones_query *query, FILE *reply)
{
	const json_t *filters = json_object_get(request->words, "filter"), *most = json_object_get(request->words, "most");
	const char *sort = json_string_value(json_object_get(request->words, "sort"));
	*query = (struct zones_query){
		.reverse = json_is_true(json_object_get(request->words, "reverse")),
		.pattern = json_string_value(json_object_get(request->words, "pattern")),
		.most = json_integer_value(most) > 0 ? (size_t)json_integer_value(most) : 0,
	};
	for (size_t i = 0; i < json_array_size(filters); i++) {
		const char *word = json_string_value(json_array_get(filters, i));
		if (word != NULL && zones_filter_find(word, &query->filters))
			continue;
		fprintf(reply, "zones: there is no filter %s\n", word != NULL ? word : "of that form");
		return false;
	}
	if (sort == NULL || zones_sort_find(sort, &query->sort))
		return true;
	fprintf(reply, "zones: cannot sort by %s; by", sort);
	for (unsigned i = 0; zones_sort_words[i] != NULL; i++)
		fprintf(reply, "%s %s", i > 0 ? "," : "", zones_sort_words[i]);
	fputc('\n', reply);
	return false;
}

int run_zones(struct server *server, const struct request *request, FILE *reply)
{
	struct listing l = {
		.server = server, .request = request, .reply = reply, .now = clock_wall_s(), .write = write_zone_row,
	};
	struct zones_query query;
	bool names = json_is_true(json_object_get(request->words, "names"));
	if (!read_query(request, &query, reply))
		return EXIT_USAGE;
	if (gather(&l, &query) != 0)
		return EXIT_FAILED;
	if (request->json && !names)
		status_list_begin(&l.list, reply);
	else if (!names && l.zones.count > 0)
		zones_write_head(reply, request->colour);
	bool good = write_all(&l);
	if (request->json && !names)
		status_list_end(&l.list, &l.summary, NULL);
	else if (!names)
		zones_write_tail(reply, &l.summary, l.zones.count);
	zones_free(&l.zones);
	return good ? exit_code(&l) : EXIT_FAILED;
}
