/* What the files of the ledger share. */
#ifndef BIKEOPS_LEDGER_SESSION_H
#define BIKEOPS_LEDGER_SESSION_H

#include "ledger/ledger.h"

#include "base/mem.h"
#include "remote/pg.h"

struct ledger {
	struct pg *pg;
	bool past;
};

/* Numbers as text parameters. */
#define NUMBER(mem, n) mem_printf((mem), "%lld", (long long)(n))

/* Run sql/ledger/statement/NAME; rows may be NULL. */
struct err *ledger_do(void *mem, struct ledger *l, const char *name, const char *const *params,
		      size_t n, struct rows **rows) MUST_CHECK;
char *ledger_host(void *mem); /* this one's name */

#endif
