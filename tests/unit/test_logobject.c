#include "view/logobject.h"

#include "unit.h"

struct key_row {
	const char *name;   /* the key */
	const char *stream; /* NULL: it is no log */
	long long piece;
	bool gzip, archived, own, unstamped;
};

#define JOB "emr-logs/128/a2/applications/00f1/jobs/00f2/"

static const struct key_row key_rows[] = {
	{ .name = "run-log/128/extract.a1.log", .stream = "extract.a1", .own = true },
	{ .name = "run-log/128/worker.log", .stream = "worker", .own = true },
	{ .name = "run-log/128/notes.txt" },
	{ .name = "run-log/128/x/extract.a1.log" },
	{ .name = "run-log/128" },
	{ .name = JOB "SPARK_DRIVER/stderr.gz", .stream = "driver.a2.stderr", .gzip = true },
	{ .name = JOB "SPARK_DRIVER/stdout.gz",
	  .stream = "driver.a2.stdout",
	  .gzip = true,
	  .unstamped = true },
	{ .name = JOB "SPARK_DRIVER/stdout", .stream = "driver.a2.stdout", .unstamped = true },
	{ .name = JOB "SPARK_DRIVER/archived/stderr_7.gz",
	  .stream = "driver.a2.stderr",
	  .gzip = true,
	  .archived = true,
	  .piece = 7 },
	{ .name = JOB "SPARK_EXECUTOR/12/stderr.gz",
	  .stream = "executor12.a2.stderr",
	  .gzip = true },
	{ .name = JOB "SPARK_EXECUTOR_3/stderr.gz", .stream = "executor3.a2.stderr", .gzip = true },
	{ .name = JOB "attempts/2/SPARK_DRIVER/stderr.gz",
	  .stream = "driver.a2.try2.stderr",
	  .gzip = true },
	{ .name = "emr-logs/128/applications/A/jobs/J/SPARK_DRIVER/stderr.gz",
	  .stream = "driver.stderr",
	  .gzip = true },
	{ .name = JOB "sparklogs/eventlog_v2_00f2/events_1" },
	{ .name = JOB "SPARK_DRIVER/heap.bin" },
	{ .name = JOB "SPARK_EXECUTOR/stderr.gz" },
	{ .name = "emr-logs/128/a2/other" },
	{ .name = "airflow-log/dag_id=D/run_id=R/task_id=load.stg/attempt=3.log",
	  .stream = "airflow-load.stg.a3" },
	{ .name = "airflow-log/dag_id=D/run_id=R/task_id=t/map_index=4/attempt=1.log",
	  .stream = "airflow-t-4.a1" },
	{ .name = "airflow-log/dag_id=D/run_id=R/task_id=t/attempt=1.txt" },
	{ .name = "dataset/stores.csv" },
};

static void
keys(void **state)
{
	const struct key_row *row = *state;
	struct log_object o;

	assert_int_equal(log_object_read(row->name, &o), row->stream != NULL);
	if (!row->stream)
		return;
	assert_string_equal(o.stream, row->stream);
	assert_string_equal(o.key, row->name);
	assert_int_equal(o.piece, row->piece);
	assert_int_equal(o.gzip, row->gzip);
	assert_int_equal(o.archived, row->archived);
	assert_int_equal(o.own, row->own);
	assert_int_equal(o.unstamped, row->unstamped);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, keys, key_rows);
	return unit_run(&u, "logobject");
}
