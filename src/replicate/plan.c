// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/plan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "replicate/load.h"
#include "replicate/replica.h"
#include "replicate/room.h"

static_assert(PLAN_CHANGED == (CONFIG_DIFFERS_POLICY << 1) - 1, "a set holds every difference");

// Zones looked at under one hold of the lock: some 0.1 ms.
#define LOOK_STEP 256u

// --- the configurations

static int compare(struct plan *plan)
{
	struct config_differ *differ = calloc(1, sizeof *differ);

	if (differ == NULL)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < plan->new->zone_count; i++) {
		const struct config_zone *zone = &plan->new->zones[i];
		// Zones mostly stand where they stood.
		const struct config_zone *before = i < plan->old->zone_count && name_equal(plan->old->zones[i].name, zone->name)
			? &plan->old->zones[i] : config_zone_find(plan->old, zone->name);
		plan->what[i] = (uint16_t)(before == NULL ? PLAN_ADD : config_zone_differs(differ, before, zone));
	}
	for (uint32_t i = 0; i < plan->old->zone_count; i++) {
		const uint8_t *name = plan->old->zones[i].name;
		if (!(i < plan->new->zone_count && name_equal(plan->new->zones[i].name, name))
		    && config_zone_find(plan->new, name) == NULL)
			plan->gone[plan->gone_count++] = i;
	}
	free(differ);
	return 0;
}

static int compare_pointers(const void *a, const void *b)
{
	const struct config_remotes *const *x = a, *const *y = b;

	return (uintptr_t)*x < (uintptr_t)*y ? -1 : *x != *y;
}

// One configuration has each list of primaries once, so they can be told apart
// by where they are.
static void gather_primaries(struct plan *plan)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < plan->new->zone_count; i++) {
		const struct config_zone *zone = &plan->new->zones[i];
		if (zone->role == CONFIG_SECONDARY
		    && (count == 0 || plan->primaries[count - 1] != zone->policy->primaries))
			plan->primaries[count++] = zone->policy->primaries;
	}
	if (count > 0)
		qsort(plan->primaries, count, sizeof *plan->primaries, compare_pointers);
	for (uint32_t i = 0; i < count; i++)
		if (i == 0 || plan->primaries[i] != plan->primaries[i - 1])
			plan->primaries[plan->primaries_count++] = plan->primaries[i];
}

int plan_new(const struct config *old, const struct config *new, struct plan **plan)
{
	struct plan *p = calloc(1, sizeof *p);
	size_t count = new->zone_count;

	if (p == NULL)
		return ERR_MEMORY;
	p->old = old;
	p->new = new;
	p->what = calloc(count + 1, sizeof *p->what);
	p->gone = calloc((size_t)old->zone_count + 1, sizeof *p->gone);
	p->primaries = calloc(count + 1, sizeof(struct config_remotes *));
	if (p->what == NULL || p->gone == NULL || p->primaries == NULL || compare(p) != 0) {
		plan_free(p);
		return ERR_MEMORY;
	}
	gather_primaries(p);
	p->is_watched = monitor_is_wanted(new);
	*plan = p;
	return 0;
}

// --- the zones

// What is known of one whose file is to be looked at.
struct look {
	uint32_t zone;
	uint64_t known; // digest of its file
};

static bool has_changed(const struct config_zone *zone, uint64_t known)
{
	char path[CONFIG_PATH_MOST];
	struct file_stamp stamp;
	struct stat file;

	if (known == 0 || stat(config_zone_file(zone, path), &file) != 0)
		return true;
	load_stamp(&stamp, &file);
	return load_digest(&stamp) != known;
}

// True where its file is to be looked at.
static bool look_at(struct plan *plan, uint32_t at, struct replicate *room, struct look *look)
{
	const struct config_zone *zone = &plan->new->zones[at];
	const struct replica *replica = room_find(room, zone->name);

	// One that could not be set up the last time has another try.
	if (replica == NULL)
		plan->what[at] = PLAN_ADD;
	if (replica == NULL || (plan->what[at] & (PLAN_ADD | CONFIG_DIFFERS_ROLE)) != 0)
		return false;
	if (zone->role == CONFIG_SECONDARY) {
		plan->what[at] |= replica->refresh.phase != REPLICA_CURRENT ? PLAN_ASK : 0;
		return false;
	}
	*look = (struct look){ at, replica->file };
	return zone->file != NULL;
}

bool plan_look(struct plan *plan, struct replicate *replicate)
{
	struct look look[LOOK_STEP];
	uint32_t end = plan->new->zone_count - plan->looked_at < LOOK_STEP ? plan->new->zone_count
	                                                                  : plan->looked_at + LOOK_STEP;
	uint32_t count = 0;

	pthread_mutex_lock(&replicate->lock);
	for (; plan->looked_at < end; plan->looked_at++)
		count += look_at(plan, plan->looked_at, replicate, &look[count]);
	pthread_mutex_unlock(&replicate->lock);
	for (uint32_t i = 0; i < count; i++)
		if (has_changed(&plan->new->zones[look[i].zone], look[i].known))
			plan->what[look[i].zone] |= PLAN_REREAD;
	return plan->looked_at < plan->new->zone_count;
}

// --- the outcome

int plan_draw_up(struct plan *plan)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < plan->new->zone_count; i++)
		count += plan->what[i] != 0;
	plan->zone = calloc((size_t)count + 1, sizeof *plan->zone);
	if (plan->zone == NULL)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < plan->new->zone_count; i++)
		if (plan->what[i] != 0)
			plan->zone[plan->zone_count++] = (struct plan_zone){ i, plan->what[i] };
	return 0;
}

void plan_free(struct plan *plan)
{
	if (plan == NULL)
		return;
	free(plan->what);
	free(plan->gone);
	free(plan->zone);
	free(plan->primaries);
	free(plan);
}
