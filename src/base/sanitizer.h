// SPDX-License-Identifier: GPL-3.0-or-later
// What the sanitizers must be told by hand: the arena's blocks (the address
// sanitizer sees only one mapping) and grace periods (the thread sanitizer does
// not see inside liburcu). Without them each of these is nothing.
#pragma once

#include <stddef.h>

#if defined(__has_feature)
#define SANITIZER_HAS(feature) __has_feature(feature)
#else
#define SANITIZER_HAS(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || SANITIZER_HAS(address_sanitizer)
void __asan_poison_memory_region(const volatile void *address, size_t size);
void __asan_unpoison_memory_region(const volatile void *address, size_t size);
static inline void sanitizer_poison(const void *p, size_t n) { __asan_poison_memory_region(p, n); }
static inline void sanitizer_unpoison(const void *p, size_t n) { __asan_unpoison_memory_region(p, n); }
#else
static inline void sanitizer_poison(const void *p, size_t n) { (void)p, (void)n; }
static inline void sanitizer_unpoison(const void *p, size_t n) { (void)p, (void)n; }
#endif

#if defined(__SANITIZE_THREAD__) || SANITIZER_HAS(thread_sanitizer)
void __tsan_acquire(void *address);
void __tsan_release(void *address);
static inline void sanitizer_acquire(void *p) { __tsan_acquire(p); }
static inline void sanitizer_release(void *p) { __tsan_release(p); }
#else
static inline void sanitizer_acquire(void *p) { (void)p; }
static inline void sanitizer_release(void *p) { (void)p; }
#endif
