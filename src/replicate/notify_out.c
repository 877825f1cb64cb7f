// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/notify_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "replicate/notify_tcp.h"
#include "replicate/query.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// NOTIFYs of one lane to one target on their way at once; one alone while it
// is silent.
#define WINDOW 16u

// After so many zones without any answer a target counts as silent: it is
// told of each change once, and not again until it answers.
#define SILENT_AFTER 3u

// The first pause before a NOTIFY is sent again; doubled each time up to the
// longest.
#define PAUSE_FIRST_MS 1000u
#define PAUSE_MAX_MS 30000u

// What UDP did not bring to an answer, TCP may within this time.
#define TCP_MS 5000u

#define ANSWER_ROOM 2048u

// One zone that one target is to be told of.
struct notify_entry {
	struct notify_entry *next, *previous; // of the target: waiting, or on its way
	struct notify_entry *next_of_zone;
	struct notify_target *target;
	struct replica *replica;              // held
	const struct config *config;          // held
	const struct config_key *key;
	struct query *query;                  // NULL: waiting
	struct deadline deadline;
	enum notify_lane lane;
	unsigned tries, tries_max;
	struct notify_tcp *tcp;               // the last try
};

struct notify_list {
	struct notify_entry *first, *last;
};

struct notify_target {
	struct notify_target *next;
	struct replicate *room;
	struct endpoint endpoint, source;
	uv_udp_t *socket;                     // open while something is on its way
	struct notify_list waiting[NOTIFY_LANES], sent;
	unsigned sent_count[NOTIFY_LANES];
	unsigned silent;                      // zones in a row without an answer
	uint8_t answer[ANSWER_ROOM];
};

// Targets that are remembered as silent when nothing is to be told them: NS
// targets come with zones, whose owners may make up new ones all the time.
#define TARGETS_MAX 1024u

// A target that takes no NOTIFY takes none for each of its zones.
static struct log_limit failed_lines = { .per_second = 5, .burst = 50 };

static void pump(struct notify_target *target);

// --- lists

static void append(struct notify_list *list, struct notify_entry *entry)
{
	entry->next = NULL;
	entry->previous = list->last;
	*(list->last != NULL ? &list->last->next : &list->first) = entry;
	list->last = entry;
}

static void take_out(struct notify_list *list, struct notify_entry *entry)
{
	*(entry->previous != NULL ? &entry->previous->next : &list->first) = entry->next;
	*(entry->next != NULL ? &entry->next->previous : &list->last) = entry->previous;
	entry->next = entry->previous = NULL;
}

static void free_entry(struct notify_entry *entry)
{
	struct notify_target *target = entry->target;
	struct replica *replica = entry->replica;
	struct notify_entry **place = &replica->notifies;

	while (*place != entry)
		place = &(*place)->next_of_zone;
	*place = entry->next_of_zone;
	if (entry->query != NULL) {
		take_out(&target->sent, entry);
		target->sent_count[entry->lane]--;
	} else {
		take_out(&target->waiting[entry->lane], entry);
	}
	deadline_leave(&target->room->deadlines, &entry->deadline);
	notify_tcp_end(entry->tcp);
	config_release(entry->config);
	free(entry->query);
	free(entry);
	replica_drop(replica);
}

// --- the socket

static void on_closed(uv_handle_t *handle)
{
	struct replicate *room = handle->data;

	room_enter(room);
	free(handle);
	room_job_end(room);
	room_leave(room);
}

static void close_socket(struct notify_target *target)
{
	if (target->socket == NULL)
		return;
	target->socket->data = target->room;
	uv_udp_recv_stop(target->socket);
	uv_close((uv_handle_t *)target->socket, on_closed);
	target->socket = NULL;
}

// One that nothing is to be told, and that need not be remembered as silent.
static void drop_target(struct notify_target *target)
{
	struct notify_target **place = &target->room->notify_out.targets;

	close_socket(target);
	while (*place != target)
		place = &(*place)->next;
	*place = target->next;
	target->room->notify_out.target_count--;
	free(target);
}

static bool is_waiting(const struct notify_target *target)
{
	return target->waiting[NOTIFY_OF_CHANGE].first != NULL || target->waiting[NOTIFY_OF_START].first != NULL;
}

// The target may be gone after this.
static void settle(struct notify_target *target)
{
	pump(target);
	if (target->sent.first == NULL)
		close_socket(target);
	if (target->sent.first == NULL && !is_waiting(target)
	    && (target->silent == 0 || target->room->notify_out.target_count > TARGETS_MAX))
		drop_target(target);
}

