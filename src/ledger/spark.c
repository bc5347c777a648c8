/* What runs have on EMR. */
#include "ledger/session.h"

struct err *
ledger_spark_put(struct ledger *l, const struct ledger_spark *s)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { NUMBER(tmp, s->run), s->application, s->job, s->state,
				 s->open ? "true" : "false" };

	return ledger_do(tmp, l, "spark_put", params, 5, NULL);
}

struct err *
ledger_spark_open(void *mem, struct ledger *l, const char *warehouse, struct ledger_spark **list,
		  size_t *n)
{
	struct rows *r;

	TRY(ledger_do(mem, l, "spark_open", &warehouse, 1, &r));
	*n = r->n;
	*list = mem_array(mem, struct ledger_spark, r->n + 1);
	for (size_t i = 0; i < r->n; i++)
		(*list)[i] = (struct ledger_spark){
			.run = rows_int(r, i, "run"),
			.prefix = rows_get(r, i, "prefix"),
			.application = rows_get(r, i, "application"),
			.job = rows_get(r, i, "job"),
			.open = true,
		};
	return NULL;
}
