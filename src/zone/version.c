// SPDX-License-Identifier: GPL-3.0-or-later
// Lines of versions: who holds what, and what a release sets free.
#include "zone/version.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "zone/draft.h"

#define LOCKS 64u // a power of two

static pthread_mutex_t locks[LOCKS];
static pthread_once_t locks_once = PTHREAD_ONCE_INIT;

static void locks_init(void)
{
	for (unsigned i = 0; i < LOCKS; ++i)
		pthread_mutex_init(&locks[i], NULL);
}

static pthread_mutex_t *lock_of(const struct zone_line *line)
{
	return &locks[(uintptr_t)line / 64 % LOCKS];
}

void line_lock(struct zone_line *line)
{
	pthread_mutex_lock(lock_of(line));
}

void line_unlock(struct zone_line *line)
{
	pthread_mutex_unlock(lock_of(line));
}

int zone_line_new(const uint8_t *origin, struct zone_line **out)
{
	struct qname q;
	pthread_once(&locks_once, locks_init);
	qname_init(&q, origin);
	arena_ref ref = arena_alloc(line_size(q.length), NULL);
	if (ref == 0)
		return ERR_MEMORY;
	struct zone_line *line = arena_at(ref);
	memset(line, 0, line_size(q.length));
	atomic_init(&line->holds, 1);
	line->hash = q.hash[q.label_count];
	line->label_count = q.label_count;
	line->origin_length = q.length;
	memcpy(line->origin, q.wire, q.length);
	*out = line;
	return 0;
}

void zone_line_release(struct zone_line *line)
{
	if (line != NULL && atomic_fetch_sub_explicit(&line->holds, 1, memory_order_acq_rel) == 1)
		arena_free(arena_ref_of(line), line_size(line->origin_length), NULL);
}

size_t zone_line_pinned(const struct zone_line *line)
{
	return (size_t)atomic_load_explicit(&line->pinned, memory_order_relaxed) * ARENA_UNIT;
}

size_t zone_pinned(const struct zone_version *version)
{
	return zone_line_pinned(version->line);
}

struct zone_version *line_newest(const struct zone_line *line, uint32_t family)
{
	struct zone_version *v = version_at(line->newest);
	while (v != NULL && v->family != family)
		v = version_at(v->older);
	return v;
}

const struct zone_version *zone_hold(const struct zone_version *version)
{
	// The count is the one word of a sealed version that changes.
	struct zone_version *v = arena_at(arena_ref_of(version));
	atomic_fetch_add_explicit(&v->holds, 1, memory_order_relaxed);
	return version;
}

static uint32_t block_units(const struct retired_block *b)
{
	size_t bytes = 0;
	switch ((enum block_kind)b->kind) {
	case BLOCK_PAGE:
		bytes = sizeof(struct page);
		break;
	case BLOCK_RADIX:
		bytes = radix_size(((const struct radix *)arena_at(b->ref))->bits);
		break;
	case BLOCK_LEAF:
		bytes = sizeof(struct leaf);
		break;
	case BLOCK_NODE:
		bytes = arena_cost(node_size(arena_at(b->ref)));
		break;
	}
	return (uint32_t)(bytes / ARENA_UNIT);
}

void line_pin(struct zone_line *line, const struct replaced *list)
{
	uint32_t units = 0;
	for (size_t i = 0; i < list->count; ++i)
		units += block_units(&list->block[i]);
	atomic_fetch_add_explicit(&line->pinned, units, memory_order_relaxed);
}

static void replaced_free(struct zone_line *line, const struct retired_block *b)
{
	atomic_fetch_sub_explicit(&line->pinned, block_units(b), memory_order_relaxed);
	block_free(b->ref, (enum block_kind)b->kind);
}

// Frees a list wholly.
static void replaced_end(struct zone_line *line, struct replaced *r)
{
	for (size_t i = 0; i < r->count; ++i)
		replaced_free(line, &r->block[i]);
	free(r->block);
	free(r);
}

// Frees what nothing between its birth and its replacement needs.
static void replaced_thin(struct zone_line *line, struct replaced *r, uint32_t keeps)
{
	size_t left = 0;
	for (size_t i = 0; i < r->count; ++i) {
		if (r->block[i].birth > keeps)
			replaced_free(line, &r->block[i]);
		else
			r->block[left++] = r->block[i];
	}
	r->count = left;
	r->keeps = keeps;
}

