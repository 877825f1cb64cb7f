// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/tidy.h"

#include <malloc.h>

#include "base/clock.h"
#include "base/lane.h"
#include "replicate/room.h"

// Fewer leave too little behind to look for.
#define TIDY_LEAST 1000u

// It is quiet when so long nothing came.
#define TIDY_QUIET_MS 2000u

static struct replicate *room_of(struct tidy *tidy)
{
	return (struct replicate *)((char *)tidy - offsetof(struct replicate, tidy));
}

static void tidy_on_lane(void *context)
{
	struct tidy *tidy = context;

	malloc_trim(0);
	room_post(room_of(tidy), &tidy->mail);
}

static void on_tidied(struct mail *mail, void *receiver)
{
	struct tidy *tidy = (struct tidy *)((char *)mail - offsetof(struct tidy, mail));
	struct replicate *room = receiver;

	tidy->is_running = false;
	tidy_note(room, 0);
	room_job_end(room);
}

static void on_look(struct deadline *deadline, uint64_t now)
{
	struct tidy *tidy = (struct tidy *)((char *)deadline - offsetof(struct tidy, deadline));
	struct replicate *room = room_of(tidy);

	if (tidy->count != tidy->seen) {
		tidy->seen = tidy->count;
		deadline_set(&room->deadlines, deadline, now + TIDY_QUIET_MS);
		return;
	}
	tidy->count = tidy->seen = 0;
	tidy->is_running = true;
	room_job_begin(room);
	if (lane_post(room->long_lane, tidy_on_lane, tidy) != 0) {
		tidy->is_running = false;
		room_job_end(room);
	}
}

int tidy_init(struct replicate *room)
{
	room->tidy.mail.deliver = on_tidied;
	return deadline_join(&room->deadlines, &room->tidy.deadline, on_look);
}

void tidy_note(struct replicate *room, uint32_t zones)
{
	struct tidy *tidy = &room->tidy;

	tidy->count = zones < UINT32_MAX - tidy->count ? tidy->count + zones : UINT32_MAX;
	if (tidy->count < TIDY_LEAST || tidy->is_running || room->is_stopping || tidy->deadline.place != 0)
		return;
	tidy->seen = tidy->count;
	deadline_set(&room->deadlines, &tidy->deadline, clock_boot_ms() + TIDY_QUIET_MS);
}