static struct notify_entry *find_sent(struct notify_target *target, uint16_t id)
{
	struct notify_entry *entry = target->sent.first;

	while (entry != NULL && entry->query->id != id)
		entry = entry->next;
	return entry;
}

static bool is_answer_to(struct notify_entry *entry, uint8_t *message, size_t length)
{
	struct wire_reader reader;
	struct message_question question;
	struct tsig_stream *stream;
	struct tsig_verdict verdict;
	size_t stripped;
	int error;

	if ((message_flags(message) & FLAG_QR) == 0 || message_opcode(message) != OPCODE_NOTIFY)
		return false;
	wire_reader_init(&reader, message, length);
	wire_read_bytes(&reader, MESSAGE_HEADER);
	if (message_count(message, SECTION_QUESTION) > 0
	    && (!message_read_question(&reader, &question) || !name_equal(question.name, entry->query->origin)))
		return false;
	// A refusal may come unsigned, where they do not know the key.
	if (entry->key == NULL || message_rcode(message) != RCODE_NOERROR)
		return true;
	if (tsig_stream_new(&entry->key->tsig, entry->query->mac, entry->query->mac_length, &stream) != 0)
		return true;
	error = tsig_stream_verify(stream, message, length, &stripped, clock_wall_s(), &verdict);
	tsig_stream_free(stream);
	return error == 0;
}

static void count_failure(struct notify_entry *entry)
{
	entry->replica->notifies_failed++;
	entry->target->room->counters.notifies_failed++;
}

// Whether a line is to be written of one that came to nothing; those without one
// are told of by their number.
static bool may_tell(void)
{
	uint64_t suppressed;

	if (!log_limit_allows(&failed_lines, &suppressed))
		return false;
	if (suppressed > 0)
		log_event(LEVEL_WARNING, "notify-out-failed", NULL, LOG_FIELDS(log_number("count", suppressed)),
		          "%" PRIu64 " more NOTIFYs came to nothing without a line", suppressed);
	return true;
}

static void take_answer(struct notify_target *target, struct notify_entry *entry, const uint8_t *message)
{
	char name[NAME_MAX_TEXT], address[ADDRESS_TEXT], rcode[DNS_TYPE_TEXT];
	bool is_heard = message_rcode(message) == RCODE_NOERROR;

	target->silent = 0;
	target->room->counters.notifies_acknowledged += is_heard;
	if (!is_heard)
		count_failure(entry);
	if (!is_heard && may_tell())
		log_event(LEVEL_WARNING, "notify-out-failed", replica_name(entry->replica, name),
		          LOG_FIELDS(log_text("client", endpoint_text(&target->endpoint, address)),
		                     log_text("reason", dns_rcode_to_text((uint16_t)message_rcode(message), rcode))),
		          "NOTIFY to %s was answered with %s", address, rcode);
	if (is_heard)
		log_event(LEVEL_DEBUG, "notify-out", replica_name(entry->replica, name),
		          LOG_FIELDS(log_text("client", endpoint_text(&target->endpoint, address))), "NOTIFY to %s was heard",
		          address);
	free_entry(entry);
	settle(target);
}

static void take_packet(struct notify_target *target, uint8_t *message, size_t length)
{
	struct notify_entry *entry = length >= MESSAGE_HEADER ? find_sent(target, message_id(message)) : NULL;

	if (entry != NULL && is_answer_to(entry, message, length))
		take_answer(target, entry, message);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct notify_target *target = handle->data;

	(void)suggested;
	*buffer = uv_buf_init((char *)target->answer, sizeof target->answer);
}

static void on_packet(uv_udp_t *socket, ssize_t length, const uv_buf_t *buffer,
                      const struct sockaddr *from, unsigned flags)
{
	struct notify_target *target = socket->data;
	struct replicate *room;

	(void)buffer;
	// ICMP errors come as negative lengths: the tries go on, it may be starting.
	if (length <= 0 || from == NULL || (flags & UV_UDP_PARTIAL) != 0)
		return;
	room = target->room;
	room_enter(room);
	if (target->socket == socket)
		take_packet(target, target->answer, (size_t)length);
	room_leave(room);
}

