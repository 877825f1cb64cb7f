// SPDX-License-Identifier: GPL-3.0-or-later
// What a message says, in words and as JSON.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "observe/alert_parts.h"
#include "observe/http_text.h"
#include "observe/status.h"
#include "observe/times.h"

// --- reasons

static void explain_copy(const struct alert_event *event, char *text, size_t size)
{
	const struct replica_status *s = &event->status;
	const char *error = s->last_error[0] != '\0' ? s->last_error : "no primary has confirmed it";
	char at[TIMES_TEXT];
	switch (event->change.state) {
	case COPY_GOOD:
		snprintf(text, size, "serial %" PRIu32 " is served and confirmed", s->serial);
		break;
	case COPY_BEHIND:
		snprintf(text, size, "a primary has serial %" PRIu32 ", this copy has %" PRIu32 "%s%s", s->primary_serial, s->serial,
		         s->last_error[0] != '\0' ? ": " : "", s->last_error);
		break;
	case COPY_EXPIRED:
		snprintf(text, size, "it is no longer answered for: %s", error);
		break;
	case COPY_MISSING:
		snprintf(text, size, "there is no copy to serve: %s", s->last_error[0] != '\0' ? error : "no transfer has come");
		break;
	case COPY_EXPIRING_50: case COPY_EXPIRING_75: case COPY_EXPIRING_90:
		snprintf(text, size, "it expires at %s: %s", times_absolute(s->expires_at, at), error);
		break;
	default:
		snprintf(text, size, "%s", error);
	}
}

void alert_explain(struct alert_event *event)
{
	const struct replica_status *s = &event->status;
	char *text = event->reason;
	size_t size = sizeof(event->reason);
	bool is_good = event->change.state == 0;
	if (event->change.is_primary)
		snprintf(text, size, is_good ? "it answers again" : "it does not answer");
	else if (event->change.aspect == WATCH_COPY)
		explain_copy(event, text, size);
	else if (event->change.aspect == WATCH_HELD && !is_good)
		snprintf(text, size, "serial %" PRIu32 " is held back: %s; `understudy approve %s` publishes it", s->held_serial,
		         s->held_why, event->name);
	else if (event->change.aspect == WATCH_HELD)
		snprintf(text, size, "nothing is held back any more; serial %" PRIu32 " is served", s->serial);
	else if (event->change.aspect == WATCH_ROLLBACK && !is_good)
		snprintf(text, size, "serial %" PRIu32 " is served in place of %" PRIu32 " until `understudy resume %s`", s->serial,
		         s->newest_serial, event->name);
	else if (event->change.aspect == WATCH_ROLLBACK)
		snprintf(text, size, "the newest is served again, serial %" PRIu32, s->serial);
	else if (is_good)
		snprintf(text, size, "serial %" PRIu32 " is stored", s->serial);
	else
		snprintf(text, size, "%s", s->last_error[0] != '\0' ? status_store_error(s) : "the store does not take it");
}

// --- the summary

struct tally {
	unsigned count[WATCH_ASPECTS][COPY_STATES];
};

static void tally(const struct alert_message *message, struct tally *sums)
{
	memcpy(sums->count, message->rest.count, sizeof(sums->count));
	sums->count[WATCH_COPY][COPY_GOOD] += message->rest.primaries[0];
	sums->count[WATCH_COPY][COPY_FAILING] += message->rest.primaries[1];
	for (size_t i = 0; i < message->count; i++)
		sums->count[message->events[i].change.aspect][message->events[i].change.state]++;
}

// For people, who read "expiring-50" as they like.
static const char *state_in_words(const struct watch_event *change)
{
	static const char *const words[COPY_STATES] = {
		[COPY_EXPIRING_50] = "halfway to its expiry", [COPY_EXPIRING_75] = "three quarters of the way to its expiry",
		[COPY_EXPIRING_90] = "about to expire",
	};
	const char *found = change->aspect == WATCH_COPY && change->state < COPY_STATES ? words[change->state] : NULL;
	return found != NULL ? found : watch_state_text(change->aspect, change->state);
}

