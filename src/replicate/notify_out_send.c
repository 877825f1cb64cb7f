// SPDX-License-Identifier: GPL-3.0-or-later
// A NOTIFY on its way: sent by UDP until it is answered, at last by TCP, or
// given up.
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "replicate/notify_out_parts.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// The first pause before a NOTIFY is sent again; doubled each time up to the
// longest.
#define PAUSE_FIRST_MS 1000u
#define PAUSE_MAX_MS 30000u

// What UDP did not bring to an answer, TCP may within this time.
#define TCP_MS 5000u

// A target that takes no NOTIFY takes none for each of its zones.
static struct log_limit failed_lines = { .per_second = 5, .burst = 50 };

// --- answers

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
	struct replica *replica = entry->replica;

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
	replica_hold(replica);
	notify_entry_free(entry);
	notify_out_answered(replica);
	notify_target_settle(target);
	replica_drop(replica);
}

static void take_packet(struct notify_target *target, uint8_t *message, size_t length)
{
	struct notify_entry *entry = length >= MESSAGE_HEADER ? find_sent(target, message_id(message)) : NULL;

	if (entry != NULL && is_answer_to(entry, message, length))
		take_answer(target, entry, message);
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

void notify_target_close(struct notify_target *target)
{
	if (target->socket == NULL)
		return;
	target->socket->data = target->room;
	uv_udp_recv_stop(target->socket);
	uv_close((uv_handle_t *)target->socket, on_closed);
	target->socket = NULL;
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
		notify_target_close(target);
	return error;
}

// --- sending

static void give_up(struct notify_entry *entry, const char *why)
{
	struct notify_target *target = entry->target;
	char name[NAME_MAX_TEXT], address[ADDRESS_TEXT];
	bool is_silent = target->silent >= NOTIFY_SILENT_AFTER;

	count_failure(entry);
	entry->replica->has_given_up = true;
	// A silent target is spoken of when it falls silent, not for each zone.
	if (is_silent || may_tell())
		log_event(is_silent ? LEVEL_DEBUG : LEVEL_WARNING, "notify-out-failed",
		          replica_name(entry->replica, name),
		          LOG_FIELDS(log_text("client", endpoint_text(&target->endpoint, address)), log_text("reason", why),
		                     log_number("tries", entry->tries)),
		          "NOTIFY to %s: %s after %u tries; it will find out by its own refresh", address, why, entry->tries);
	target->silent++;
	notify_entry_free(entry);
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
	notify_target_settle(target);
}

// Once, and not to a target that is known to be gone.
static bool try_tcp(struct notify_entry *entry)
{
	struct notify_target *target = entry->target;

	if (target->silent >= NOTIFY_SILENT_AFTER)
		return false;
	entry->tries++;
	entry->tcp = notify_tcp_start(target->room, &target->endpoint, &target->source, entry->query->bytes,
	                              entry->query->length, on_tcp_done, entry);
	return entry->tcp != NULL;
}

void notify_entry_due(struct deadline *deadline, uint64_t now)
{
	struct notify_entry *entry = (struct notify_entry *)((char *)deadline - offsetof(struct notify_entry, deadline));
	struct notify_target *target = entry->target;

	if (entry->tries < entry->tries_max && target->silent < NOTIFY_SILENT_AFTER) {
		send_entry(entry);
		return;
	}
	if (entry->tcp == NULL && try_tcp(entry)) {
		deadline_set(&target->room->deadlines, deadline, now + TCP_MS);
		return;
	}
	give_up(entry, "no answer");
	notify_target_settle(target);
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

void notify_entry_begin(struct notify_target *target, enum notify_lane lane, struct query *query)
{
	struct notify_entry *entry = target->waiting[lane].first;

	notify_list_take_out(&target->waiting[lane], entry);
	entry->query = query;
	notify_list_append(&target->sent, entry);
	target->sent_count[lane]++;
	if (build(entry) != 0)
		give_up(entry, "cannot be signed");
	else
		send_entry(entry);
}

void notify_entry_renew(struct notify_entry *entry)
{
	if (entry->query == NULL)
		return;
	entry->tries = 0;
	notify_tcp_end(entry->tcp);
	entry->tcp = NULL;
	if (build(entry) == 0)
		send_entry(entry);
}
