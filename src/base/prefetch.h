// SPDX-License-Identifier: GPL-3.0-or-later
// Asking the processor for memory that is about to be read.
#pragma once

// To the compiler a function that only prefetches does nothing, and it drops
// calls of it, prefetch and all; the empty statement keeps it from that.
static inline void prefetch(const void *at)
{
	__builtin_prefetch(at);
	__asm__ volatile("");
}
