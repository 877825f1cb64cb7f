// SPDX-License-Identifier: GPL-3.0-or-later
// One request: who may ask, what is asked for, and the answer, whole or in
// parts.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "observe/http_room.h"
#include "observe/metrics.h"

#define PART_BYTES (32u << 10) // that the library asks for at a time

// Nothing but our own files may run or be loaded, nobody may frame the page.
static const struct { const char *name, *value; } headers[] = {
	{ "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
	  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
};

// --- answers

static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned status, const char *type,
                                     const char *cache, struct MHD_Response *response)
{
	if (response == NULL)
		return MHD_NO;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		MHD_add_response_header(response, headers[i].name, headers[i].value);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, cache);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	enum MHD_Result result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *why)
{
	return send_response(connection, status, "text/plain; charset=utf-8", "no-store",
	                     MHD_create_response_from_buffer(strlen(why), (void *)(uintptr_t)why, MHD_RESPMEM_PERSISTENT));
}

// Takes the text over.
static enum MHD_Result send_json(struct MHD_Connection *connection, struct text *text)
{
	if (text->failed) {
		text_free(text);
		return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
	}
	return send_response(connection, MHD_HTTP_OK, "application/json", "no-store",
	                     MHD_create_response_from_buffer(text->length, text->bytes, MHD_RESPMEM_MUST_FREE));
}

// --- files

static enum MHD_Result send_file(struct MHD_Connection *connection, const struct page_file *file)
{
	const char *known = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
	bool is_known = known != NULL && strcmp(known, file->tag) == 0;
	struct MHD_Response *response = MHD_create_response_from_buffer(is_known ? 0 : file->length,
		(void *)(uintptr_t)file->bytes, MHD_RESPMEM_PERSISTENT);
	if (response != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, file->tag);
	return send_response(connection, is_known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, file->type, "no-cache", response);
}

// --- metrics, in parts

struct scrape {
	struct metrics *metrics;
	struct text text;
	size_t sent;
	bool is_last;
};

static ssize_t scrape_read(void *context, uint64_t position, char *to, size_t room)
{
	struct scrape *s = context;
	(void)position;
	while (s->sent == s->text.length) {
		if (s->is_last)
			return MHD_CONTENT_READER_END_OF_STREAM;
		s->sent = s->text.length = 0;
		s->is_last = !metrics_next(s->metrics, &s->text);
		if (s->text.failed)
			return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	size_t left = s->text.length - s->sent, now = left < room ? left : room;
	memcpy(to, s->text.bytes + s->sent, now);
	s->sent += now;
	return (ssize_t)now;
}

static void scrape_end(void *context)
{
	struct scrape *s = context;
	if (s->metrics != NULL)
		metrics_end(s->metrics);
	text_free(&s->text);
	free(s);
}

static bool read_zones(struct MHD_Connection *connection, enum config_metrics_zones *zones)
{
	const char *value = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "zones");
	if (value == NULL)
		return true;
	*zones = strcmp(value, "yes") == 0 ? CONFIG_METRICS_ZONES_YES
	         : strcmp(value, "troubled") == 0 ? CONFIG_METRICS_ZONES_TROUBLED : CONFIG_METRICS_ZONES_NO;
	return *zones != CONFIG_METRICS_ZONES_NO || strcmp(value, "no") == 0;
}

static enum MHD_Result send_metrics(struct http *h, struct MHD_Connection *connection)
{
	enum config_metrics_zones zones = h->config->server.http.metrics_zones;
	if (!read_zones(connection, &zones))
		return refuse(connection, MHD_HTTP_BAD_REQUEST, "zones is yes, troubled or no\n");
	struct scrape *scrape = calloc(1, sizeof(*scrape));
	struct MHD_Response *response = NULL;
	if (scrape != NULL && (scrape->metrics = metrics_begin(&h->page, zones)) != NULL)
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PART_BYTES, scrape_read, scrape, scrape_end);
	if (response == NULL) {
		if (scrape != NULL)
			scrape_end(scrape);
		return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
	}
	return send_response(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", "no-store", response);
}

