// SPDX-License-Identifier: GPL-3.0-or-later
#include "dns/edns.h"

#include <string.h>

#include "base/error.h"
#include "dns/types.h"

#define UDP_SIZE_MIN 512 // RFC 6891, 6.2.3: less means this
#define TTL_DO 0x8000u   // RFC 3225, in the lower half of the TTL field
#define COOKIE_CLIENT 8  // RFC 7873, 4
#define COOKIE_MAX 40

static void read_option(struct edns *edns, uint16_t code, const uint8_t *data, uint16_t length)
{
	switch (code) {
	case EDNS_NSID:
		edns->nsid = true;
		break;
	case EDNS_EXPIRE:
		edns->expire = true;
		if (length == 4 && !edns->expire_given) {
			edns->expire_given = true;
			edns->expire_value = wire_get32(data);
		}
		break;
	case EDNS_KEEPALIVE:
		edns->keepalive = true;
		break;
	case EDNS_COOKIE:
		if (edns->cookie == NULL && length >= COOKIE_CLIENT && length <= COOKIE_MAX) {
			edns->cookie = data;
			edns->cookie_length = (uint8_t)length;
		}
		break;
	default: // unknown options are passed over (RFC 6891, 6.1.2)
		break;
	}
}

int edns_read(uint16_t class, uint32_t ttl, const uint8_t *rdata, uint16_t length,
              struct edns *edns)
{
	struct wire_reader r;
	*edns = (struct edns){
		.present = true,
		.dnssec_ok = (ttl & TTL_DO) != 0,
		.version = (uint8_t)(ttl >> 16),
		.extended_rcode = (uint8_t)(ttl >> 24),
		.udp_size = class < UDP_SIZE_MIN ? UDP_SIZE_MIN : class,
	};
	wire_reader_init(&r, rdata, length);
	while (wire_reader_left(&r) > 0) {
		uint16_t code = wire_read16(&r);
		uint16_t size = wire_read16(&r);
		const uint8_t *data = wire_read_bytes(&r, size);
		if (r.failed)
			return ERR_FORMAT;
		read_option(edns, code, data, size);
	}
	return 0;
}

void edns_write_begin(struct edns_writer *e, struct wire_writer *w, uint16_t udp_size,
                      uint8_t extended_rcode, bool dnssec_ok)
{
	uint8_t *record = wire_write_room(w, 11);
	*e = (struct edns_writer){ w, NULL };
	if (record == NULL)
		return;
	record[0] = 0; // owner: the root
	wire_put16(record + 1, TYPE_OPT);
	wire_put16(record + 3, udp_size);
	wire_put32(record + 5, (uint32_t)extended_rcode << 24 | (dnssec_ok ? TTL_DO : 0));
	wire_put16(record + 9, 0);
	e->rdlength = record + 9;
}

// Head and room of an option; NULL where it does not fit.
static uint8_t *begin_option(struct edns_writer *e, uint16_t code, size_t length)
{
	uint8_t *option = wire_write_room(e->writer, 4 + length);
	if (option == NULL)
		return NULL;
	wire_put16(option, code);
	wire_put16(option + 2, (uint16_t)length);
	return option + 4;
}

void edns_write_option(struct edns_writer *e, uint16_t code, const void *data, uint16_t length)
{
	uint8_t *to = begin_option(e, code, length);
	if (to != NULL && length > 0)
		memcpy(to, data, length);
}

void edns_write_error(struct edns_writer *e, uint16_t info_code, const char *text)
{
	size_t length = text == NULL ? 0 : strlen(text);
	uint8_t *to = begin_option(e, EDNS_EDE, 2 + length);
	if (to == NULL)
		return;
	wire_put16(to, info_code);
	if (length > 0)
		memcpy(to + 2, text, length);
}

void edns_write_end(struct edns_writer *e)
{
	if (e->rdlength != NULL)
		wire_put16(e->rdlength, (uint16_t)(e->writer->at - e->rdlength - 2));
}
