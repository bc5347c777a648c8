#include "remote/rds_token.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

#define NOW_S 1795696496 /* 2026-11-26 12:34:56 UTC */

/* In place of libc's: the wall clock stands still. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id != CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, id, ts);
	*ts = (struct timespec){ .tv_sec = NOW_S };
	return 0;
}

#define VERIFIED " sslmode=verify-full sslrootcert=/x.pem"

/* --- as botocore's generate_db_auth_token() makes them at that time with these keys --- */

static const struct token_row {
	const char *name, *dsn, *region, *token;
} token_rows[] = {
	{ "a conninfo", "host=shop.abc123.us-east-1.rds.amazonaws.com user=bikeops_run" VERIFIED,
	  "us-east-1",
	  "shop.abc123.us-east-1.rds.amazonaws.com:5432/?Action=connect&DBUser=bi"
	  "keops_run&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPL"
	  "E%2F20261126%2Fus-east-1%2Frds-db%2Faws4_request&X-Amz-Date=20261126T1"
	  "23456Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=36e1"
	  "25b5c5f5efc7f48203a382c44caea094cb4c33734d3000a5f274b9059643" },
	{ "a URI, a port, a name to encode",
	  "postgresql://ops%40x%20y%2F%C3%A9@shop.abc123.ap-southeast-1.rds.amazonaws.com:6543/shop"
	  "?sslmode=verify-full&sslrootcert=/x.pem",
	  "ap-southeast-1",
	  "shop.abc123.ap-southeast-1.rds.amazonaws.com:6543/?Action=connect&DBUs"
	  "er=ops%40x%20y%2F%C3%A9&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credent"
	  "ial=AKIDEXAMPLE%2F20261126%2Fap-southeast-1%2Frds-db%2Faws4_request&X-"
	  "Amz-Date=20261126T123456Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X"
	  "-Amz-Signature=58eb27ed78bd239d4414e3ed32261bf67457d77c4345a6b9d5d4a37"
	  "2148f4dc7" },
};

static void
token(void **state)
{
	const struct token_row *row = *state;
	void *mem = mem_root();
	const char *user = "", *password = NULL;
	struct pg_login login;

	assert_err(rds_login(mem, row->dsn, row->region, &login), NULL);
	assert_err(login.make(mem, login.arg, &user, &password), NULL);
	assert_text(user, NULL);
	assert_text(password, row->token);
	mem_free(mem);
}

/* --- what a DSN may not be --- */

#define NEEDS_ONE  "a login by token needs one host in the DSN"
#define NEEDS_USER "a login by token needs a user in the DSN"
#define NEEDS_TLS                                                                              \
	"a login by token needs sslmode=verify-full and sslrootcert: the token goes in clear " \
	"to whoever answers"

static const struct refused_row {
	const char *name, *dsn, *error;
} refused_rows[] = {
	{ "a socket", "host=/run user=u" VERIFIED, NEEDS_ONE },
	{ "no host", "user=u" VERIFIED, NEEDS_ONE },
	{ "two hosts", "host=a,b user=u" VERIFIED, NEEDS_ONE },
	{ "no user", "host=a" VERIFIED, NEEDS_USER },
	{ "no TLS", "host=a user=u", NEEDS_TLS },
	{ "TLS that verifies nobody", "host=a user=u sslmode=require sslrootcert=/x", NEEDS_TLS },
	{ "TLS that verifies no name", "host=a user=u sslmode=verify-ca sslrootcert=/x",
	  NEEDS_TLS },
	{ "no root", "host=a user=u sslmode=verify-full", NEEDS_TLS },
};

static void
refused(void **state)
{
	const struct refused_row *row = *state;
	void *mem = mem_root();
	struct pg_login login;
	struct err *e = rds_login(mem, row->dsn, "us-east-1", &login);

	assert_non_null(e);
	assert_int_equal(e->code, ERR_CONFIG);
	assert_non_null(e->hint);
	assert_text(e->msg, row->error);
	err_free(e);
	mem_free(mem);
}

int
main(void)
{
	struct unit u = { 0 };
	const char *const gone[] = { "PGHOST", "PGUSER", "PGPORT", "PGSSLMODE", "PGSSLROOTCERT" };

	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		unsetenv(gone[i]);
	setenv("HOME", "/nonexistent", 1);
	setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
	unsetenv("AWS_SESSION_TOKEN");
	UNIT_ROWS(&u, token, token_rows);
	UNIT_ROWS(&u, refused, refused_rows);
	return unit_run(&u, "rds_token");
}