// --- events

// The library may end the response after the connection.
struct listening {
	struct http *http;
	struct events_listener *listener;
	struct http_connection *connection; // NULL: it went
	struct MHD_Connection *library;
};

static ssize_t listening_read(void *context, uint64_t position, char *to, size_t room)
{
	struct listening *l = context;
	(void)position;
	if (atomic_load_explicit(&l->http->is_ending, memory_order_acquire))
		return MHD_CONTENT_READER_END_OF_STREAM;
	ssize_t length = events_read(l->listener, to, room);
	if (length < 0 || l->connection == NULL)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (length == 0) {
		MHD_suspend_connection(l->library);
		l->connection->suspended = l->library;
	}
	return length;
}

static void listening_end(void *context)
{
	struct listening *l = context;
	if (l->connection != NULL)
		l->connection->listening = NULL;
	events_leave(l->listener);
	free(l);
}

static struct http_connection *connection_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static enum MHD_Result send_events(struct http *h, struct MHD_Connection *connection, bool is_head)
{
	struct listening *l = is_head ? NULL : calloc(1, sizeof(*l));
	if (is_head)
		return send_response(connection, MHD_HTTP_OK, "text/event-stream", "no-store",
		                     MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
	if (l == NULL || (l->listener = events_join(h->events)) == NULL) {
		free(l);
		return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "too many look at the page\n");
	}
	l->http = h;
	l->connection = connection_of(connection);
	l->library = connection;
	struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PART_BYTES, listening_read, l,
	                                                                  listening_end);
	if (response == NULL) {
		listening_end(l);
		return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
	}
	l->connection->listening = l;
	MHD_add_response_header(response, "X-Accel-Buffering", "no"); // for a proxy of nginx's
	return send_response(connection, MHD_HTTP_OK, "text/event-stream", "no-store", response);
}

void http_wake_listeners(struct http *h)
{
	for (struct http_connection *c = h->connections; c != NULL; c = c->next) {
		if (c->suspended != NULL)
			MHD_resume_connection(c->suspended);
		c->suspended = NULL;
	}
}

// --- the JSON

static enum MHD_Result take_argument(void *context, enum MHD_ValueKind kind, const char *name, size_t name_length,
                                     const char *value, size_t length)
{
	struct list_query *query = context;
	(void)kind;
	(void)name_length;
	if (list_query_set(query, name, value, length))
		return MHD_YES;
	query->limit = 0;
	query->offset = UINT32_MAX; // says that there was a fault
	return MHD_NO;
}

static enum MHD_Result send_list(struct http *h, struct MHD_Connection *connection, int64_t now)
{
	struct list_query query;
	struct text text = { 0 };
	list_query_init(&query);
	MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take_argument, &query);
	if (query.offset == UINT32_MAX)
		return refuse(connection, MHD_HTTP_BAD_REQUEST, "an argument is not known, or its value is not one\n");
	if (page_put_list(&text, &h->page, &query, now) != 0)
		text.failed = true;
	return send_json(connection, &text);
}

static enum MHD_Result send_zone(struct http *h, struct MHD_Connection *connection, int64_t now)
{
	const char *name = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "name");
	uint8_t origin[NAME_MAX_WIRE];
	struct text text = { 0 };
	if (name == NULL || name_from_text(name, origin) < 0)
		return refuse(connection, MHD_HTTP_BAD_REQUEST, "name=ZONE is missing, or no domain name\n");
	name_lower(origin, origin);
	const struct config *config = http_config(h);
	int error = page_put_zone(&text, &h->page, config, origin, now);
	config_release(config);
	if (error == 0)
		return send_json(connection, &text);
	text_free(&text);
	return error == ERR_NOT_FOUND ? refuse(connection, MHD_HTTP_NOT_FOUND, "no such zone here\n")
	                              : refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
}

