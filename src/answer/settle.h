// SPDX-License-Identifier: GPL-3.0-or-later
// Replies that are known without looking into a zone.
#pragma once

#include "answer/answer.h"

// The reply will be the question alone with this rcode and extended error.
static inline void answer_settle(struct answer *answer, uint16_t rcode, int ede)
{
	answer->rcode = rcode;
	answer->ede = (int8_t)ede;
	answer->settled = true;
}