static int open_socket(struct notify_target *target)
{
	struct sockaddr_storage address;
	int error;

	if (target->socket != NULL)
		return 0;
	target->socket = malloc(sizeof *target->socket);
	if (target->socket == NULL)
		return UV_ENOMEM;
	error = uv_udp_init(target->room->loop, target->socket);
	if (error != 0) {
		free(target->socket);
		target->socket = NULL;
		return error;
	}
	target->socket->data = target;
	room_job_begin(target->room);
	if (endpoint_to(&target->source, &address) > 0)
		error = uv_udp_bind(target->socket, (const struct sockaddr *)&address, 0);
	endpoint_to(&target->endpoint, &address);
	if (error == 0)
		error = uv_udp_connect(target->socket, (const struct sockaddr *)&address);
	if (error == 0)
		error = uv_udp_recv_start(target->socket, on_alloc, on_packet);
	if (error != 0)
		close_socket(target);
	return error;
}

// --- sending

static void give_up(struct notify_entry *entry, const char *why)
{
	struct notify_target *target = entry->target;
	char name[NAME_MAX_TEXT], address[ADDRESS_TEXT];
	bool is_silent = target->silent >= SILENT_AFTER;

	count_failure(entry);
	// A silent target is spoken of when it falls silent, not for each zone.
	if (is_silent || may_tell())
		log_event(is_silent ? LEVEL_DEBUG : LEVEL_WARNING, "notify-out-failed",
		          replica_name(entry->replica, name),
		          LOG_FIELDS(log_text("client", endpoint_text(&target->endpoint, address)), log_text("reason", why),
		                     log_number("tries", entry->tries)),
		          "NOTIFY to %s: %s after %u tries; it will find out by its own refresh", address, why, entry->tries);
	target->silent++;
	free_entry(entry);
}

static void send_entry(struct notify_entry *entry)
{
	struct notify_target *target = entry->target;
	uv_buf_t buffer = uv_buf_init((char *)entry->query->bytes, (unsigned)entry->query->length);
	unsigned shift = entry->tries < 5 ? entry->tries : 5;
	uint64_t pause = (uint64_t)PAUSE_FIRST_MS << shift;

	if (open_socket(target) == 0)
		(void)uv_udp_try_send(target->socket, &buffer, 1, NULL);
	entry->tries++;
	deadline_set(&target->room->deadlines, &entry->deadline,
	             clock_boot_ms() + (pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS));
}

static void on_tcp_done(void *context, uint8_t *message, size_t length)
{
	struct notify_entry *entry = context;
	struct notify_target *target = entry->target;

	if (message != NULL && length >= MESSAGE_HEADER && message_id(message) == entry->query->id
	    && is_answer_to(entry, message, length)) {
		take_answer(target, entry, message);
		return;
	}
	give_up(entry, "no answer by UDP or TCP");
	settle(target);
}

// Once, and not to a target that is known to be gone.
static bool try_tcp(struct notify_entry *entry)
{
	struct notify_target *target = entry->target;

	if (target->silent >= SILENT_AFTER)
		return false;
	entry->tries++;
	entry->tcp = notify_tcp_start(target->room, &target->endpoint, &target->source, entry->query->bytes,
	                              entry->query->length, on_tcp_done, entry);
	return entry->tcp != NULL;
}

static void on_deadline(struct deadline *deadline, uint64_t now)
{
	struct notify_entry *entry = (struct notify_entry *)((char *)deadline - offsetof(struct notify_entry, deadline));
	struct notify_target *target = entry->target;

	if (entry->tries < entry->tries_max && target->silent < SILENT_AFTER) {
		send_entry(entry);
		return;
	}
	if (entry->tcp == NULL && try_tcp(entry)) {
		deadline_set(&target->room->deadlines, deadline, now + TCP_MS);
		return;
	}
	give_up(entry, "no answer");
	settle(target);
}

static uint16_t fresh_id(struct notify_target *target)
{
	uint16_t id;

	do
		id = (uint16_t)room_random(target->room);
	while (find_sent(target, id) != NULL);
	return id;
}

static int build(struct notify_entry *entry)
{
	return query_build_notify(entry->query, fresh_id(entry->target), entry->replica->slot->origin,
	                          replica_version(entry->replica), entry->key != NULL ? &entry->key->tsig : NULL,
	                          clock_wall_s());
}

