/*
 * What the operator configured: one table of rows, one value each, with its
 * origin.  Order: default, file, BIKEOPS_* variable, flag.
 */
#ifndef BIKEOPS_BASE_SETTINGS_H
#define BIKEOPS_BASE_SETTINGS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum setting_type { SETTING_TEXT, SETTING_INT, SETTING_NUMBER, SETTING_BOOL };

struct setting {
	const char *name; /* "source_dsn"; as a variable BIKEOPS_SOURCE_DSN */
	const char *env;  /* another name of the variable, or NULL */
	enum setting_type type;
	const char *value;   /* default, or NULL */
	const char *choices; /* all that a text may be, parted by blanks, or NULL: anything */
	bool secret;	     /* may hold a password: shown without it */
	const char *help;    /* one sentence for the manual and the sample file */
};

extern const struct setting setting_rows[]; /* ends with a NULL name */

struct settings; /* opaque */

/*
 * Read the files, then the variables.
 *
 * path     the only file to read, or NULL for /etc/bikeops and ~/.config/bikeops
 * profile  or NULL: $BIKEOPS_PROFILE, else "local"
 * errors   ERR_CONFIG with file and line
 */
struct err *settings_load(void *mem, const char *path, const char *profile, struct settings **out)
	MUST_CHECK;
/* Give a value that nobody configured: for the embedded stack. */
void settings_default(struct settings *s, const char *name, const char *value, const char *origin);

const char *settings_profile(const struct settings *s);
const char *settings_get(const struct settings *s, const char *name); /* "" for none */
/* "default", "FILE:LINE", a variable, or what settings_default() said. */
const char *settings_origin(const struct settings *s, const char *name);
/* "source_dsn from BIKEOPS_SOURCE_DSN in the environment" */
char *settings_where(void *mem, const struct settings *s, const char *name);
bool settings_bool(const struct settings *s, const char *name);
int settings_int(const struct settings *s, const char *name);
/* ERR_CONFIG where it is empty. */
struct err *settings_need(const struct settings *s, const char *name, const char **value)
	MUST_CHECK;
/* A DSN or URI without its password. */
char *settings_redact(void *mem, const char *dsn);
/* bikeops.conf with every row, commented out. */
char *settings_sample(void *mem);

#endif
