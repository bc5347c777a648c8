/* One extraction at work: what copy.c and aws_s3.c share, each a way for an entity's rows to the
 * lake. */
#ifndef BIKEOPS_SOURCE_EXTRACT_H
#define BIKEOPS_SOURCE_EXTRACT_H

#include "base/thread.h"
#include "source/session.h"

#include <stdatomic.h>

struct extract {
	struct lake *lake;
	struct batch *b;
	const struct settings *settings;
	bool by_s3;	      /* aws_s3.c, else copy.c */
	const char *extra;    /* array of order ids */
	const char *snapshot; /* exported, or NULL with one session */
	struct mutex *mutex;  /* of progress */
	struct progress *progress;
	struct rows *totals;
	atomic_bool stop; /* one session failed: the other need not end */
};

struct extract_entity {
	const char *name;  /* "orders" */
	const char *query; /* without a semicolon */
	const char *step;  /* "extract.orders", or NULL: not one of the run's */
};

/* What one session has written; owns all that they name. */
struct extract_files {
	struct batch_file *list; /* [n] */
	size_t n;
};

/* PREFIX/aATTEMPT/ENTITY.csv */
char *extract_key(void *mem, const struct extract *x, const struct extract_entity *entity);
void extract_add(struct extract_files *files, struct batch_file file);
void extract_tell(struct extract *x, const char *step, long long rows, long long bytes);

/* Write the rows of one entity, in the session's snapshot; names its files. */
struct err *copy_extract(struct extract *x, struct pg *pg, const struct extract_entity *entity,
			 struct extract_files *files) MUST_CHECK;
struct err *aws_s3_extract(struct extract *x, struct pg *pg, const struct extract_entity *entity,
			   struct extract_files *files) MUST_CHECK;
/* Does S3 refuse it to RDS? */
bool aws_s3_denied(const struct err *e);
/* May role (NULL: the session's) call that function of aws_s3?  *why says why not, or is NULL. */
struct err *aws_s3_ready(void *mem, struct pg *pg, const struct settings *settings,
			 const char *role, const char *function, const char **why) MUST_CHECK;
#define AWS_S3_EXPORT "bikeops_run", "query_export_to_s3"

#endif
