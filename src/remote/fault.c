#include "remote/fault.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "remote/xml.h"

#include <jansson.h>
#include <string.h>

#define MESSAGE_MAX 1000

/* What is not here is final, and its status says which error it is. */
static const struct known {
	const char *code;
	enum fault_kind kind;
	enum err_code err;
} codes[] = {
	{ "Throttling", FAULT_THROTTLE, ERR_NET },
	{ "ThrottlingException", FAULT_THROTTLE, ERR_NET },
	{ "ThrottledException", FAULT_THROTTLE, ERR_NET },
	{ "RequestThrottledException", FAULT_THROTTLE, ERR_NET },
	{ "RequestThrottled", FAULT_THROTTLE, ERR_NET },
	{ "TooManyRequestsException", FAULT_THROTTLE, ERR_NET },
	{ "ProvisionedThroughputExceededException", FAULT_THROTTLE, ERR_NET },
	{ "TransactionInProgressException", FAULT_THROTTLE, ERR_NET },
	{ "RequestLimitExceeded", FAULT_THROTTLE, ERR_NET },
	{ "BandwidthLimitExceeded", FAULT_THROTTLE, ERR_NET },
	{ "LimitExceededException", FAULT_THROTTLE, ERR_NET },
	{ "SlowDown", FAULT_THROTTLE, ERR_NET },
	{ "PriorRequestNotComplete", FAULT_THROTTLE, ERR_NET },
	{ "EC2ThrottledException", FAULT_THROTTLE, ERR_NET },
	{ "InternalError", FAULT_AGAIN, ERR_NET },
	{ "ServiceUnavailable", FAULT_AGAIN, ERR_NET },
	{ "RequestTimeout", FAULT_AGAIN, ERR_TIMEOUT },
	{ "RequestTimeoutException", FAULT_AGAIN, ERR_TIMEOUT },
	{ "IncompleteBody", FAULT_AGAIN, ERR_NET },
	{ "BadDigest", FAULT_AGAIN, ERR_DATA },
	{ "XAmzContentSHA256Mismatch", FAULT_FINAL, ERR_DATA },
	{ "OperationAborted", FAULT_AGAIN, ERR_CONFLICT },
	{ "ConditionalRequestConflict", FAULT_AGAIN, ERR_CONFLICT },
	{ "IDPCommunicationError", FAULT_AGAIN, ERR_NET },
	{ "RequestTimeTooSkewed", FAULT_CLOCK, ERR_AUTH },
	{ "RequestExpired", FAULT_CLOCK, ERR_AUTH },
	{ "RequestInTheFuture", FAULT_CLOCK, ERR_AUTH },
	{ "InvalidSignatureException", FAULT_SIGNED, ERR_AUTH },
	{ "SignatureDoesNotMatch", FAULT_SIGNED, ERR_AUTH },
	{ "AuthFailure", FAULT_SIGNED, ERR_AUTH },
	{ "ExpiredToken", FAULT_EXPIRED, ERR_AUTH },
	{ "ExpiredTokenException", FAULT_EXPIRED, ERR_AUTH },
	{ "TokenRefreshRequired", FAULT_EXPIRED, ERR_AUTH },
	{ "PermanentRedirect", FAULT_REGION, ERR_CONFIG },
	{ "TemporaryRedirect", FAULT_REGION, ERR_CONFIG },
	{ "AuthorizationHeaderMalformed", FAULT_REGION, ERR_CONFIG },
	{ "IllegalLocationConstraintException", FAULT_REGION, ERR_CONFIG },
	{ "AccessDenied", FAULT_FINAL, ERR_AUTH },
	{ "AccessDeniedException", FAULT_FINAL, ERR_AUTH },
	{ "UnrecognizedClientException", FAULT_FINAL, ERR_AUTH },
	{ "InvalidClientTokenId", FAULT_FINAL, ERR_AUTH },
	{ "InvalidToken", FAULT_FINAL, ERR_AUTH },
	{ "InvalidIdentityToken", FAULT_FINAL, ERR_AUTH },
	{ "MissingAuthenticationTokenException", FAULT_FINAL, ERR_AUTH },
	{ "ResourceNotFoundException", FAULT_FINAL, ERR_NOTFOUND },
	{ "ConflictException", FAULT_FINAL, ERR_CONFLICT },
	{ "ServiceQuotaExceededException", FAULT_FINAL, ERR_REMOTE },
};

/* Where no code is: an answer to HEAD, or of something between. */
static const struct by_status {
	int status;
	const char *code;
	enum fault_kind kind;
	enum err_code err;
} statuses[] = {
	{ 301, "PermanentRedirect", FAULT_REGION, ERR_CONFIG },
	{ 307, "TemporaryRedirect", FAULT_REGION, ERR_CONFIG },
	{ 400, "BadRequest", FAULT_FINAL, ERR_REMOTE },
	{ 401, "Unauthorized", FAULT_FINAL, ERR_AUTH },
	{ 403, "Forbidden", FAULT_FINAL, ERR_AUTH },
	{ 404, "NotFound", FAULT_FINAL, ERR_NOTFOUND },
	{ 408, "RequestTimeout", FAULT_AGAIN, ERR_TIMEOUT },
	{ 409, "Conflict", FAULT_FINAL, ERR_CONFLICT },
	{ 429, "TooManyRequests", FAULT_THROTTLE, ERR_NET },
	{ 500, "InternalError", FAULT_AGAIN, ERR_NET },
	{ 502, "BadGateway", FAULT_AGAIN, ERR_NET },
	{ 503, "ServiceUnavailable", FAULT_AGAIN, ERR_NET },
	{ 504, "GatewayTimeout", FAULT_AGAIN, ERR_NET },
};

