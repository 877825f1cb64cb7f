// SPDX-License-Identifier: GPL-3.0-or-later
// Tags of a bucket compared sixteen at a time, where every processor can.
// Included by zone/bucket.h alone.
#pragma once

#include <emmintrin.h>

// The four bytes behind the tags are compared too; their bits are not looked at.
static inline uint32_t bucket_tags_equal(const struct bucket *b, uint8_t tag)
{
	__m128i tags = _mm_loadu_si128((const __m128i *)(const void *)b->tag);
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8((char)tag)));
}
