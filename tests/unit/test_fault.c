#include "remote/fault.h"

#include "unit.h"

struct fault_row {
	const char *name;
	int status;
	const char *type; /* the header x-amzn-errortype */
	const char *body;
	enum fault_kind kind;
	enum err_code err;
	const char *want; /* as fault_err() says it of "s3" */
	const char *hint;
};

#define XML(code, more) "<?xml version=\"1.0\"?>\n<Error><Code>" code "</Code>" more "</Error>"

static const struct fault_row fault_rows[] = {
	{ "S3", 404, NULL, XML("NoSuchKey", "<Message>Not there.</Message><Key>k</Key>"),
	  FAULT_FINAL, ERR_NOTFOUND, "s3: NoSuchKey: Not there.", NULL },
	{ "STS", 400, NULL,
	  "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>ExpiredToken</Code>"
	  "<Message>It expired</Message></Error></ErrorResponse>",
	  FAULT_EXPIRED, ERR_AUTH, "s3: ExpiredToken: It expired",
	  "log in again, or renew the credentials" },
	{ "JSON", 400, NULL, "{\"__type\":\"com.amazon#ThrottlingException\",\"message\":\"slow\"}",
	  FAULT_THROTTLE, ERR_NET, "s3: ThrottlingException: slow", NULL },
	{ "JSON by header", 400, "ResourceNotFoundException:http://x/", "{\"Message\":\"none\"}",
	  FAULT_FINAL, ERR_NOTFOUND, "s3: ResourceNotFoundException: none", NULL },
	{ "JSON by code", 409, NULL, "{\"code\":\"ConflictException\"}", FAULT_FINAL, ERR_CONFLICT,
	  "s3: ConflictException", NULL },
	{ "HEAD", 404, NULL, "", FAULT_FINAL, ERR_NOTFOUND, "s3: NotFound", NULL },
	{ "HEAD bad", 400, NULL, "", FAULT_EXPIRED, ERR_REMOTE, "s3: BadRequest", NULL },
	{ "HEAD forbidden", 403, NULL, "", FAULT_SIGNED, ERR_AUTH, "s3: Forbidden", NULL },
	{ "busy", 503, NULL, XML("SlowDown", ""), FAULT_THROTTLE, ERR_NET, "s3: SlowDown", NULL },
	{ "page of a proxy", 502, NULL, "<html><body>Bad<hr>Gateway</body></html>", FAULT_AGAIN,
	  ERR_NET, "s3: BadGateway", NULL },
	{ "unknown", 418, NULL, "tea", FAULT_FINAL, ERR_REMOTE, "s3: status 418", NULL },
	{ "cut XML", 403, NULL, "<Error><Code>AccessDenied</Code><Mess", FAULT_FINAL, ERR_AUTH,
	  "s3: AccessDenied", "the role or the bucket's policy does not allow it" },
	{ "empty code", 500, NULL, XML("", ""), FAULT_AGAIN, ERR_NET, "s3: InternalError", NULL },
	{ "missing permission", 403, NULL,
	  XML("AccessDenied",
	      "<Message>User: arn:aws:iam::1:user/u is not authorized to perform: s3:PutObject on "
	      "resource: \"arn:aws:s3:::raw/k\" because no policy allows it</Message>"),
	  FAULT_FINAL, ERR_AUTH,
	  "s3: AccessDenied: User: arn:aws:iam::1:user/u is not authorized to perform: s3:PutObject "
	  "on resource: \"arn:aws:s3:::raw/k\" because no policy allows it",
	  "allow s3:PutObject on \"arn:aws:s3:::raw/k\" in the role's policy" },
	{ "missing permission, JSON", 400, "AccessDeniedException",
	  "{\"message\":\"u is not authorized to perform: emr-serverless:StartJobRun\"}",
	  FAULT_FINAL, ERR_AUTH,
	  "s3: AccessDeniedException: u is not authorized to perform: emr-serverless:StartJobRun",
	  "allow emr-serverless:StartJobRun in the role's policy" },
	{ "clock", 403, NULL, XML("RequestTimeTooSkewed", ""), FAULT_CLOCK, ERR_AUTH,
	  "s3: RequestTimeTooSkewed", "set this machine's clock: it differs from the service's" },
	{ "secret", 403, NULL, XML("SignatureDoesNotMatch", ""), FAULT_SIGNED, ERR_AUTH,
	  "s3: SignatureDoesNotMatch", "the secret key does not belong to the access key" },
	{ "region", 400, NULL, XML("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"),
	  FAULT_REGION, ERR_CONFIG, "s3: AuthorizationHeaderMalformed", NULL },
	{ "region unknown", 400, NULL, XML("AuthorizationHeaderMalformed", ""), FAULT_FINAL,
	  ERR_CONFIG, "s3: AuthorizationHeaderMalformed", NULL },
	{ "entities", 400, NULL,
	  "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><Error><Code>&b;</Code>"
	  "</Error>",
	  FAULT_FINAL, ERR_REMOTE, "s3: BadRequest", NULL },
	{ "deep JSON", 400, NULL, "{\"__type\":[[[[[[[[[[[[[[", FAULT_FINAL, ERR_REMOTE,
	  "s3: BadRequest", NULL },
};

