/* Objects of the lake that are JSON. */
#ifndef BIKEOPS_RUN_OBJECT_H
#define BIKEOPS_RUN_OBJECT_H

#include "base/err.h"
#include "lake/lake.h"

#include <jansson.h>

/* Takes json.  ERR_CONFLICT: the key is already there. */
struct err *object_put(struct lake *lake, enum lake_bucket bucket, const char *key, json_t *json)
	MUST_CHECK;
/* The caller ends *out by json_decref().  ERR_NOTFOUND; ERR_DATA: its version is not 1 */
struct err *object_get(struct lake *lake, enum lake_bucket bucket, const char *key, json_t **out)
	MUST_CHECK;

/* ERR_DATA: another program wrote it, or wrote it wrong. */
struct err *object_strange(struct lake *lake, enum lake_bucket bucket, const char *key) MUST_CHECK;

bool object_has_texts(const json_t *json, const char *names); /* names parted by spaces */
/* A text or NULL; a number or 0. */
const char *object_text(void *mem, const json_t *json, const char *name);
long long object_number(const json_t *json, const char *name);

#endif
