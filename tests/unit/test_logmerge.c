#include "view/logmerge.h"

#include "base/time.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT   "2026-07-15T14:00:"
#define PAGE 100

static char dir[] = "/tmp/bikeops-test-logmerge-XXXXXX";

struct source {
	const char *name, *text;
};

static char *
path_of(void *mem, const char *name)
{
	return mem_printf(mem, "%s/%s", dir, name);
}

static void
put(const char *name, const char *text, int flags)
{
	AUTO_MEM void *tmp = mem_root();
	int fd = open(path_of(tmp, name), O_WRONLY | O_CREAT | flags, 0600);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void
add(struct logmerge *m, const char *name)
{
	AUTO_MEM void *tmp = mem_root();

	assert_err(logmerge_add(m, name, path_of(tmp, name)), NULL);
}

static struct logmerge *
merge_of(void *mem, const struct source *sources, size_t n)
{
	struct logmerge *m = logmerge_new(mem, NULL);

	for (size_t i = 0; i < n && sources[i].name; i++) {
		put(sources[i].name, sources[i].text, O_TRUNC);
		add(m, sources[i].name);
	}
	while (logmerge_index(m, 1))
		;
	return m;
}

/* "(0X i start +2 gap 60)...": number, letter, level, text, lines folded, seconds of silence */
static char *
page_text(void *mem, const struct log_page *page)
{
	struct strbuf out;

	strbuf_init(&out, mem, 1 << 20);
	strbuf_str(&out, page->first ? "" : "..");
	for (size_t i = 0; i < page->n; i++) {
		const struct log_row *r = &page->rows[i];

		strbuf_printf(&out, "(%lld%c %c", r->n, r->letter, "ewid"[r->level]);
		strbuf_printf(&out, "%s %s", r->stamped ? "" : "-", r->text);
		if (r->folded)
			strbuf_printf(&out, " +%lld", r->folded);
		if (r->gap)
			strbuf_printf(&out, " gap %lld", r->gap);
		strbuf_char(&out, ')');
	}
	strbuf_str(&out, page->last ? "" : "..");
	return out.s;
}

/* --- merging --- */

struct merge_row {
	const char *name;
	struct source source[3];
	const char *want;
};

static const struct merge_row merge_rows[] = {
	{ "nothing", { { "extract.a1", "" } }, "" },
	{ "one", { { "extract.a1", AT "01Z info a\n" AT "02Z warning b\n" } }, "(0X i a)(1X w b)" },
	{ "two by time",
	  { { "extract.a1", AT "01Z info a\n" AT "03Z info c\n" },
	    { "transform.a1", AT "02Z error b\n" AT "04Z debug d\n" } },
	  "(0X i a)(1T e b)(2X i c)(3T d d)" },
	{ "one second: in the files' order",
	  { { "extract.a1", AT "01Z info a\n" AT "01Z info b\n" },
	    { "extract.a2", AT "01Z info c\n" } },
	  "(0X i a)(1X i b)(2X i c)" },
	{ "no stamp belongs to the line before",
	  { { "extract.a1", AT "01Z error a\nmore\n  at x\n" AT "03Z info d\n" },
	    { "transform.a1", AT "01Z info b\n" AT "02Z info c\n" } },
	  "(0X e a)(1X e- more)(2X e-   at x)(3T i b)(4T i c)(5X i d)" },
	{ "no stamp at all", { { "extract.a1", "x\ny" } }, "(0X i- x)(1X i- y)" },
	{ "the worker says it again",
	  { { "worker", AT "01Z info a\n" AT "01Z info own\n" AT "02Z info b\n" },
	    { "extract.a1", AT "01Z info a\n" AT "02Z info b\n" } },
	  "(0X i a)(1O i own)(2X i b)" },
	{ "the worker alone",
	  { { "worker", AT "01Z info a\n" AT "01Z info a\n" } },
	  "(0O i a)(1O i a)" },
	{ "silence",
	  { { "extract.a1", AT "00Z info a\n" AT "30Z info b\n" },
	    { "transform.a1", "2026-07-15T14:01:01Z info c\n" } },
	  "(0X i a)(1X i b)(2T i c gap 31)" },
	{ "a clock set back",
	  { { "extract.a1", AT "09Z info a\n" AT "01Z info b\n" },
	    { "transform.a1", AT "05Z info c\n" } },
	  "(0T i c)(1X i a)(2X i b)" },
	{ "hostile bytes",
	  { { "extract.a1", AT "01Z info \033[31m\302\233\377\tx\r\n" } },
	  "(0X i ^[[31m\\x9b\\xff    x)" },
	{ "almost stamps",
	  { { "extract.a1",
	      "2026-07-15T14:00:01 info a\n2026-07-15T14:00:01Z shout b\n2026-07-15T" } },
	  "(0X i- 2026-07-15T14:00:01 info a)(1X i- 2026-07-15T14:00:01Z shout b)(2X i- "
	  "2026-07-15T)" },
};

static void
merges(void **state)
{
	const struct merge_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct logmerge *m = merge_of(tmp, row->source, 3);
	struct log_filter filter = { .level = LOG_DEBUG };
	struct log_page page;

	logmerge_page(tmp, m, &filter, 0, 0, PAGE, &page);
	assert_text(page_text(tmp, &page), row->want);
	logmerge_page(tmp, m, &filter, logmerge_totals(m)->lines, PAGE, 0, &page);
	assert_text(page_text(tmp, &page), row->want);
}

/* --- what is shown --- */

#define STORY                                                                        \
	{ { "extract.a1", AT "01Z info one\n" AT "03Z error three\n\tat x\n\tat y\n" \
			     "  at z\nmore\n at q\n" AT "09Z info Nine\n" },         \
	  { "transform.a1", AT "02Z warning two\n" AT "04Z debug four\n" AT "05Z error nine\n" } }
/* 0E one, 1T two, 2E three, 3 4 5 frames, 6 more, 7 frame, 8T four, 9T nine, 10E Nine */
static const struct source story[] = STORY;

struct page_row {
	const char *name;
	struct log_filter filter;
	long long anchor;
	size_t before, behind;
	const char *want;
};

static const struct page_row page_rows[] = {
	{ "the first", { .level = LOG_DEBUG }, 0, 0, 2, "(0X i one)(1T w two).." },
	{ "the last", { .level = LOG_DEBUG }, 11, 2, 5, "..(9T e nine)(10X i Nine)" },
	{ "the middle", { .level = LOG_DEBUG }, 8, 1, 1, "..(7X e-  at q)(8T d four).." },
	{ "before the first", { .level = LOG_DEBUG }, 0, 5, 1, "(0X i one).." },
	{ "errors",
	  { .level = LOG_ERROR, .fold = true },
	  0,
	  0,
	  9,
	  "(2X e three)(3X e-     at x +2)(6X e- more)(7X e-  at q)(9T e nine)" },
	{ "warnings", { .level = LOG_WARN, .hidden = 1 }, 0, 0, 9, "(1T w two)(9T e nine)" },
	{ "all folded",
	  { .level = LOG_DEBUG, .fold = true },
	  8,
	  3,
	  1,
	  "..(3X e-     at x +2)(6X e- more)(7X e-  at q)(8T d four).." },
	{ "in the middle of a folded one",
	  { .level = LOG_DEBUG, .fold = true },
	  4,
	  1,
	  1,
	  "..(3X e-     at x +2)(6X e- more).." },
	{ "one opened",
	  { .level = LOG_DEBUG, .fold = true, .open = { 3 }, .n_open = 1 },
	  6,
	  3,
	  0,
	  "..(3X e-     at x)(4X e-     at y)(5X e-   at z).." },
	{ "a source hidden", { .level = LOG_DEBUG, .hidden = 2 }, 8, 0, 9, "..(10X i Nine)" },
	{ "all hidden", { .level = LOG_DEBUG, .hidden = 3 }, 0, 9, 9, "" },
	{ "text", { .level = LOG_DEBUG, .text = "nine" }, 0, 0, 9, "(9T e nine)(10X i Nine)" },
	{ "capitals", { .level = LOG_DEBUG, .text = "Nine" }, 0, 0, 9, "(10X i Nine)" },
	{ "context",
	  { .level = LOG_DEBUG, .text = "two", .context = 1 },
	  0,
	  0,
	  9,
	  "(0X i one)(1T w two)(2X e three)" },
	{ "context of what is not hidden",
	  { .level = LOG_DEBUG, .text = "two", .context = 1, .hidden = 1 },
	  0,
	  0,
	  9,
	  "(1T w two)" },
	{ "text that is nowhere", { .level = LOG_DEBUG, .text = "ten" }, 5, 5, 5, "" },
};

static void
pages(void **state)
{
	const struct page_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct logmerge *m = merge_of(tmp, story, 2);
	struct log_page page;

	logmerge_page(tmp, m, &row->filter, row->anchor, row->before, row->behind, &page);
	assert_text(page_text(tmp, &page), row->want);
}

struct find_row {
	const char *name;
	struct log_filter filter;
	const char *text;
	long long from;
	bool forward;
	long long want;
};

static const struct find_row find_rows[] = {
	{ "next", { .level = LOG_DEBUG }, "nine", 0, true, 9 },
	{ "behind that", { .level = LOG_DEBUG }, "nine", 9, true, 10 },
	{ "no more", { .level = LOG_DEBUG }, "nine", 10, true, -1 },
	{ "before", { .level = LOG_DEBUG }, "nine", 10, false, 9 },
	{ "none before", { .level = LOG_DEBUG }, "nine", 9, false, -1 },
	{ "the last of all", { .level = LOG_DEBUG }, "nine", 11, false, 10 },
	{ "the first of all", { .level = LOG_DEBUG }, "one", -1, true, 0 },
	{ "not in what is hidden", { .level = LOG_DEBUG, .hidden = 2 }, "nine", 0, true, 10 },
	{ "error", { .level = LOG_DEBUG }, NULL, 0, true, 2 },
	{ "not its stack", { .level = LOG_DEBUG }, NULL, 2, true, 9 },
	{ "error before", { .level = LOG_DEBUG }, NULL, 9, false, 2 },
};

static void
finds(void **state)
{
	const struct find_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct logmerge *m = merge_of(tmp, story, 2);

	assert_int_equal(logmerge_find(m, &row->filter, row->text, row->from, row->forward),
			 row->want);
}

struct time_row {
	const char *name;
	long long second, want;
};

static const struct time_row time_rows[] = {
	{ "long before", -1000, 0 }, { "first", 1, 0 },	   { "second", 2, 1 },
	{ "error", 3, 2 },	     { "between", 6, 10 }, { "behind", 10, -1 },
};

static void
times(void **state)
{
	const struct time_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct logmerge *m = merge_of(tmp, story, 2);

	/* 2026-07-15T14:00:00Z */
	assert_int_equal(logmerge_at(m, 1784124000 + row->second), row->want);
}

static void
totals(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct logmerge *m = merge_of(tmp, story, 2);
	const struct log_totals *t = logmerge_totals(m);
	size_t n;
	struct log_source *s = logmerge_sources(tmp, m, &n);

	(void)state;
	assert_int_equal(n, 2);
	assert_text(mem_printf(tmp, "%lld lines %lld errors %lld warnings %lld of %lld to %lld",
			       t->lines, t->errors, t->warnings, t->indexed, t->bytes, t->last),
		    mem_printf(tmp, "11 lines 2 errors 1 warnings %lld of %lld to 1784124009",
			       s[0].bytes + s[1].bytes, s[0].bytes + s[1].bytes));
	assert_text(mem_printf(tmp, "%s %c %s %c", s[0].name, s[0].letter, s[1].name, s[1].letter),
		    "extract.a1 X transform.a1 T");
	assert_text(mem_printf(tmp, "%lld+%lld: %u %u %u %u", t->ruler.from, t->ruler.width,
			       t->ruler.errors[2], t->ruler.errors[4], t->ruler.warnings[1],
			       t->ruler.lines[2]),
		    "1784124001+1: 1 1 1 6");
}

/* --- many lines --- */

/* 20000 lines in turn from two files, 10 a second: several chunks. */
static struct logmerge *
many(void *mem)
{
	struct strbuf text[2];
	static const char *const names[] = { "extract.a1", "load.a1" };

	for (size_t i = 0; i < 2; i++)
		strbuf_init(&text[i], mem, 8 << 20);
	for (long long i = 0; i < 20000; i++) {
		char *time = time_iso(mem, (1784124000 + i / 10) * 1000000);

		strbuf_printf(&text[i / 10 % 2], "%s %s line %lld\n", time,
			      i % 5000 == 4999 ? "error" : "info", i);
		mem_free(time);
	}
	const struct source sources[] = { { names[0], text[0].s }, { names[1], text[1].s } };
	return merge_of(mem, sources, 2);
}

static void
number_is_place(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct logmerge *m = many(tmp);
	struct log_filter filter = { .level = LOG_DEBUG };
	struct log_page page;

	(void)state;
	assert_int_equal(logmerge_totals(m)->lines, 20000);
	for (long long at = 0; at < 20000; at += 777) {
		logmerge_page(tmp, m, &filter, at, 300, 300, &page);
		assert_int_equal(page.n, (size_t)((at < 300 ? at : 300) +
						  (20000 - at < 300 ? 20000 - at : 300)));
		for (size_t i = 0; i < page.n; i++) {
			char *want = mem_printf(tmp, "line %lld",
						(at < 300 ? 0 : at - 300) + (long long)i);

			assert_text(page.rows[i].text, want);
			assert_int_equal(page.rows[i].n, (at < 300 ? 0 : at - 300) + (long long)i);
		}
		mem_free(page.first ? page.rows : page.rows - 1);
	}
}

static void
over_chunks(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct logmerge *m = many(tmp);
	struct log_filter errors = { .level = LOG_ERROR }, all = { .level = LOG_DEBUG };
	struct log_filter rare = { .level = LOG_DEBUG, .text = "4999", .context = 1 };
	struct log_page page;

	(void)state;
	logmerge_page(tmp, m, &errors, 0, 0, 9, &page);
	assert_text(page_text(tmp, &page), "(4999L e line 4999)(9999L e line 9999)(14999L e line "
					   "14999)(19999L e line 19999)");
	logmerge_page(tmp, m, &errors, 19999, 2, 0, &page);
	assert_text(page_text(tmp, &page), "..(9999L e line 9999)(14999L e line 14999)..");
	logmerge_page(tmp, m, &rare, 0, 0, 9, &page);
	assert_text(page_text(tmp, &page),
		    "(4998L i line 4998)(4999L e line 4999)(5000X i line 5000)"
		    "(14998L i line 14998)(14999L e line 14999)(15000X i line 15000)");
	assert_int_equal(logmerge_find(m, &all, NULL, 5000, true), 9999);
	assert_int_equal(logmerge_find(m, &all, "line 123", 20000, false), 12399);
	assert_int_equal(logmerge_at(m, 1784124000 + 1500), 15000);
}

/* --- while it is written --- */

static char *
whole(void *mem, struct logmerge *m)
{
	struct log_filter filter = { .level = LOG_DEBUG };
	struct log_page page;

	logmerge_page(mem, m, &filter, 0, 0, PAGE, &page);
	return page_text(mem, &page);
}

static char *
look(void *mem, struct logmerge *m)
{
	if (logmerge_look(m)) {
		while (logmerge_index(m, 1))
			;
	}
	return whole(mem, m);
}

static void
grows(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct source sources[] = { { "extract.a1", AT "01Z info a\n" } };
	struct logmerge *m = merge_of(tmp, sources, 1);

	(void)state;
	assert_text(look(tmp, m), "(0X i a)");
	put("extract.a1", AT "05Z info c", O_APPEND);
	assert_text(look(tmp, m), "(0X i a)(1X i c)");
	put("extract.a1", "d\n", O_APPEND);
	put("transform.a1", AT "03Z info b\n", O_TRUNC);
	add(m, "transform.a1");
	assert_text(look(tmp, m), "(0X i a)(1T i b)(2X i cd)");
	put("extract.a1", AT "01Z info new\n", O_TRUNC);
	assert_text(look(tmp, m), "(0X i new)(1T i b)");
}

/* The end without an index is the end with it, but for the numbers. */
static void
tail(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct logmerge *indexed = many(tmp), *m = logmerge_new(tmp, NULL);
	struct log_filter filter = { .level = LOG_DEBUG };
	struct log_page want, got;

	(void)state;
	add(m, "extract.a1");
	add(m, "load.a1");
	assert_true(logmerge_index(m, 1));
	logmerge_tail(tmp, m, &filter, 200, &got);
	logmerge_tail(tmp, indexed, &filter, 200, &want);
	assert_int_equal(got.n, 200);
	assert_true(got.rows[0].n >= LOG_UNNUMBERED);
	assert_int_equal(want.rows[0].n, 19800);
	for (size_t i = 0; i < 200; i++)
		assert_text(got.rows[i].text, want.rows[i].text);
}

static void
stops(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	atomic_bool stop = true;
	struct logmerge *m = logmerge_new(tmp, &stop);

	(void)state;
	mem_free(many(tmp));
	add(m, "extract.a1");
	assert_true(logmerge_index(m, 1));
	assert_int_equal(logmerge_totals(m)->lines, 0);
	assert_text(whole(tmp, m), "");
}

static void
saves(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct logmerge *m = merge_of(tmp, story, 2);
	struct log_filter filter = { .level = LOG_WARN, .fold = true };
	char *path = path_of(tmp, "saved"), text[1000] = "";
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	size_t part = 0;
	bool more = true;

	(void)state;
	while (more)
		assert_err(logmerge_save(m, &filter, &part, fd, &more), NULL);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	close(fd);
	assert_text(text, "2026-07-15T14:00:02Z warning transform        two\n"
			  "2026-07-15T14:00:03Z error   extract          three\n"
			  "2026-07-15T14:00:03Z error   extract              at x\n"
			  "2026-07-15T14:00:03Z error   extract              at y\n"
			  "2026-07-15T14:00:03Z error   extract            at z\n"
			  "2026-07-15T14:00:03Z error   extract          more\n"
			  "2026-07-15T14:00:03Z error   extract           at q\n"
			  "2026-07-15T14:00:05Z error   transform        nine\n");
}

/* What was written before the log was cut is no beginning of what is there now. */
static void
saves_no_cut_log(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct logmerge *m = many(tmp);
	struct log_filter filter = { .level = LOG_DEBUG };
	int fd = open("/dev/null", O_WRONLY);
	size_t part = 0;
	bool more = false;

	(void)state;
	while (logmerge_index(m, 1))
		;
	assert_err(logmerge_save(m, &filter, &part, fd, &more), NULL);
	assert_true(more);
	put("extract.a1", AT "00Z info fresh\n", O_TRUNC);
	assert_true(logmerge_look(m));
	assert_err(logmerge_save(m, &filter, &part, fd, &more),
		   "a log was cut or replaced meanwhile: the file is not whole");
	part = 0;
	while (logmerge_index(m, 1))
		;
	assert_err(logmerge_save(m, &filter, &part, fd, &more), NULL);
	close(fd);
}

int
main(void)
{
	static const char *const files[] = { "extract.a1", "extract.a2", "transform.a1",
					     "load.a1",	   "worker",	 "saved" };
	struct unit u = { 0 };

	assert_non_null(mkdtemp(dir));
	UNIT_ROWS(&u, merges, merge_rows);
	UNIT_ROWS(&u, pages, page_rows);
	UNIT_ROWS(&u, finds, find_rows);
	UNIT_ROWS(&u, times, time_rows);
	UNIT(&u, totals);
	UNIT(&u, number_is_place);
	UNIT(&u, over_chunks);
	UNIT(&u, grows);
	UNIT(&u, tail);
	UNIT(&u, stops);
	UNIT(&u, saves);
	UNIT(&u, saves_no_cut_log);
	int status = unit_run(&u, "logmerge");
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char *path = path_of(NULL, files[i]);

		unlink(path);
		mem_free(path);
	}
	rmdir(dir);
	return status;
}
