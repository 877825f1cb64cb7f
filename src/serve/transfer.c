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

struct transfer {
	struct serve *serve;
	struct provide *provide;
	struct tsig_stream *signer;  // NULL: unsigned
	const struct config *config; // held: the signer's key is in it
	size_t reserve;              // bytes a TSIG takes
	uint64_t ends_ms;            // boot clock: when the peer has had time enough
	bool admitted;
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
static uint64_t end_of_time(const struct exchange *x)
{
	const struct config_zone *zone = config_zone_find(x->runtime->config, x->answer.zone->origin);
	uint32_t seconds = zone != NULL ? zone->policy->transfer_time_out : 0;
	return seconds != 0 ? clock_boot_ms() + (uint64_t)seconds * 1000 : UINT64_MAX;
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
	t->ends_ms = end_of_time(x);
	counter_add(&x->counters->transfers_out, 1);
	x->transfer = t;
	return 0;
}

bool transfer_admit(struct transfer *t, uint32_t limit)
{
	if (t->admitted)
		return true;
	uint32_t running = atomic_load_explicit(&t->serve->transfers_out, memory_order_relaxed);
	do {
		if (limit != 0 && running >= limit)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&t->serve->transfers_out, &running, running + 1,
	                                                memory_order_relaxed, memory_order_relaxed));
	t->admitted = true;
	return true;
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
	int error = provide_next(t->provide, message, room - t->reserve, &length, &t->finished);
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
	if (t->admitted)
		atomic_fetch_sub_explicit(&t->serve->transfers_out, 1, memory_order_relaxed);
	free(t);
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
	counter_add(&x->counters->transfers_out, 1);
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
