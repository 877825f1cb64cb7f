// SPDX-License-Identifier: GPL-3.0-or-later
// What is wrong with a model although every statement is well-formed, and the
// index of its zones. Inside src/config only.
#pragma once

#include "config/builder.h"

void check_config(struct builder *b);