bool notify_pace_take(struct notify_pace *pace, uint32_t rate, uint64_t now, uint64_t *wait)
{
	uint64_t passed = pace->at != 0 && now - pace->at < 1000 ? now - pace->at : 1000;
	uint64_t most = (uint64_t)rate * 1000;

	*wait = 0;
	if (rate == 0)
		return true;
	pace->tokens += passed * rate;
	if (pace->tokens > most)
		pace->tokens = most;
	pace->at = now;
	if (pace->tokens < 1000) {
		*wait = (1000 - pace->tokens + rate - 1) / rate;
		return false;
	}
	pace->tokens -= 1000;
	return true;
}

static bool take_token(struct replicate *room, enum notify_lane lane)
{
	const struct config_server *server = &room_config(room)->server;
	struct notify_pace *pace = &room->notify_out.pace[lane];
	uint32_t rate = lane == NOTIFY_OF_START ? server->startup_notify_rate : server->notify_rate;
	uint64_t now = clock_boot_ms(), wait;

	if (notify_pace_take(pace, rate, now, &wait))
		return true;
	deadline_set(&room->deadlines, &pace->wake, now + wait);
	return false;
}

static void send_first(struct notify_target *target, enum notify_lane lane, struct query *query)
{
	struct notify_entry *entry = target->waiting[lane].first;

	take_out(&target->waiting[lane], entry);
	entry->query = query;
	append(&target->sent, entry);
	target->sent_count[lane]++;
	if (build(entry) != 0)
		give_up(entry, "cannot be signed");
	else
		send_entry(entry);
}

static void pump_lane(struct notify_target *target, enum notify_lane lane)
{
	unsigned window = target->silent < SILENT_AFTER ? WINDOW : 1;

	while (target->waiting[lane].first != NULL && target->sent_count[lane] < window && !target->room->is_stopping) {
		struct query *query;
		if (!take_token(target->room, lane))
			return;
		query = calloc(1, sizeof *query);
		if (query == NULL)
			return;
		send_first(target, lane, query);
	}
}

static void pump(struct notify_target *target)
{
	pump_lane(target, NOTIFY_OF_CHANGE);
	pump_lane(target, NOTIFY_OF_START);
}

// The first in the list goes last the next time: a long queue of one target
// leaves a share of the pace to the others.
static void rotate(struct notify_out *out)
{
	struct notify_target *first = out->targets, **end = &out->targets;

	if (first == NULL || first->next == NULL)
		return;
	out->targets = first->next;
	first->next = NULL;
	while (*end != NULL)
		end = &(*end)->next;
	*end = first;
}

static void pump_all(struct notify_out *out)
{
	struct notify_target *target = out->targets, *next;

	for (; target != NULL; target = next) {
		next = target->next;
		settle(target);
	}
	rotate(out);
}

static void on_pace_of_change(struct deadline *deadline, uint64_t now)
{
	(void)now;
	pump_all((struct notify_out *)((char *)deadline - offsetof(struct notify_out, pace[NOTIFY_OF_CHANGE].wake)));
}

static void on_pace_of_start(struct deadline *deadline, uint64_t now)
{
	(void)now;
	pump_all((struct notify_out *)((char *)deadline - offsetof(struct notify_out, pace[NOTIFY_OF_START].wake)));
}

static deadline_fire *const on_pace[NOTIFY_LANES] = { on_pace_of_change, on_pace_of_start };

// --- what is to be told

static struct notify_target *find_target(struct replicate *room, const struct notify_recipient *recipient)
{
	struct notify_target *target = room->notify_out.targets;

	while (target != NULL && !(endpoint_equal(&target->endpoint, &recipient->endpoint)
	                           && endpoint_equal(&target->source, &recipient->source)))
		target = target->next;
	if (target != NULL)
		return target;
	target = calloc(1, sizeof *target);
	if (target == NULL)
		return NULL;
	target->room = room;
	target->endpoint = recipient->endpoint;
	target->source = recipient->source;
	target->next = room->notify_out.targets;
	room->notify_out.targets = target;
	room->notify_out.target_count++;
	return target;
}

// What waits since the start is news now. What is on its way stays in its lane.
static void hasten(struct notify_entry *entry, enum notify_lane lane)
{
	if (entry->query != NULL || lane == entry->lane || lane != NOTIFY_OF_CHANGE)
		return;
	take_out(&entry->target->waiting[entry->lane], entry);
	entry->lane = lane;
	append(&entry->target->waiting[lane], entry);
}

// The newest version is told; one that is on its way with an older one starts anew.
static void renew(struct notify_entry *entry)
{
	if (entry->query == NULL)
		return;
	entry->tries = 0;
	notify_tcp_end(entry->tcp);
	entry->tcp = NULL;
	if (build(entry) == 0)
		send_entry(entry);
}

