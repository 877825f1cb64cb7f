// SPDX-License-Identifier: GPL-3.0-or-later
// http-listen, http-host and metrics-zones, for both readers and the command
// line. Inside src/config only.
#pragma once

#include "config/builder.h"

// One more address of the HTTP listener, "ADDR" or "ADDR@PORT"; false where the
// text is none. Reports one too many.
bool http_add_listen(struct builder *b, const char *text, struct config_where where);

// What `http-host` wants, for messages.
#define HTTP_HOST_WANTED "a host name without a port"
// One more name that the listener may be called by; false where the text is none.
bool http_add_host(struct builder *b, const char *text, struct config_where where);

// yes, no or troubled; false for anything else.
bool http_set_metrics_zones(struct builder *b, const char *text);
