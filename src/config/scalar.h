// SPDX-License-Identifier: GPL-3.0-or-later
// Small values of both dialects, from text. All return whether the text was
// one; the output is untouched where not. For src/config and the command line.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>

// Decimal, at most `most`.
bool scalar_number(const char *text, uint64_t most, uint64_t *value);

// yes, no, true, false, 1, 0 in any case.
bool scalar_bool(const char *text, bool *value);

// Seconds: "3600", "1h30m", "2w", ISO 8601 "P1DT2H".
bool scalar_seconds(const char *text, uint32_t *value);

// Bytes: "1000", "64k", "5M", "1G"; "unlimited" and "default" give 0.
bool scalar_size(const char *text, uint64_t *value);

// An address alone, IPv4 or IPv6 (with %scope), and its port set.
bool scalar_address(const char *text, uint16_t port, struct sockaddr_storage *address);

// "ADDR", "ADDR@PORT", "[ADDR]:PORT", "ADDR:PORT" for IPv4.
bool scalar_endpoint(const char *text, uint16_t port, struct sockaddr_storage *address);

// "192.0.2.0/24", "10/8", "2001:db8::/32", or an address alone. *family,
// bytes, *bits as written: host bits are left in.
bool scalar_prefix(const char *text, uint16_t *family, uint8_t bytes[static 16], uint8_t *bits);

// The mask of so many bits, and the bytes with the others cleared; true where
// some were set.
void scalar_mask(uint8_t bits, uint8_t mask[static 16]);
bool scalar_clear_host(uint8_t bytes[static 16], const uint8_t mask[static 16]);

// Address bytes of either family; 4 or 16, 0 for others.
uint8_t scalar_address_bytes(const struct sockaddr_storage *address, uint8_t bytes[static 16]);

void scalar_set_port(struct sockaddr_storage *address, uint16_t port);
