// SPDX-License-Identifier: GPL-3.0-or-later
// How long libzscanner alone takes for zone files: each record is scanned and
// counted. Prints "RECORDS SECONDS". Usage: scan FILE ORIGIN [FILE ORIGIN]...
#include <libzscanner/scanner.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void record_count(zs_scanner_t *scanner)
{
	++*(uint64_t *)scanner->process.data;
}

static void error_tell(zs_scanner_t *scanner)
{
	fprintf(stderr, "scan: line %lu: %s\n", (unsigned long)scanner->line_counter,
	        zs_strerror(scanner->error.code));
	exit(1);
}

int main(int count, char **argument)
{
	static zs_scanner_t scanner;
	struct timespec start, end;
	uint64_t records = 0;
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 1; i + 1 < count; i += 2) {
		if (zs_init(&scanner, argument[i + 1], 1, 3600) != 0
		    || zs_set_input_file(&scanner, argument[i]) != 0
		    || zs_set_processing(&scanner, record_count, error_tell, &records) != 0
		    || zs_parse_all(&scanner) != 0) {
			fprintf(stderr, "scan: %s: %s\n", argument[i], zs_strerror(scanner.error.code));
			return 1;
		}
		zs_deinit(&scanner);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%lu %.6f\n", (unsigned long)records,
	       (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
	return 0;
}