const char *alert_summary(const struct alert_message *message, char text[static ALERT_SUMMARY])
{
	struct tally sums;
	size_t all = message->count + message->rest.all, at;
	if (all == 1) {
		const struct alert_event *event = &message->events[0];
		snprintf(text, ALERT_SUMMARY, "%s%.150s is %s: %.480s", event->change.is_primary ? "primary " : "", event->name,
		         state_in_words(&event->change), event->reason);
		return text;
	}
	tally(message, &sums);
	at = (size_t)snprintf(text, ALERT_SUMMARY, "%zu changes", all);
	const char *between = ": ";
	for (unsigned severity = WATCH_WORST + 1; severity-- > 0;) {
		for (unsigned a = 0; a < WATCH_ASPECTS; a++) {
			for (uint8_t state = 0; state < COPY_STATES; state++) {
				if (sums.count[a][state] == 0 || watch_severity((enum watch_aspect)a, state) != severity)
					continue;
				at += (size_t)snprintf(text + at, ALERT_SUMMARY - at, "%s%u %s", between, sums.count[a][state],
				                       watch_state_text((enum watch_aspect)a, state));
				between = ", ";
			}
		}
	}
	return text;
}

// --- JSON

static void set_text(json_t *object, const char *name, const char *text)
{
	json_object_set_new(object, name, text_json(text));
}

static void set_number(json_t *object, const char *name, int64_t number)
{
	json_object_set_new(object, name, json_integer(number));
}

static void set_time(json_t *object, const char *name, int64_t time)
{
	if (time != 0)
		set_number(object, name, time);
}

static void set_zone(json_t *object, const struct replica_status *s)
{
	char address[ADDRESS_TEXT];
	if (s->has_version)
		set_number(object, "serial", s->serial);
	if (s->has_primary_serial)
		set_number(object, "primary_serial", s->primary_serial);
	if (s->held)
		set_number(object, "held_serial", s->held_serial);
	if (s->primary.ss_family != AF_UNSPEC)
		set_text(object, "primary", address_to_text((const struct sockaddr *)&s->primary, address));
	set_time(object, "confirmed_at", s->confirmed);
	set_time(object, "expires_at", s->expires_at);
	set_time(object, "behind_since", s->behind_since);
}

static json_t *event_json(const struct alert_event *event)
{
	json_t *object = json_object();
	const struct watch_event *change = &event->change;
	if (object == NULL)
		return NULL;
	set_text(object, change->is_primary ? "primary" : "zone", event->name);
	set_text(object, "aspect", change->is_primary ? "primary" : watch_aspect_text(change->aspect));
	set_text(object, "state", watch_state_text(change->aspect, change->state));
	set_text(object, "previous", watch_state_text(change->aspect, change->previous));
	set_number(object, "since", change->since);
	set_text(object, "reason", event->reason);
	if (!change->is_primary)
		set_zone(object, &event->status);
	return object;
}

static json_t *rest_json(const struct watch_rest *rest)
{
	json_t *object = json_object();
	for (unsigned a = 0; object != NULL && a < WATCH_ASPECTS; a++) {
		for (uint8_t state = 0; state < COPY_STATES; state++) {
			const char *name = watch_state_text((enum watch_aspect)a, state);
			json_int_t before = state == 0 ? json_integer_value(json_object_get(object, name)) : 0;
			if (rest->count[a][state] > 0)
				set_number(object, name, before + rest->count[a][state]);
		}
	}
	if (object != NULL && rest->primaries[0] + rest->primaries[1] > 0)
		set_number(object, "primaries", rest->primaries[0] + rest->primaries[1]);
	return object;
}

char *alert_json(const struct alert_message *message)
{
	char summary[ALERT_SUMMARY], host[256] = "";
	json_t *object = json_object(), *events = json_array();
	char *text = NULL;
	gethostname(host, sizeof(host) - 1);
	if (object != NULL && events != NULL) {
		for (size_t i = 0; i < message->count; i++)
			json_array_append_new(events, event_json(&message->events[i]));
		set_text(object, "text", alert_summary(message, summary));
		set_text(object, "host", host);
		set_number(object, "time", message->time);
		json_object_set(object, "events", events);
		if (message->rest.all > 0)
			json_object_set_new(object, "not_listed", rest_json(&message->rest));
		text = json_dumps(object, JSON_COMPACT);
	}
	json_decref(events);
	json_decref(object);
	return text;
}
