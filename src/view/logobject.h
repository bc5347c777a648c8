/* What an object of bucket log is, by its key. */
#ifndef BIKEOPS_VIEW_LOGOBJECT_H
#define BIKEOPS_VIEW_LOGOBJECT_H

#include <stdbool.h>

#define LOG_RUNS    "run-log/"	   /* 128/extract.a1.log */
#define LOG_EMR	    "emr-logs/"	   /* 128/a1/applications/A/jobs/J/SPARK_DRIVER/stderr.gz */
#define LOG_AIRFLOW "airflow-log/" /* dag_id=D/run_id=R/task_id=T/attempt=1.log */

struct log_object {
	const char *key;  /* borrowed */
	char stream[128]; /* whose text it is a piece of: "driver.a1.stderr" */
	bool gzip;
	bool archived;	 /* an old piece, which grows no more */
	long long piece; /* its place among them */
	bool own;	 /* written by a task of ours */
	bool unstamped;	 /* its lines bear no time */
};

/* False: it is no log. */
bool log_object_read(const char *key, struct log_object *out);

#endif
