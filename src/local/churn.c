#include "local/churn.h"

#include "base/cancel.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/time.h"
#include "local/random.h"
#include "remote/pg.h"

#include <stdbool.h>
#include <string.h>

#define OPEN_MIN_MS 2000 /* a long transaction lasts 2 to 10 s */
#define OPEN_VAR_MS 8000

/* What a kind's statement needs beside $1, a random number: $2, the key of a new row. */
enum new_key { KEY_NONE, KEY_ORDER, KEY_CUSTOMER };

/* Each statement is sql/churn/FILE.sql. */
static const struct kind {
	const char *name;
	const char *file;
	uint32_t weight;
	enum new_key key;
	bool untold; /* soft-delete rules answer DELETE 0 */
} kinds[CHURN_KINDS] = {
	{ "new order", "churn/new_order", 40, KEY_ORDER, false },
	{ "shipped", "churn/ship_order", 22, KEY_NONE, false },
	{ "rejected", "churn/reject_order", 4, KEY_NONE, false },
	{ "line changed", "churn/change_line", 9, KEY_NONE, false },
	{ "line dropped", "churn/drop_line", 3, KEY_NONE, false },
	{ "order deleted", "churn/delete_order", 2, KEY_NONE, true },
	{ "new customer", "churn/new_customer", 6, KEY_CUSTOMER, false },
	{ "customer moved", "churn/move_customer", 7, KEY_NONE, false },
	{ "customer deleted", "churn/delete_customer", 1, KEY_NONE, true },
	{ "repriced", "churn/reprice_product", 5, KEY_NONE, false },
	{ "brand renamed", "churn/rename_brand", 1, KEY_NONE, false },
};

struct shop {
	const struct churn_plan *plan;
	struct random random;
	struct pg *pg;	     /* each change its own transaction */
	struct pg *slow;     /* one long transaction now and then */
	long long slow_ends; /* tick */
	long long next[3];   /* keys, by enum new_key */
	struct churn_counts counts;
};

const char *
churn_kind(int kind)
{
	return kinds[kind].name;
}

static int
pick_kind(struct random *r)
{
	uint32_t sum = 0;
	int kind = 0;

	for (int i = 0; i < CHURN_KINDS; i++)
		sum += kinds[i].weight;
	for (uint32_t at = random_below(r, sum); at >= kinds[kind].weight; kind++)
		at -= kinds[kind].weight;
	return kind;
}

/* Somebody else holds the row, or did: a shop tries again later. */
static bool
is_blocked(const struct err *e)
{
	const char *code = err_remote_of(e);

	return e->code == ERR_CONFLICT || (code && strcmp(code, "55P03") == 0);
}

static struct err *
change(struct shop *s, struct pg *pg)
{
	AUTO_MEM void *tmp = mem_root();
	int kind = pick_kind(&s->random);
	enum new_key key = kinds[kind].key;
	const char *params[] = {
		mem_printf(tmp, "%llu", (unsigned long long)(random_next(&s->random) >> 2)),
		key ? mem_printf(tmp, "%lld", s->next[key]++) : NULL,
	};
	struct err *e = pg_query(tmp, pg, sql_text(kinds[kind].file), params, key ? 2 : 1, NULL);

	if (e && is_blocked(e)) {
		s->counts.blocked++;
		err_free(e);
		return pg == s->slow ? pg_exec(pg, "ROLLBACK; BEGIN") : NULL;
	}
	if (e)
		return err_wrap(e, "cannot play '%s'", kinds[kind].name);
	if (kinds[kind].untold || pg_affected(pg))
		s->counts.done[kind]++;
	else
		s->counts.idle++;
	return NULL;
}

static struct err *
begin_slow(struct shop *s)
{
	TRY(pg_exec(s->slow, "BEGIN"));
	s->slow_ends = time_tick_ms() + OPEN_MIN_MS + random_below(&s->random, OPEN_VAR_MS);
	s->counts.open = 1;
	return change(s, s->slow);
}

static struct err *
end_slow(struct shop *s)
{
	bool undo = random_below(&s->random, 4) == 0;

	s->counts.open = 0;
	s->counts.undone += undo;
	return pg_exec(s->slow, undo ? "ROLLBACK" : "COMMIT");
}

static struct err *
turn(struct shop *s)
{
	if (s->counts.open && time_tick_ms() > s->slow_ends)
		TRY(end_slow(s));
	if (!s->counts.open && random_below(&s->random, 40) == 0)
		return begin_slow(s);
	return change(s, s->pg);
}

/* Turn n is due n / rate seconds after the start, so that a slow one delays none after it. */
static struct err *
play(struct shop *s, struct churn_listener *listener)
{
	long long start = time_tick_ms();

	for (long long n = 1;; n++) {
		long long due = start + n * 1000 / s->plan->rate;

		TRY(turn(s));
		while (due > time_tick_ms()) {
			TRY(cancel_check());
			time_sleep_ms((int)(due - time_tick_ms()));
		}
		if ((time_tick_ms() - start) / 1000 == s->counts.seconds)
			continue;
		s->counts.seconds = (int)((time_tick_ms() - start) / 1000);
		listener->tell(listener, &s->counts);
		if (s->plan->seconds && s->counts.seconds >= s->plan->seconds)
			return s->counts.open ? end_slow(s) : NULL;
	}
}

static struct err *
open_as(void *mem, const struct churn_plan *plan, const char *role, struct pg **pg)
{
	struct pg_config config = {
		.dsn = plan->dsn,
		.what = "source",
		.role = role,
		.app = "bikeops churn",
	};

	return pg_open(mem, &config, pg);
}

static struct err *
make_role(const struct churn_plan *plan)
{
	AUTO_MEM void *tmp = mem_root();
	struct pg *pg;

	TRY(open_as(tmp, plan, NULL, &pg));
	struct err *e = pg_script(pg, sql_text("local/shop"));
	const char *code = e ? err_remote_of(e) : NULL;
	if (code && strcmp(code, "3F000") == 0) {
		err_free(e);
		return err_hint(err_new(ERR_CONFIG, "the source has no schema 'store'"),
				"run 'bikeops setup'");
	}
	return e;
}

static struct err *
open_shop(void *mem, struct shop *s)
{
	struct rows *keys;

	TRY(make_role(s->plan));
	TRY(open_as(mem, s->plan, "bikeops_shop", &s->pg));
	TRY(open_as(mem, s->plan, "bikeops_shop", &s->slow));
	TRY(pg_exec(s->pg, "SET lock_timeout = '500ms'"));
	TRY(pg_exec(s->slow, "SET lock_timeout = '500ms'"));
	TRY(pg_query(mem, s->pg, sql_text("local/shop_keys"), NULL, 0, &keys));
	if (!rows_bool(keys, 0, "alone"))
		return err_new(ERR_LOCKED, "another 'bikeops local churn' plays here");
	s->next[KEY_ORDER] = rows_int(keys, 0, "next_order");
	s->next[KEY_CUSTOMER] = rows_int(keys, 0, "next_customer");
	return NULL;
}

struct err *
churn(const struct churn_plan *plan, struct churn_listener *listener)
{
	AUTO_MEM void *tmp = mem_root();
	struct shop s = { .plan = plan, .random = { plan->seed } };

	TRY(open_shop(tmp, &s));
	return play(&s, listener);
}
