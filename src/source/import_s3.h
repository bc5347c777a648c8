/* A file of the data set that RDS reads from S3 by itself. */
#ifndef BIKEOPS_SOURCE_IMPORT_S3_H
#define BIKEOPS_SOURCE_IMPORT_S3_H

#include "source/csv.h"
#include "source/session.h"

/* Make the extension where it lacks.  *why says why RDS cannot read, or is NULL. */
struct err *import_s3_ready(void *mem, struct source *s, const char **why) MUST_CHECK;
/*
 * Read dataset/FILE.csv of the source bucket into the empty import table of file, behind its lines.
 * csv is the same file here, read to its end for its faults, which RDS would tell without a line.
 */
struct err *import_s3_file(struct source *s, const char *file, struct csv *csv, long long *rows)
	MUST_CHECK;

#endif
