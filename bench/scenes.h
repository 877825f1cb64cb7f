// SPDX-License-Identifier: GPL-3.0-or-later
// What the benchmarks of the answer path ask: kinds of question, each with a
// zone made in memory and questions that no one else's run would order
// differently.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zone/draft.h"
#include "zone/table.h"

#define SCENE_QUESTION_ROOM 128

struct scene_kind {
	const char *name;
	const char *about;
	const char *origin;
	// Fills the draft with a zone of so many names.
	void (*fill)(struct zone_draft *draft, size_t names);
	// The question of this random number: its name and type.
	void (*question)(uint64_t random, size_t names, char name[static 256], uint16_t *type);
	size_t names; // how many it has where no one says otherwise
	bool dnssec;  // asked with DO
};

// Ends with a kind whose name is NULL.
extern const struct scene_kind scene_kinds[];

struct scene {
	const struct scene_kind *kind;
	size_t names;
	struct zone_table *zones;
	struct zone_line *line;
	struct zone_slot *slot;
};

// Builds the zone and serves it. Ends the process where something fails.
void scene_open(struct scene *scene, const struct scene_kind *kind, size_t names);
void scene_close(struct scene *scene);

// Writes question `number` as a message with this ID. Returns its length.
size_t scene_ask(const struct scene *scene, uint64_t number, uint8_t message[static SCENE_QUESTION_ROOM]);

// Makes the next version of the zone by changing one record, and serves it.
void scene_change(struct scene *scene, uint64_t number);

// Says what failed, and ends the process.
void scene_fail(const char *what, int error) __attribute__((noreturn));
