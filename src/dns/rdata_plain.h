// SPDX-License-Identifier: GPL-3.0-or-later
// Inside dns/ only.
#pragma once

#include "dns/message.h"

// Whether rdata that rdata_check() has passed may be written in the
// presentation form of its type.
bool rdata_is_plain(uint16_t type, const uint8_t *rdata, size_t length);