static void
reads(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct fault_row *row = *state;
	struct aws_pair header = { "x-amzn-errortype", row->type };
	struct aws_answer a = { .status = row->status,
				.headers = &header,
				.n_headers = row->type ? 1 : 0 };
	struct fault f;

	strbuf_init(&a.body, tmp, 1 << 20);
	strbuf_str(&a.body, row->body);
	fault_read(tmp, &a, &f);
	assert_int_equal(f.kind, row->kind);
	struct err *e = fault_err(&f, "s3");
	assert_int_equal(e->code, row->err);
	assert_text(err_hint_of(e), row->hint);
	assert_err(e, row->want);
}

struct late_row {
	const char *name;
	const char *body;
	bool want;
};

static const struct late_row late_rows[] = {
	{ "error", " \n" XML("InternalError", "<Message>m</Message>"), true },
	{ "success", "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>", false },
	{ "an error deeper", "<DeleteResult><Error><Code>x</Code></Error></DeleteResult>", false },
	{ "nothing", "", false },
	{ "other", "Error", false },
};

static void
late(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct late_row *row = *state;
	struct aws_answer a = { .status = 200 };
	struct fault f;

	strbuf_init(&a.body, tmp, 1 << 20);
	strbuf_str(&a.body, row->body);
	assert_int_equal(fault_late(tmp, &a, &f), row->want);
	if (row->want)
		assert_int_equal(f.kind, FAULT_AGAIN);
}

/* Whatever stands in the body, there is an error with a code. */
static void
takes_anything(void **state)
{
	static const char *const seeds[] = { XML("SlowDown", "<Message>&lt;&#10;m</Message>"),
					     "{\"__type\":\"a#b:c\",\"message\":\"\\u00e4\"}" };
	static const char set[] = "<>&;/{}[]\":#\\u0\x80\xff\n";
	unsigned seed = 7;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		AUTO_MEM void *tmp = mem_root();
		struct aws_answer a = { .status = 400 };
		struct fault f;

		strbuf_init(&a.body, tmp, 1 << 20);
		strbuf_str(&a.body, seeds[i % 2]);
		for (int n = 0; n < 5; n++) {
			seed = seed * 1103515245 + 12345;
			a.body.s[(seed >> 8) % a.body.len] = set[(seed >> 20) % sizeof(set)];
		}
		fault_read(tmp, &a, &f);
		assert_true(f.code && *f.code);
		err_free(fault_err(&f, "s3"));
		fault_late(tmp, &a, &f);
	}
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, reads, fault_rows);
	UNIT_ROWS(&u, late, late_rows);
	UNIT(&u, takes_anything);
	return unit_run(&u, "fault");
}
