/* Which engine transforms a batch. */
#ifndef BIKEOPS_PIPELINE_ENGINE_H
#define BIKEOPS_PIPELINE_ENGINE_H

#include "base/err.h"

#include <stdbool.h>

enum engine_kind { ENGINE_DUCKDB, ENGINE_EMR };

struct engine_wish {
	const char *engine;	 /* "auto", "duckdb", "emr" */
	const char *application; /* of EMR Serverless; "": none */
	const char *role_arn;	 /* of its jobs; "": none */
	bool s3;		 /* the lake is S3 */
	long long max_mib;	 /* of raw files that auto keeps on this host */
};

extern const char *const engine_names[]; /* by enum engine_kind */

/*
 * raw_bytes  of the files to transform; 0 where they are not known yet
 * errors     ERR_CONFIG: it may be EMR, and something that EMR needs is not set
 */
struct err *engine_choose(const struct engine_wish *wish, long long raw_bytes,
			  enum engine_kind *out) MUST_CHECK;
/* In words before the files are known: "duckdb up to 512 MiB, else emr". */
char *engine_plan(void *mem, const struct engine_wish *wish);

#endif
