#include "engine/emr.h"

#include "unit.h"

struct cure {
	const char *name; /* what the service says */
	const char *want; /* how the cure begins, or NULL */
};

static const struct cure cures[] = {
	{ "User: arn:aws:iam::1:user/x is not authorized to perform: emr-serverless:StartJobRun on "
	  "resource: arn:aws:emr-serverless:eu-west-1:1:/applications/00f1",
	  "allow emr-serverless:StartJobRun to whom" },
	{ "User: arn:aws:iam::1:user/x is not authorized to perform: iam:PassRole on resource: "
	  "arn:aws:iam::1:role/job",
	  "allow iam:PassRole on emr_role_arn" },
	{ "Could not assume execution role arn:aws:iam::1:role/job",
	  "the trust policy of emr_role_arn" },
	{ "ApplicationMaxCapacityExceededException: Worker could not be allocated as the application "
	  "has exceeded maximumCapacity settings: [cpu: 8 vCPU]",
	  "the application allows too little" },
	{ "Your account's limit of 16 vCPU was exceeded", "ask for more 'Max concurrent vCPUs" },
	{ "com.amazon.ws.emr.hadoop.fs: Access Denied (Service: Amazon S3; Status Code: 403)",
	  "emr_role_arn needs s3:GetObject" },
	{ "not authorized to perform: s3:PutObject on resource: x",
	  "allow s3:PutObject in the policy of emr_role_arn" },
	{ "Job failed, please check complete logs", NULL },
};

static void
names_the_cure(void **state)
{
	const struct cure *row = *state;
	AUTO_MEM void *tmp = mem_root();
	const char *cure = emr_cure(tmp, row->name);

	assert_text(cure && row->want ? mem_strndup(tmp, cure, strlen(row->want)) : cure,
		    row->want);
}

struct wait {
	const char *name; /* the state */
	long long age_ms;
	int want;
};

static const struct wait waits[] = {
	{ "RUNNING", 0, 1000 },	       { "RUNNING", 3600000, 1000 }, { "CANCELLING", 0, 1000 },
	{ "SUBMITTED", 0, 2000 },      { "QUEUED", 59999, 2000 },    { "PENDING", 60000, 5000 },
	{ "SCHEDULED", 900000, 5000 }, { "A_NEW_STATE", 0, 1000 },   { "", 0, 1000 },
};

static void
waits_for(void **state)
{
	const struct wait *row = *state;

	assert_int_equal(emr_poll_ms(row->name, row->age_ms), row->want);
}

struct size {
	const char *name;
	int vcpu;
	long long mib;
	const char *want; /* the end of the parameters */
};

static const struct size sizes[] = {
	{ "little", 8, 0,
	  ".instances=1 --conf spark.dynamicAllocation.initialExecutors=1 "
	  "--conf spark.dynamicAllocation.maxExecutors=3" },
	{ "more", 8, 256,
	  ".instances=2 --conf spark.dynamicAllocation.initialExecutors=2 "
	  "--conf spark.dynamicAllocation.maxExecutors=3" },
	{ "more than there is room for", 8, 9999,
	  ".instances=3 --conf spark.dynamicAllocation.initialExecutors=3 "
	  "--conf spark.dynamicAllocation.maxExecutors=3" },
	{ "hardly any room", 2, 9999,
	  ".instances=1 --conf spark.dynamicAllocation.initialExecutors=1 "
	  "--conf spark.dynamicAllocation.maxExecutors=1" },
};

static void
fits(void **state)
{
	const struct size *row = *state;
	AUTO_MEM void *tmp = mem_root();
	const char *got = emr_parameters(tmp, row->vcpu, row->mib << 20);

	assert_string_equal(got + strlen(got) - strlen(row->want), row->want);
}

/* A driver and executors of 2 vCPU and 8 GB each, at 1 USD the vCPU and 0.5 USD the GB. */
static void
hourly(void **state)
{
	const struct price p = { .vcpu_hour = 1000000000, .memory_gb_hour = 500000000 };

	(void)state;
	assert_int_equal(emr_hourly(8, 1, &p), 2 * 6 * 1000000000LL);
	assert_int_equal(emr_hourly(8, 600LL << 20, &p), 4 * 6 * 1000000000LL);
	assert_int_equal(emr_hourly(2, 600LL << 20, &p), 2 * 6 * 1000000000LL);
}

/* A request that is sent again after a crash is the same, so EMR starts one job. */
static void
same_request(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const char *args[] = { "s3://p/2026/job.a1.json" };
	const struct emr_job_spec spec = {
		"n", "t", "arn", "s3://s/j.py", args, 1, "--conf a=b", "s3://l/", 720,
	};
	static const char want[] =
		"{\"clientToken\":\"t\",\"configurationOverrides\":{\"monitoringConfiguration\":"
		"{\"s3MonitoringConfiguration\":{\"logUri\":\"s3://l/\"}}},"
		"\"executionRoleArn\":\"arn\",\"executionTimeoutMinutes\":720,\"jobDriver\":"
		"{\"sparkSubmit\":{\"entryPoint\":\"s3://s/j.py\",\"entryPointArguments\":"
		"[\"s3://p/2026/job.a1.json\"],\"sparkSubmitParameters\":\"--conf a=b\"}},"
		"\"name\":\"n\"}";

	(void)state;
	assert_string_equal(emr_job_request(tmp, &spec), want);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, names_the_cure, cures);
	UNIT_ROWS(&u, waits_for, waits);
	UNIT_ROWS(&u, fits, sizes);
	UNIT(&u, hourly);
	UNIT(&u, same_request);
	return unit_run(&u, "emr");
}
