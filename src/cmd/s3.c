#include "remote/s3.h"

#include "base/cancel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "cmd/people.h"
#include "ops/transfer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define TELL_MS 250

/* --- places --- */

struct place {
	const char *bucket, *key;
};

/* "s3://BUCKET/KEY", or a bucket of the profile: "raw/KEY". */
static struct err *
place_of(struct cmd *c, const char *text, struct place *out)
{
	static const char *const own[] = { "source", "raw", "processed", "log" };
	bool uri = !strncmp(text, "s3://", 5);
	size_t n = strcspn(text += uri ? 5 : 0, "/");

	*out = (struct place){ mem_strndup(c->mem, text, n), text[n] ? text + n + 1 : "" };
	if (uri && n)
		return NULL;
	for (size_t i = 0; !uri && i < sizeof(own) / sizeof(*own); i++) {
		if (!strcmp(out->bucket, own[i]))
			return settings_need(c->settings, mem_printf(c->mem, "%s_bucket", own[i]),
					     &out->bucket);
	}
	return err_hint(err_new(ERR_USAGE, "'%s' names no bucket", text),
			"write s3://BUCKET/KEY, or source, raw, processed or log, with /KEY");
}

/* Without a key the bucket itself would be read, or removed. */
static struct err *
object_of(struct cmd *c, const char *text, struct place *out)
{
	TRY(place_of(c, text, out));
	if (*out->key)
		return NULL;
	return err_hint(err_new(ERR_USAGE, "'%s' names no object", text),
			"write a KEY after the bucket; --recursive takes all below a place");
}

static struct err *
objects_of(struct cmd *c, const char *text, struct place *out)
{
	return cmd_flag(c, "recursive") ? place_of(c, text, out) : object_of(c, text, out);
}

/* Objects of a production's lake are written by its runs alone. */
static struct err *
check_locked(struct cmd *c, const char *verb)
{
	if (!settings_bool(c->settings, "production") || cmd_flag(c, "dry-run"))
		return NULL;
	return err_hint(err_new(ERR_REFUSED, "profile '%s' is production: 's3 %s' is refused",
				settings_profile(c->settings), verb),
			"--dry-run shows what it would do");
}

static struct err *
open_s3(struct cmd *c, _Atomic long long *moved, struct s3 **out)
{
	struct s3_config config = { .aws.region = settings_get(c->settings, "region"),
				    .moved = moved };
	long long page, parallel;

	TRY(cmd_number(c, "page-size", 1, 1000, 0, &page));
	TRY(cmd_number(c, "parallel", 1, 64, 0, &parallel));
	config.page = (int)page;
	config.parallel = (int)parallel;
	return s3_open(c->mem, &config, out);
}

static struct err *
expect_places(const struct cmd *c, int min, int max, const char *synopsis)
{
	int n = c->argc - 1;

	if (n < min || n > max)
		return err_hint(err_new(ERR_USAGE, "'s3 %s' has %s arguments", c->argv[0],
					n < min ? "too few" : "too many"),
				"write 'bikeops s3 %s'", synopsis);
	return NULL;
}

/* --- rows --- */

static struct rows *
rows_of(struct cmd *c, const char *const *names, size_t n)
{
	struct rows *r = rows_new(c->mem, n);

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]);
		bool number = (len > 5 && !strcmp(names[i] + len - 5, "bytes")) ||
			      !strcmp(names[i], "objects") || !strcmp(names[i], "took_ms");

		rows_column(r, i, names[i], number ? ROWS_INT : ROWS_TEXT);
	}
	return r;
}