static void
classify(void *mem, int status, struct fault *f)
{
	const struct by_status *s = NULL;

	f->kind = FAULT_FINAL;
	f->err = ERR_REMOTE;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			s = &statuses[i];
	if (s) {
		f->kind = s->kind;
		f->err = s->err;
	}
	for (size_t i = 0; f->code && i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(f->code, codes[i].code))
			continue;
		f->kind = codes[i].kind;
		f->err = codes[i].err;
	}
	if (!f->code)
		f->code = s ? s->code : mem_printf(mem, "status %d", status);
}

/* "com.amazonaws.emr#ValidationException:http://..": the word in the middle. */
static const char *
bare_code(void *mem, const char *text)
{
	const char *hash = strchr(text, '#');
	const char *s = hash ? hash + 1 : text;

	return mem_strndup(mem, s, strcspn(s, ": "));
}

static const char *
json_text(void *mem, const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s && *s ? mem_strndup(mem, s, MESSAGE_MAX) : NULL;
}

static void
read_json(void *mem, const struct strbuf *body, struct fault *f)
{
	json_t *root = json_loadb(body->s, body->len, 0, NULL);
	const char *type = json_text(mem, root, "__type");

	if (!type)
		type = json_text(mem, root, "code");
	if (type && !f->code)
		f->code = bare_code(mem, type);
	f->message = json_text(mem, root, "message");
	if (!f->message)
		f->message = json_text(mem, root, "Message");
	json_decref(root);
}

struct xml_fault {
	void *mem;
	struct fault *f;
};

/* <Error><Code>, or one of its kind deeper in <ErrorResponse>: the first counts. */
static void
take_xml(void *arg, const char *path, const char *text)
{
	struct xml_fault *x = arg;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char **to = !strcmp(name, "Code")	     ? &x->f->code
			  : !strcmp(name, "Message") ? &x->f->message
			  : !strcmp(name, "Region")  ? &x->f->region
						     : NULL;

	if (to && !*to && *text)
		*to = mem_strndup(x->mem, text, MESSAGE_MAX);
}

static void
read_xml(void *mem, const struct strbuf *body, struct fault *f)
{
	struct xml_fault x = { mem, f };

	/* What stands before the place where it breaks is said. */
	err_free(xml_read(body->s, body->len, NULL, take_xml, &x));
}

static char
first_char(const struct strbuf *body)
{
	size_t n = body->len ? strspn(body->s, " \t\r\n") : 0;

	return n < body->len ? body->s[n] : '\0';
}

void
fault_read(void *mem, const struct aws_answer *answer, struct fault *out)
{
	const char *type = aws_header(answer, "x-amzn-errortype");
	const char *region = aws_header(answer, "x-amz-bucket-region");

	*out = (struct fault){ .code = type ? bare_code(mem, type) : NULL };
	if (first_char(&answer->body) == '<')
		read_xml(mem, &answer->body, out);
	else if (first_char(&answer->body) == '{')
		read_json(mem, &answer->body, out);
	if (region)
		out->region = region;
	if (out->code && !*out->code)
		out->code = NULL;
	out->silent = !out->code && !answer->body.len;
	classify(mem, answer->status, out);
	/* The clock or the credentials may be to blame. */
	if (out->silent && (answer->status == 400 || answer->status == 403))
		out->kind = answer->status == 403 ? FAULT_SIGNED : FAULT_EXPIRED;
	/* 400 and 403 of the wrong region say it here alone. */
	if (out->kind == FAULT_REGION && !out->region)
		out->kind = FAULT_FINAL;
}

static void
ignore(void *arg, const char *path, const char *text)
{
	(void)arg, (void)path, (void)text;
}

bool
fault_late(void *mem, const struct aws_answer *answer, struct fault *out)
{
	struct aws_answer as = *answer;
	struct err *e = first_char(&answer->body) == '<'
				? xml_read(answer->body.s, answer->body.len, "Error", ignore, NULL)
				: NULL;
	bool late = e && err_remote_of(e);

	err_free(e);
	if (!late)
		return false;
	as.status = 500;
	fault_read(mem, &as, out);
	return true;
}

/* "User: U is not authorized to perform: A on resource: R because ..": what to allow. */
static struct err *
denied_hint(struct err *e, const char *message)
{
	const char *action = strstr(message, "to perform: ");
	const char *resource = strstr(message, "on resource: ");

	if (!action)
		return err_hint(e, "the role or the bucket's policy does not allow it");
	action += strlen("to perform: ");
	int n = (int)strcspn(action, " ");
	if (!resource)
		return err_hint(e, "allow %.*s in the role's policy", n, action);
	resource += strlen("on resource: ");
	return err_hint(e, "allow %.*s on %.*s in the role's policy", n, action,
			(int)strcspn(resource, " "), resource);
}

struct err *
fault_err(const struct fault *f, const char *subject)
{
	struct err *e = err_new(f->err, "%s: %s%s%s", subject, f->code, f->message ? ": " : "",
				f->message ? f->message : "");

	e = err_remote(e, f->code);
	if (f->silent)
		return e;
	if (!strncmp(f->code, "AccessDenied", strlen("AccessDenied")))
		return denied_hint(e, f->message ? f->message : "");
	if (f->kind == FAULT_CLOCK)
		return err_hint(e, "set this machine's clock: it differs from the service's");
	if (f->kind == FAULT_EXPIRED)
		return err_hint(e, "log in again, or renew the credentials");
	if (f->kind == FAULT_SIGNED)
		return err_hint(e, "the secret key does not belong to the access key");
	return e;
}
