// SPDX-License-Identifier: GPL-3.0-or-later
// nsd.conf as statements: a word that ends in ':' and the values behind it.
#include <string.h>

#include "config/nsd.h"
#include "config/scalar.h"

struct piece {
	const char *start;
	size_t length;
	struct config_where where;
	bool is_quoted;
};

void nsd_reader_init(struct nsd_reader *reader, struct builder *builder, struct pool *pool, uint32_t source)
{
	const struct source *s = &builder->sources[source];
	*reader = (struct nsd_reader){
		.builder = builder, .pool = pool, .source = source, .at = s->text,
		.end = s->text + s->length, .line_start = s->text, .line = 1,
	};
	if (s->length >= 3 && memcmp(s->text, "\xef\xbb\xbf", 3) == 0)
		reader->at += 3;
}

static void skip_blank(struct nsd_reader *r)
{
	for (; r->at < r->end; r->at++) {
		if (*r->at == '#') {
			const char *end = memchr(r->at, '\n', (size_t)(r->end - r->at));
			if (!end) {
				r->at = r->end;
				return;
			}
			r->at = end;
		}
		if (*r->at == '\n') {
			r->line++;
			r->line_start = r->at + 1;
		} else if (*r->at != ' ' && *r->at != '\t' && *r->at != '\r' && *r->at != '\f') {
			return;
		}
	}
}

static bool next_piece(struct nsd_reader *r, struct piece *piece)
{
	skip_blank(r);
	if (r->at >= r->end)
		return false;
	*piece = (struct piece){.start = r->at, .where = {r->source, r->line, (uint32_t)(r->at - r->line_start) + 1}};
	char quote = *r->at;
	piece->is_quoted = quote == '"' || quote == '\'';
	if (piece->is_quoted) {
		piece->start = ++r->at;
		while (r->at < r->end && *r->at != quote && *r->at != '\n')
			r->at++;
		piece->length = (size_t)(r->at - piece->start);
		if (r->at < r->end && *r->at == quote)
			r->at++;
		else
			builder_error(r->builder, piece->where, "this string has no closing %c on its line", quote);
		return true;
	}
	for (; r->at < r->end && (unsigned char)*r->at > ' '; r->at++) {
		// servers="1 2"
		const char *close = r->at[0] == '=' && r->end - r->at > 2 && r->at[1] == '"'
			? memchr(r->at + 2, '"', (size_t)(r->end - r->at - 2)) : NULL;
		if (close && !memchr(r->at, '\n', (size_t)(close - r->at)))
			r->at = close;
	}
	if (r->at == piece->start) { // a control byte
		builder_error(r->builder, piece->where, "a control byte (0x%02x) stands here", (unsigned char)*r->at);
		r->at++;
	}
	piece->length = (size_t)(r->at - piece->start);
	return true;
}

// "::" and "fe80::" end in ':' too.
static bool is_word(const struct nsd_reader *r, const struct piece *piece)
{
	char text[64];
	struct sockaddr_storage address;
	(void)r;
	if (piece->is_quoted || piece->length < 2 || piece->start[piece->length - 1] != ':')
		return false;
	if (piece->length >= sizeof text || piece->start[piece->length - 2] != ':')
		return true;
	memcpy(text, piece->start, piece->length);
	text[piece->length] = '\0';
	return !scalar_address(text, 0, &address);
}

static struct nsd_value take(struct nsd_reader *r, const struct piece *piece)
{
	if (memchr(piece->start, '\0', piece->length))
		builder_error(r->builder, piece->where, "a zero byte stands in this word");
	return (struct nsd_value){pool_text(r->pool, piece->start, piece->length), piece->where};
}

bool nsd_read(struct nsd_reader *r, struct nsd_statement *s)
{
	struct piece piece;
	for (;;) {
		if (!next_piece(r, &piece))
			return false;
		if (is_word(r, &piece))
			break;
		const char *colon = piece.is_quoted ? NULL : memchr(piece.start, ':', piece.length);
		if (colon)
			builder_error(r->builder, piece.where, "'%.*s': write a blank behind '%.*s:'",
			              (int)(piece.length > 100 ? 100 : piece.length), piece.start,
			              (int)(colon - piece.start), piece.start);
		else
			builder_error(r->builder, piece.where, "'%.*s' stands where a word with ':' is wanted",
			              (int)(piece.length > 100 ? 100 : piece.length), piece.start);
	}
	s->word = pool_text(r->pool, piece.start, piece.length - 1);
	s->where = piece.where;
	s->count = 0;
	s->extra.text = NULL;
	for (;;) {
		struct nsd_reader before = *r;
		if (!next_piece(r, &piece))
			return true;
		if (is_word(r, &piece)) {
			*r = before;
			return true;
		}
		struct nsd_value value = take(r, &piece);
		if (s->count < NSD_MAX_VALUES)
			s->value[s->count++] = value;
		else if (!s->extra.text)
			s->extra = value;
	}
}