#define ROWS_OF(c, ...)                                    \
	rows_of((c), (const char *const[]){ __VA_ARGS__ }, \
		sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static char *
number(void *mem, long long n)
{
	return mem_printf(mem, "%lld", n);
}

static char *
moment(void *mem, long long seconds)
{
	return seconds ? time_iso(mem, seconds * 1000000) : NULL;
}

static struct err *
print(struct cmd *c, const char *schema, const char *name, struct rows *r, const char *columns)
{
	struct cmd_table table = { name, NULL,
				   c->output == CMD_TABLE ? people_rows(c, r, columns) : r };

	return cmd_print(c, schema, &table, 1);
}

/* --- ls --- */

static struct err *
list_buckets(struct cmd *c)
{
	struct rows *r = ROWS_OF(c, "name", "bucket");
	static const char *const names[] = { "source", "raw", "processed", "log" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *cells[] = { names[i], NULL };

		TRY(settings_need(c->settings, mem_printf(c->mem, "%s_bucket", names[i]),
				  &cells[1]));
		rows_add(r, cells);
	}
	return print(c, "s3-buckets", "buckets", r, "name bucket");
}

/* Those that nobody ended; end: ends them. */
static struct err *
uploads(struct cmd *c, struct s3 *s3, const struct place *at, bool end)
{
	struct rows *r = ROWS_OF(c, "key", "upload", "begun_at");
	struct s3_upload *list;
	size_t n;

	TRY(s3_uploads(c->mem, s3, at->bucket, at->key, &list, &n));
	for (size_t i = 0; i < n; i++) {
		const char *cells[] = { list[i].key, list[i].id, moment(c->mem, list[i].begun) };

		if (end)
			TRY(s3_abort(s3, at->bucket, list[i].key, list[i].id));
		rows_add(r, cells);
	}
	return print(c, "s3-uploads", "uploads", r, "begun_at key upload");
}

static struct err *
list_objects(struct cmd *c, struct s3 *s3, const struct place *at)
{
	struct rows *r = ROWS_OF(c, "key", "size_bytes", "modified_at", "etag");
	const char *delimiter = cmd_flag(c, "recursive") ? NULL : "/";
	struct s3_object *list;
	size_t n;

	TRY(s3_list(c->mem, s3, at->bucket, at->key, delimiter, &list, &n));
	for (size_t i = 0; i < n; i++) {
		AUTO_MEM void *tmp = mem_root();
		bool folder = !list[i].mtime;
		const char *cells[] = { list[i].key, folder ? NULL : number(tmp, list[i].bytes),
					moment(tmp, list[i].mtime), folder ? NULL : list[i].etag };

		rows_add(r, cells);
	}
	return print(c, "s3-ls", "objects", r, "modified_at size_bytes key");
}

static struct err *
run_ls(struct cmd *c)
{
	struct place at;
	struct s3 *s3;

	TRY(expect_places(c, 0, 1, "ls [PLACE]"));
	if (c->argc == 1)
		return list_buckets(c);
	TRY(place_of(c, c->argv[1], &at));
	TRY(open_s3(c, NULL, &s3));
	return cmd_flag(c, "uploads") ? uploads(c, s3, &at, false) : list_objects(c, s3, &at);
}

/* --- cat --- */

static struct err *
write_stdout(struct sink *self, const void *data, size_t n)
{
	(void)self;
	return fwrite(data, 1, n, stdout) == n ? NULL
					       : err_sys(ERR_REMOTE, "cannot write to stdout");
}

static struct err *
run_cat(struct cmd *c)
{
	struct sink sink = { write_stdout };
	struct place at;
	struct s3 *s3;

	TRY(expect_places(c, 1, 1, "cat PLACE"));
	TRY(object_of(c, c->argv[1], &at));
	TRY(open_s3(c, NULL, &s3));
	TRY(s3_get(c->mem, s3, at.bucket, at.key, NULL, &sink));
	return cmd_flush();
}

/* --- get, put --- */

/* A thread that says how far it is, until told that it is done. */
struct teller {
	const char *what;
	_Atomic long long moved;
	long long total, begun_ms;
	atomic_bool done;
};

static void
tell(const struct teller *t, long long moved)
{
	AUTO_MEM void *tmp = mem_root();
	long long ms = time_tick_ms() - t->begun_ms;
	long long rate = ms > 0 ? moved * 1000 / ms : 0;
	char *left = rate ? time_duration(tmp, (t->total - moved) * 1000 / rate) : NULL;

	log_status(mem_printf(tmp, "%s: %lld of %lld MiB, %lld MiB/s%s%s", t->what, moved >> 20,
			      t->total >> 20, rate >> 20, left ? ", left " : "", left ? left : ""));
}

static struct err *
tell_often(void *arg)
{
	struct teller *t = arg;

	for (int n = 0; !atomic_load(&t->done) && !cancel_requested(); n++) {
		time_sleep_ms(TELL_MS / 10);
		if (n % 10 == 9)
			tell(t, atomic_load(&t->moved));
	}
	log_status("");
	return NULL;
}

static struct err *
plan_rows(struct cmd *c, const struct transfer *t, bool up)
{
	struct rows *r = ROWS_OF(c, "from", "to", "size_bytes");

	for (size_t i = 0; i < t->n; i++) {
		const char *uri = s3_name(c->mem, t->bucket, t->items[i].key);
		const char *cells[] = { up ? t->items[i].path : uri, up ? uri : t->items[i].path,
					number(c->mem, t->items[i].bytes) };

		rows_add(r, cells);
	}
	return print(c, "s3-plan", "objects", r, "from to size_bytes");
}

static struct err *
print_done(struct cmd *c, size_t objects, long long bytes, long long ms)
{
	struct rows *r = ROWS_OF(c, "from", "to", "objects", "moved_bytes", "took_ms");
	const char *cells[] = { c->argv[1], c->argc > 2 ? c->argv[2] : ".",
				number(c->mem, (long long)objects), number(c->mem, bytes),
				number(c->mem, ms) };

	rows_add(r, cells);
	return print(c, "s3-transfer", "transfer", r, "from to objects moved_bytes took_ms");
}

static struct err *
move(struct cmd *c, struct s3 *s3, struct teller *teller, const struct transfer *t, bool up)
{
	if (cmd_flag(c, "dry-run"))
		return plan_rows(c, t, up);
	teller->what = c->argv[0];
	teller->total = t->bytes;
	teller->begun_ms = time_tick_ms();
	struct thread *thread = thread_start(c->mem, tell_often, teller);
	struct err *e = up ? transfer_up(s3, t) : transfer_down(s3, t);
	atomic_store(&teller->done, true);
	TRY(err_first(e, thread_join(thread)));
	return print_done(c, t->n, t->bytes, time_tick_ms() - teller->begun_ms);
}

static struct err *
run_get(struct cmd *c)
{
	struct teller teller = { 0 };
	struct transfer t;
	struct place at;
	struct s3 *s3;

	TRY(expect_places(c, 1, 2, "get PLACE [PATH]"));
	TRY(objects_of(c, c->argv[1], &at));
	TRY(open_s3(c, &teller.moved, &s3));
	TRY(transfer_plan_down(c->mem, s3, at.bucket, at.key, c->argc > 2 ? c->argv[2] : ".",
			       cmd_flag(c, "recursive"), &t));
	return move(c, s3, &teller, &t, false);
}

/* Between two buckets: no byte passes here. */
static struct err *
copy(struct cmd *c, struct s3 *s3, const struct place *from, struct place to)
{
	long long begun = time_tick_ms();
	const char *name = strrchr(from->key, '/');
	struct s3_object object;

	if (!*to.key || to.key[strlen(to.key) - 1] == '/')
		to.key = mem_printf(c->mem, "%s%s", to.key, name ? name + 1 : from->key);
	TRY(s3_head(c->mem, s3, from->bucket, from->key, &object));
	struct transfer_item item = { s3_name(c->mem, from->bucket, from->key), to.key,
				      object.bytes };
	struct transfer t = { .bucket = to.bucket, .items = &item, .n = 1 };
	if (cmd_flag(c, "dry-run"))
		return plan_rows(c, &t, true);
	TRY(s3_copy(s3, from->bucket, from->key, to.bucket, to.key));
	return print_done(c, 1, object.bytes, time_tick_ms() - begun);
}

static struct err *
run_put(struct cmd *c)
{
	struct teller teller = { 0 };
	struct place from, to;
	struct transfer t;
	struct s3 *s3;

	TRY(expect_places(c, 2, 2, "put PATH PLACE"));
	TRY(check_locked(c, "put"));
	TRY(place_of(c, c->argv[2], &to));
	TRY(open_s3(c, &teller.moved, &s3));
	if (!strncmp(c->argv[1], "s3://", 5)) {
		TRY(object_of(c, c->argv[1], &from));
		return copy(c, s3, &from, to);
	}
	TRY(transfer_plan_up(c->mem, c->argv[1], to.bucket, to.key, cmd_flag(c, "recursive"), &t));
	t.create = cmd_flag(c, "no-clobber");
	return move(c, s3, &teller, &t, true);
}

/* --- rm --- */

static struct err *
keys_of(struct cmd *c, struct s3 *s3, const struct place *at, const char ***keys, size_t *n)
{
	struct s3_object *list, one;

	if (cmd_flag(c, "recursive")) {
		TRY(s3_list(c->mem, s3, at->bucket, at->key, NULL, &list, n));
	} else {
		TRY(s3_head(c->mem, s3, at->bucket, at->key, &one));
		list = &one;
		*n = 1;
	}
	*keys = mem_array(c->mem, const char *, *n + 1);
	for (size_t i = 0; i < *n; i++)
		(*keys)[i] = list[i].key;
	return NULL;
}

static struct err *
run_rm(struct cmd *c)
{
	struct rows *r = ROWS_OF(c, "key");
	const char **keys;
	struct place at;
	struct s3 *s3;
	size_t n;

	TRY(expect_places(c, 1, 1, "rm PLACE"));
	if (cmd_flag(c, "uploads"))
		TRY(place_of(c, c->argv[1], &at));
	else
		TRY(objects_of(c, c->argv[1], &at));
	TRY(open_s3(c, NULL, &s3));
	if (cmd_flag(c, "uploads"))
		return uploads(c, s3, &at, !cmd_flag(c, "dry-run"));
	TRY(check_locked(c, "rm"));
	TRY(keys_of(c, s3, &at, &keys, &n));
	if (!cmd_flag(c, "dry-run"))
		TRY(s3_delete(s3, at.bucket, keys, n));
	for (size_t i = 0; i < n; i++)
		rows_add(r, &keys[i]);
	return print(c, "s3-rm", "removed", r, "key");
}

static const struct verb {
	const char *name;
	struct err *(*run)(struct cmd *c);
} verbs[] = {
	{ "ls", run_ls },   { "get", run_get }, { "put", run_put },
	{ "cat", run_cat }, { "rm", run_rm },
};

static struct err *
run_s3(struct cmd *c)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (!strcmp(c->argv[0], verbs[i].name))
			return verbs[i].run(c);
	}
	return err_hint(err_new(ERR_USAGE, "'s3' has no '%s'", c->argv[0]),
			"write ls, get, put, cat or rm");
}

static const struct option options[] = {
	{ "recursive", NULL, "all below the place, or below the directory" },
	{ "uploads", NULL, "ls, rm: uploads in parts that nobody ended" },
	{ "no-clobber", NULL, "put: only where no object is" },
	{ "dry-run", NULL, "put, get, rm: only show what would be done" },
	{ "page-size", "N", "ask for so many keys at once (1000)" },
	{ "parallel", "N", "requests at once (8)" },
	{ NULL, NULL, NULL },
};

const struct command cmd_s3 = {
	.name = "s3",
	.args = "ls [PLACE] | get PLACE [PATH] | put PATH PLACE | cat PLACE | rm PLACE",
	.summary = "List, read and write the objects of a bucket",
	.help = "A place is s3://BUCKET/KEY, or a bucket of the profile with a key: raw/2026/07/.  "
		"A big object\nmoves in parts, several at once, and shows only when all are there.  "
		"put takes an s3:// place\nas PATH too, and copies without moving the bytes here.",
	.words = "ls get put cat rm",
	.min_args = 1,
	.max_args = 3,
	.flags = CMD_WRITES,
	.options = options,
	.run = run_s3,
};
