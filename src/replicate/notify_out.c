// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/notify_out.h"

#include <stdlib.h>

#include "base/log.h"
#include "replicate/notify_out_parts.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// Targets that are remembered as silent when nothing is to be told them: NS
// targets come with zones, whose owners may make up new ones all the time.
#define TARGETS_MAX 1024u

// --- lists

void notify_list_append(struct notify_list *list, struct notify_entry *entry)
{
	entry->next = NULL;
	entry->previous = list->last;
	*(list->last != NULL ? &list->last->next : &list->first) = entry;
	list->last = entry;
}

void notify_list_take_out(struct notify_list *list, struct notify_entry *entry)
{
	*(entry->previous != NULL ? &entry->previous->next : &list->first) = entry->next;
	*(entry->next != NULL ? &entry->next->previous : &list->last) = entry->previous;
	entry->next = entry->previous = NULL;
}

void notify_entry_free(struct notify_entry *entry)
{
	struct notify_target *target = entry->target;
	struct replica *replica = entry->replica;
	struct notify_entry **place = &replica->notifies;

	while (*place != entry)
		place = &(*place)->next_of_zone;
	*place = entry->next_of_zone;
	if (entry->query != NULL) {
		notify_list_take_out(&target->sent, entry);
		target->sent_count[entry->lane]--;
	} else {
		notify_list_take_out(&target->waiting[entry->lane], entry);
	}
	deadline_leave(&target->room->deadlines, &entry->deadline);
	notify_tcp_end(entry->tcp);
	config_release(entry->config);
	free(entry->query);
	free(entry);
	replica_drop(replica);
}

// --- targets

// One that nothing is to be told, and that need not be remembered as silent.
static void drop_target(struct notify_target *target)
{
	struct notify_target **place = &target->room->notify_out.targets;

	notify_target_close(target);
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

void notify_target_settle(struct notify_target *target)
{
	notify_target_pump(target);
	if (target->sent.first == NULL)
		notify_target_close(target);
	if (target->sent.first == NULL && !is_waiting(target)
	    && (target->silent == 0 || target->room->notify_out.target_count > TARGETS_MAX))
		drop_target(target);
}

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
	notify_list_take_out(&entry->target->waiting[entry->lane], entry);
	entry->lane = lane;
	notify_list_append(&entry->target->waiting[lane], entry);
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
		notify_entry_renew(entry);
		notify_target_settle(target);
		return;
	}
	entry = calloc(1, sizeof *entry);
	if (entry == NULL || deadline_join(&room->deadlines, &entry->deadline, notify_entry_due) != 0) {
		free(entry);
		notify_target_settle(target);
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
	notify_list_append(&target->waiting[lane], entry);
	notify_target_settle(target);
}

void notify_out_zone(struct replica *replica, enum notify_lane lane)
{
	struct notify_recipient recipients[RECIPIENTS_MAX];
	char missing[256], name[NAME_MAX_TEXT];
	unsigned count;

	// As of what still waited: others find out by their own refresh.
	if (replica->room->is_stopping)
		return;
	count = notify_recipients(replica, recipients, missing);

	if (missing[0] != '\0' && !replica->has_warned_targets) {
		replica->has_warned_targets = true;
		log_line(LEVEL_WARNING, replica_name(replica, name),
		         "no NOTIFY to %s: no address of it is in the zones served here; also-notify can name it", missing);
	}
	replica->is_untold = count > 0;
	replica->has_given_up = false;
	for (unsigned i = 0; i < count; i++)
		tell(replica, &recipients[i], lane);
}

void notify_out_answered(struct replica *replica)
{
	if (replica->notifies != NULL || replica->has_given_up || !replica->is_untold)
		return;
	replica->is_untold = false;
	replica_put_state(replica);
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
		notify_entry_free(replica->notifies);
		notify_target_settle(target);
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

	notify_pace_join(room);
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
				notify_entry_free(target->waiting[lane].first);
		while (target->sent.first != NULL)
			notify_entry_free(target->sent.first);
		notify_target_close(target);
		room->notify_out.targets = target->next;
		room->notify_out.target_count--;
		free(target);
	}
	for (unsigned lane = 0; lane < NOTIFY_LANES; lane++)
		deadline_leave(&room->deadlines, &room->notify_out.pace[lane].wake);
}