// The last live version of its family before it, 0: none.
static uint32_t version_before(const struct zone_version *version)
{
	for (const struct zone_version *v = version_at(version->older); v != NULL; v = version_at(v->older))
		if (v->family == version->family)
			return v->sequence;
	return 0;
}

// Goes over the lists of a family whose version `gone` has gone, `before` being
// the last live one before it: only what that one alone kept is concerned. Lists
// that nothing needs any more are taken out and returned, to be freed without
// the lock.
static struct replaced *replaced_review(struct zone_line *line, uint32_t family, uint32_t gone, uint32_t before)
{
	struct replaced *done = NULL;
	for (struct replaced **link = &line->replaced; *link != NULL;) {
		struct replaced *r = *link;
		if (r->family != family || r->keeps != gone) {
			link = &r->next;
			continue;
		}
		if (before == 0) {
			*link = r->next;
			r->next = done;
			done = r;
			continue;
		}
		replaced_thin(line, r, before);
		link = &r->next;
	}
	return done;
}

// The newest of a family has gone, `now` is the newest again: what versions
// behind it replaced of its own is its own as before, the rest is nobody's.
static void line_rewind(struct zone_line *line, const struct zone_version *gone, const struct zone_version *now)
{
	struct difference lost = { 0 }, found = { 0 };
	// Without memory to find out what only the version had, that stays until
	// the process ends.
	if (version_differ(gone, now, &lost) != 0 || version_differ(now, gone, &found) != 0)
		goto done;
	struct refset own = found.nodes;
	for (size_t i = 0; i < found.page_count; ++i)
		if (refset_add(&own, found.page[i].ref) != 0)
			goto done;
	found.nodes = own;
	for (struct replaced **link = &line->replaced; *link != NULL;) {
		struct replaced *r = *link;
		if (r->family != now->family || r->by <= now->sequence) {
			link = &r->next;
			continue;
		}
		for (size_t i = 0; i < r->count; ++i) {
			if (!refset_has(&own, r->block[i].ref))
				replaced_free(line, &r->block[i]);
			else
				atomic_fetch_sub_explicit(&line->pinned, block_units(&r->block[i]), memory_order_relaxed);
		}
		*link = r->next;
		free(r->block);
		free(r);
	}
	for (size_t i = 0; i < lost.page_count; ++i)
		block_free(lost.page[i].ref, (enum block_kind)lost.page[i].kind);
	for (size_t i = 0; lost.nodes.slot != NULL && i <= lost.nodes.mask; ++i)
		if (lost.nodes.slot[i] != 0)
			block_free(lost.nodes.slot[i], BLOCK_NODE);
done:
	difference_free(&lost);
	difference_free(&found);
}

static void line_unlink(struct zone_line *line, const struct zone_version *v)
{
	if (v->newer != 0)
		version_at(v->newer)->older = v->older;
	else
		line->newest = v->older;
	if (v->older != 0)
		version_at(v->older)->newer = v->newer;
}

void zone_release(const struct zone_version *version)
{
	if (version == NULL)
		return;
	struct zone_version *v = arena_at(arena_ref_of(version));
	if (atomic_fetch_sub_explicit(&v->holds, 1, memory_order_acq_rel) != 1)
		return;
	struct zone_line *line = v->line;
	line_lock(line);
	uint32_t before = version_before(v);
	struct zone_version *last = line_newest(line, v->family);
	line_unlink(line, v);
	struct zone_version *now = line_newest(line, v->family);
	if (now != NULL && last == v)
		line_rewind(line, v, now);
	struct replaced *done = replaced_review(line, v->family, v->sequence, before);
	line_unlock(line);
	while (done != NULL) {
		struct replaced *next = done->next;
		replaced_end(line, done);
		done = next;
	}
	if (now == NULL)
		version_free_whole(v);
	else
		version_free_head(v);
	zone_line_release(line);
}

// --- what a version tells of itself

const uint8_t *zone_origin(const struct zone_version *version)
{
	return version->line->origin;
}

uint32_t zone_serial(const struct zone_version *version)
{
	return version->serial;
}

const struct zone_node *zone_apex(const struct zone_version *version)
{
	return arena_at(version->apex);
}

void zone_soa(const struct zone_version *version, struct rrset *soa)
{
	if (!zone_node_rrset(zone_apex(version), TYPE_SOA, soa))
		*soa = (struct rrset){ 0 };
}

void zone_figures(const struct zone_version *version, struct zone_figures *figures)
{
	figures->records = version->records;
	figures->names = version->names;
	figures->bytes = version->bytes;
}
