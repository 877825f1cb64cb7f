// SPDX-License-Identifier: GPL-3.0-or-later
// Metrics in the text format of Prometheus (version 0.0.4). docs/metrics.md
// lists them.
#pragma once

#include "observe/page.h"

struct metrics;

// Begins an answer. `zones`: for which zones there are series of their own.
// NULL: no memory.
struct metrics *metrics_begin(const struct page *page, enum config_metrics_zones zones);
void metrics_end(struct metrics *metrics);

// Writes the next part, some 32 kB; false where that was the last.
bool metrics_next(struct metrics *metrics, struct text *to);

// --- metrics_server.c: what there is one of, or one of each primary

void metrics_put_server(struct text *to, const struct page *page, int64_t now);

// "# HELP …" and "# TYPE …".
void metrics_put_head(struct text *to, const char *name, const char *type, const char *help);

// The value of a label, escaped, without its quotes.
void metrics_put_label(struct text *to, const char *value);