static void tell(struct replica *replica, const struct notify_recipient *recipient, enum notify_lane lane)
{
	struct replicate *room = replica->room;
	struct notify_target *target = find_target(room, recipient);
	struct notify_entry *entry = replica->notifies;
	uint32_t tries = replica_zone(replica)->policy->notify_retry;

	while (entry != NULL && entry->target != target)
		entry = entry->next_of_zone;
	if (target == NULL)
		return;
	if (entry != NULL) {
		hasten(entry, lane);
		renew(entry);
		settle(target);
		return;
	}
	entry = calloc(1, sizeof *entry);
	if (entry == NULL || deadline_join(&room->deadlines, &entry->deadline, on_deadline) != 0) {
		free(entry);
		settle(target);
		return;
	}
	entry->target = target;
	entry->replica = replica;
	entry->lane = lane;
	entry->config = config_hold(room_config(room));
	entry->key = recipient->key;
	entry->tries_max = tries > 0 ? tries : 1;
	entry->next_of_zone = replica->notifies;
	replica->notifies = entry;
	replica_hold(replica);
	append(&target->waiting[lane], entry);
	settle(target);
}

void notify_out_zone(struct replica *replica, enum notify_lane lane)
{
	struct notify_recipient recipients[RECIPIENTS_MAX];
	char missing[256], name[NAME_MAX_TEXT];
	unsigned count = notify_recipients(replica, recipients, missing);

	if (missing[0] != '\0' && !replica->has_warned_targets) {
		replica->has_warned_targets = true;
		log_line(LEVEL_WARNING, replica_name(replica, name),
		         "no NOTIFY to %s: no address of it is in the zones served here; also-notify can name it", missing);
	}
	for (unsigned i = 0; i < count; i++)
		tell(replica, &recipients[i], lane);
}

unsigned notify_out_count(const struct replica *replica)
{
	unsigned count = 0;

	for (const struct notify_entry *entry = replica->notifies; entry != NULL; entry = entry->next_of_zone)
		count++;
	return count;
}

void notify_out_forget(struct replica *replica)
{
	while (replica->notifies != NULL) {
		struct notify_target *target = replica->notifies->target;
		free_entry(replica->notifies);
		settle(target);
	}
}

static void add_own(struct notify_out *out, const struct sockaddr *address, uint16_t port)
{
	struct endpoint *own;

	if (out->own_count == OWN_ADDRESSES_MAX)
		return;
	own = &out->own[out->own_count++];
	endpoint_from(own, address);
	own->port = port;
}

void notify_out_configure(struct replicate *room, const struct config *config)
{
	struct notify_out *out = &room->notify_out;
	uv_interface_address_t *interfaces = NULL;
	int count = 0;

	for (unsigned lane = 0; lane < NOTIFY_LANES; lane++)
		if (out->pace[lane].wake.fire == NULL)
			(void)deadline_join(&room->deadlines, &out->pace[lane].wake, on_pace[lane]);
	out->own_count = 0;
	if (uv_interface_addresses(&interfaces, &count) != 0)
		count = 0;
	for (uint32_t i = 0; i < config->server.listen_count; i++) {
		const struct sockaddr *address = (const struct sockaddr *)&config->server.listen[i].address;
		if (!address_is_wildcard(address)) {
			add_own(out, address, address_port(address));
			continue;
		}
		for (int j = 0; j < count; j++) {
			const struct sockaddr *one = (const struct sockaddr *)&interfaces[j].address;
			if (one->sa_family == address->sa_family)
				add_own(out, one, address_port(address));
		}
	}
	if (interfaces != NULL)
		uv_free_interface_addresses(interfaces, count);
}

void notify_out_stop(struct replicate *room)
{
	while (room->notify_out.targets != NULL) {
		struct notify_target *target = room->notify_out.targets;
		for (unsigned lane = 0; lane < NOTIFY_LANES; lane++)
			while (target->waiting[lane].first != NULL)
				free_entry(target->waiting[lane].first);
		while (target->sent.first != NULL)
			free_entry(target->sent.first);
		close_socket(target);
		room->notify_out.targets = target->next;
		room->notify_out.target_count--;
		free(target);
	}
	for (unsigned lane = 0; lane < NOTIFY_LANES; lane++)
		deadline_leave(&room->deadlines, &room->notify_out.pace[lane].wake);
}
