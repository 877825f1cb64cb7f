// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "dns/message.h"
#include "dns/types.h"
#include "replicate/provide.h"
#include "serve/counters.h"

// For each that may run so many may wait, and so long.
#define WAITING_SHARE 2u
#define WAITING_MS 30000u

static const char too_many[] = "too many transfers are waiting for their turn; raise transfers-out if this goes on";
static const char too_long[] = "no turn came within 30 s: too many transfers run; raise transfers-out if this goes on";

struct transfer {
	struct serve *serve;
	struct provide *provide;
	struct tsig_stream *signer;  // NULL: unsigned
	const struct config *config; // held: the signer's key is in it
	size_t reserve;              // bytes a TSIG takes
	uint64_t ends_ms;            // boot clock: when the peer has had time enough
	uint64_t since_ms;           // when it was asked for
	uint64_t idle_ms;
	bool admitted;
	bool waiting;                // counted as such
	bool refused;                // it has waited too long
	bool finished;
};

static int start_signing(struct transfer *t, const struct exchange *x)
{
	if (!x->tsig.present)
		return 0;
	t->config = config_hold(x->runtime->config);
	t->reserve = tsig_reply_size(&x->tsig);
	return tsig_stream_new(x->tsig.key, x->tsig.mac, x->tsig.mac_length, &t->signer);
}

// max-transfer-time-out. A peer that reads slowly for ever would keep a
// connection, a slot and the memory of an old version.
static void set_times(struct transfer *t, const struct exchange *x)
{
	const struct config_zone *zone = config_zone_find(x->runtime->config, x->answer.zone->origin);
	uint32_t seconds = zone != NULL ? zone->policy->transfer_time_out : 0;
	uint32_t idle = zone != NULL ? zone->policy->transfer_idle_out : 0;
	t->since_ms = clock_boot_ms();
	t->ends_ms = seconds != 0 ? t->since_ms + (uint64_t)seconds * 1000 : UINT64_MAX;
	t->idle_ms = idle != 0 ? (uint64_t)idle * 1000 : UINT64_MAX;
}

// What waits holds no version: it takes the one that is served when its turn
// comes.
static bool wait_for_turn(struct transfer *t, uint32_t limit)
{
	uint32_t waiting = atomic_load_explicit(&t->serve->transfers_waiting, memory_order_relaxed);
	do {
		if (waiting >= (uint64_t)limit * WAITING_SHARE)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&t->serve->transfers_waiting, &waiting, waiting + 1,
	                                                memory_order_relaxed, memory_order_relaxed));
	t->waiting = true;
	provide_rest(t->provide);
	return true;
}

static void end_waiting(struct transfer *t)
{
	if (t->waiting)
		atomic_fetch_sub_explicit(&t->serve->transfers_waiting, 1, memory_order_relaxed);
	t->waiting = false;
}

static void count(struct exchange *x)
{
	counter_add(&x->counters->transfers_out, 1);
	if (x->answer.type == TYPE_IXFR)
		counter_add(&x->counters->transfers_out_ixfr, 1);
}

int transfer_open(struct exchange *x, uint16_t *rcode, char why[static 128])
{
	struct transfer *t = calloc(1, sizeof(*t));
	int error = ERR_MEMORY;
	*rcode = RCODE_SERVFAIL;
	snprintf(why, 128, "out of memory");
	if (t == NULL)
		return error;
	t->serve = x->serve;
	if (start_signing(t, x) == 0)
		error = provide_open(x->serve->replicate, &x->request, &x->answer, &t->provide, rcode, why);
	if (error != 0) {
		transfer_close(t);
		return error;
	}
	set_times(t, x);
	if (!transfer_admit(t, x->runtime->transfers_out) && !wait_for_turn(t, x->runtime->transfers_out)) {
		*rcode = RCODE_SERVFAIL;
		snprintf(why, 128, "%s", too_many);
		provide_rest(t->provide);
		transfer_blame(t, too_many);
		transfer_close(t);
		return ERR_LIMIT;
	}
	count(x);
	x->transfer = t;
	return 0;
}

bool transfer_admit(struct transfer *t, uint32_t limit)
{
	if (t->admitted || t->refused)
		return true;
	if (t->waiting && clock_boot_ms() - t->since_ms >= WAITING_MS) {
		t->refused = true;
		end_waiting(t);
		return true;
	}
	uint32_t running = atomic_load_explicit(&t->serve->transfers_out, memory_order_relaxed);
	do {
		if (limit != 0 && running >= limit)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&t->serve->transfers_out, &running, running + 1,
	                                                memory_order_relaxed, memory_order_relaxed));
	t->admitted = true;
	if (t->waiting && provide_resume(t->provide) != 0) {
		t->refused = true;
		transfer_blame(t, "the zone is not served any more");
	}
	end_waiting(t);
	return true;
}

static int write_message(struct transfer *t, uint8_t *message, size_t room, size_t *length)
{
	if (!t->refused)
		return provide_next(t->provide, message, room, length, &t->finished);
	t->finished = true;
	return provide_refuse(t->provide, RCODE_SERVFAIL, t->admitted ? "the zone is not served any more" : too_long,
	                      message, room, length);
}

int transfer_next(struct transfer *t, uint8_t *to, size_t room)
{
	size_t length = 0;
	uint8_t *message = to + 2;
	room = room - 2 < MESSAGE_MAX ? room - 2 : MESSAGE_MAX;
	if (t->finished)
		return 0;
	if (clock_boot_ms() >= t->ends_ms)
		return ERR_TIMEOUT;
	int error = write_message(t, message, room - t->reserve, &length);
	if (error == 0 && t->signer != NULL)
		error = tsig_stream_sign(t->signer, message, &length, room, clock_wall_s());
	if (error != 0)
		return error;
	wire_put16(to, (uint16_t)length);
	return (int)length + 2;
}

void transfer_close(struct transfer *t)
{
	if (t->provide != NULL)
		provide_close(t->provide);
	tsig_stream_free(t->signer);
	config_release(t->config);
	end_waiting(t);
	if (t->admitted)
		atomic_fetch_sub_explicit(&t->serve->transfers_out, 1, memory_order_relaxed);
	free(t);
}

uint64_t transfer_idle_ms(const struct transfer *t)
{
	return t->idle_ms;
}

uint64_t transfer_pins_since(const struct transfer *t)
{
	return provide_pins_too_much(t->provide) ? t->since_ms : UINT64_MAX;
}

void transfer_blame(struct transfer *t, const char *why)
{
	provide_blame(t->provide, why);
}

static size_t udp_room(const struct exchange *x)
{
	size_t room = x->answer.edns.present ? x->answer.edns.udp_size : 512;
	if (room > x->identity->udp_size)
		room = x->identity->udp_size;
	if (room > x->reply_room)
		room = x->reply_room;
	return room - x->request.reserve;
}

size_t transfer_by_udp(struct exchange *x, uint16_t *rcode, char why[static 128])
{
	struct provide *provide = NULL;
	size_t length = 0, room = udp_room(x);
	bool last = false;
	*rcode = RCODE_SERVFAIL;
	snprintf(why, 128, "out of memory");
	if (provide_open(x->serve->replicate, &x->request, &x->answer, &provide, rcode, why) != 0)
		return 0;
	count(x);
	int error = provide_next(provide, x->reply, room, &length, &last);
	if (error != 0 || !last) {
		provide_shorten(provide);
		error = provide_next(provide, x->reply, room, &length, &last);
	}
	provide_close(provide);
	*rcode = RCODE_SERVFAIL;
	snprintf(why, 128, "the answer does not fit a datagram");
	return error == 0 && last ? length : 0;
}