static enum MHD_Result send_summary(struct http *h, struct MHD_Connection *connection, int64_t now)
{
	struct text text = { 0 };
	page_put_summary(&text, &h->page, now);
	return send_json(connection, &text);
}

static enum MHD_Result send_primaries(struct http *h, struct MHD_Connection *connection, int64_t now)
{
	struct text text = { 0 };
	if (page_put_primaries(&text, &h->page, now) != 0)
		text.failed = true;
	return send_json(connection, &text);
}

// --- the way to all that

static enum MHD_Result route(struct http *h, struct MHD_Connection *connection, const char *url, bool is_head)
{
	int64_t now = clock_wall_s();
	for (size_t i = 0; i < page_file_count; i++)
		if (strcmp(page_files[i].path, url) == 0)
			return send_file(connection, &page_files[i]);
	bool is_fresh = board_refresh(h->page.board, false) == 0;
	if (!is_fresh && board_list(h->page.board) == NULL)
		return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
	if (strcmp(url, "/metrics") == 0)
		return send_metrics(h, connection);
	if (strcmp(url, "/api/summary") == 0)
		return send_summary(h, connection, now);
	if (strcmp(url, "/api/zones") == 0)
		return send_list(h, connection, now);
	if (strcmp(url, "/api/zone") == 0)
		return send_zone(h, connection, now);
	if (strcmp(url, "/api/primaries") == 0)
		return send_primaries(h, connection, now);
	if (strcmp(url, "/api/events") == 0)
		return send_events(h, connection, is_head);
	return refuse(connection, MHD_HTTP_NOT_FOUND, "nothing is here; the page is at /, the metrics at /metrics\n");
}

static bool is_host_ours(const struct http *h, struct MHD_Connection *connection)
{
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
	return host == NULL || http_host_is_ours(&h->names, host, strlen(host)); // browsers always say one
}

enum MHD_Result http_answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                            const char *version, const char *upload, size_t *upload_size, void **state)
{
	struct http *h = context;
	bool is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
	(void)version;
	(void)upload;
	if (*state == NULL) { // the head has come; a body, which nothing here wants, may follow
		struct http_connection *c = connection_of(connection);
		if (c == NULL)
			return MHD_NO;
		c->is_answering = true;
		c->since_ms = clock_boot_ms();
		*state = c;
		if (!is_head && strcmp(method, MHD_HTTP_METHOD_GET) != 0)
			return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "this listener only shows: GET and HEAD\n");
		return MHD_YES;
	}
	if (*upload_size != 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (!is_host_ours(h, connection))
		return refuse(connection, MHD_HTTP_MISDIRECTED_REQUEST, "this server is not known by the name in Host; ask for "
		              "it by its address, or name it in the configuration with http-host\n");
	return route(h, connection, url, is_head);
}

void http_answered(void *context, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode how)
{
	struct http_connection *c = *state;
	(void)context;
	(void)connection;
	(void)how;
	if (c == NULL)
		return;
	c->is_answering = false;
	c->suspended = NULL;
	c->since_ms = clock_boot_ms();
}

static void enter(struct http *h, struct MHD_Connection *connection, void **socket_context)
{
	struct http_connection *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return;
	c->http = h;
	c->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	c->since_ms = clock_boot_ms();
	c->next = h->connections;
	c->link = &h->connections;
	if (c->next != NULL)
		c->next->link = &c->next;
	h->connections = c;
	*socket_context = c;
}

static void leave(struct http_connection *c)
{
	if (c->listening != NULL)
		c->listening->connection = NULL;
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	free(c);
}

void http_connected(void *context, struct MHD_Connection *connection, void **socket_context,
                    enum MHD_ConnectionNotificationCode how)
{
	if (how == MHD_CONNECTION_NOTIFY_STARTED)
		enter(context, connection, socket_context);
	else if (*socket_context != NULL)
		leave(*socket_context);
}
