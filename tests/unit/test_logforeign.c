#include "view/logforeign.h"

#include "base/mem.h"
#include "unit.h"

#include <string.h>

struct line_row {
	const char *name;
	const char *line;
	long long seconds;
	const char *want;
};

static const struct line_row line_rows[] = {
	{ "log4j", "26/11/26 01:02:03 WARN TaskSetManager: lost task 1", 0,
	  "2026-11-26T01:02:03Z warning TaskSetManager: lost task 1\n" },
	{ "log4j, fatal", "26/11/26 01:02:03 FATAL x", 9, "2026-11-26T01:02:03Z error x\n" },
	{ "log4j, trace", "26/11/26 01:02:03 TRACE x", 0, "2026-11-26T01:02:03Z debug x\n" },
	{ "log4j, no level", "26/11/26 01:02:03 LOUD x", 0, "26/11/26 01:02:03 LOUD x\n" },
	{ "log4j, cut", "26/11/26 01:02", 0, "26/11/26 01:02\n" },
	{ "stack frame", "\tat org.apache.spark.X.y(X.scala:7)", 0,
	  "\tat org.apache.spark.X.y(X.scala:7)\n" },
	{ "no stamp", "hello", 1795608123, "2026-11-25T12:02:03Z info hello\n" },
	{ "ours", "2026-11-26T01:02:03Z info hello", 1795608123,
	  "2026-11-26T01:02:03Z info hello\n" },
	{ "airflow",
	  "{\"timestamp\":\"2026-11-22T23:31:56.611543Z\",\"level\":\"warning\",\"event\":\"late\"}",
	  0, "2026-11-22T23:31:56Z warning late\n" },
	{ "airflow, said by us",
	  "{\"timestamp\":\"2026-11-22T23:31:56.611543Z\",\"level\":\"info\",\"event\":"
	  "\"2026-11-22T23:31:55Z error no\"}",
	  0, "2026-11-22T23:31:55Z error no\n" },
	{ "airflow, no time", "{\"event\":\"::group::Pre\"}", 0, "::group::Pre\n" },
	{ "airflow, failed",
	  "{\"timestamp\":\"2026-11-22T23:31:56Z\",\"level\":\"error\",\"event\":\"Task failed\","
	  "\"error_detail\":[{\"exc_type\":\"AirflowException\",\"exc_value\":\"exit 1\"},{}]}",
	  0, "2026-11-22T23:31:56Z error Task failed\n  AirflowException: exit 1\n" },
	{ "other JSON", "{\"a\":1}", 0, "{\"a\":1}\n" },
	{ "broken JSON", "{\"event\":", 0, "{\"event\":\n" },
	{ "empty", "", 0, "\n" },
};

static void
lines(void **state)
{
	const struct line_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct strbuf out;

	strbuf_init(&out, tmp, 1 << 16);
	logforeign_line(&out, row->line, strlen(row->line), row->seconds);
	assert_string_equal(out.s, row->want);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, lines, line_rows);
	return unit_run(&u, "logforeign");
}
