#include "source/guard.h"

#include "base/mem.h"
#include "base/sql.h"

const char *
guard_snapshot(const struct watermark *prev)
{
	return prev->k > 0 && prev->s ? prev->s : "";
}

const char *
guard_timezone(const struct watermark *prev)
{
	return prev->business_timezone ? prev->business_timezone : "UTC";
}

struct err *
guard_server(struct pg *pg)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r;

	TRY(pg_query(tmp, pg, sql_text("window/server"), NULL, 0, &r));
	if (rows_bool(r, 0, "standby"))
		return err_hint(err_new(ERR_REFUSED, "the source is a standby, which hides open "
						     "transactions: their rows would be lost"),
				"point source_dsn at the primary");
	if (!rows_bool(r, 0, "captured"))
		return err_hint(err_new(ERR_CONFIG, "nothing captures the source's changes"),
				"run 'bikeops setup'");
	return NULL;
}

struct err *
guard_window(void *mem, struct pg *pg, const struct watermark *prev, struct guard *out)
{
	const char *params[] = { prev->epoch, prev->seq, prev->xid, prev->at };
	struct rows *r;

	TRY(pg_query(mem, pg, sql_text("window/guard"), params, 4, &r));
	const char *triggers = rows_get(r, 0, "broken_triggers");
	const char *columns = rows_get(r, 0, "lost_columns");
	if (triggers)
		return err_hint(
			err_new(ERR_REFUSED, "changes are being missed, not enabled: %s", triggers),
			"run 'bikeops setup', which mends them; the next run is a full one");
	if (columns)
		return err_hint(err_new(ERR_REFUSED,
					"columns of store are gone or of another type: %s",
					columns),
				"mend them, or run 'bikeops setup' to take them as they are");
	*out = (struct guard){
		.s = rows_get(r, 0, "s"),
		.epoch = rows_get(r, 0, "epoch"),
		.run_day = rows_get(r, 0, "run_day"),
		.seq = rows_get(r, 0, "seq"),
		.xid = rows_get(r, 0, "xid"),
		.at = rows_get(r, 0, "at"),
		.must_full = rows_get(r, 0, "must_full"),
	};
	return NULL;
}
