#include "remote/credentials.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/thread.h"
#include "base/time.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_US	 60000000LL
/* An instance whose keys expired uses them on, and asks again after so long. */
#define STABLE_US	 (15 * MINUTE_US)
#define STABLE_SPREAD_US (8 * MINUTE_US)

/* One profile's credentials in this process. */
struct shared {
	const char *profile;
	bool named;
	struct credentials now; /* id NULL: none yet */
	void *mem;		/* owns now */
	long long renew_us;	/* try to renew from here on; 0: never */
	long long must_us;	/* from here on nobody uses them without a try */
	bool busy;		/* somebody renews them */
	struct shared *next;
};

static struct shared *all;	      /* under state */
static struct mutex *state, *renewal; /* renewal: one asks, the others wait for what comes */

static int
wipe(char *secret)
{
	explicit_bzero(secret, strlen(secret));
	return 0;
}

static const char *
copy_secret(void *mem, const char *text)
{
	char *copy = text ? mem_strdup(mem, text) : NULL;

	if (copy)
		mem_on_free(copy, wipe);
	return copy;
}

void
credentials_copy(void *mem, const struct credentials *from, struct credentials *to)
{
	*to = *from;
	to->id = mem_strdup(mem, from->id);
	to->secret = copy_secret(mem, from->secret);
	to->token = copy_secret(mem, from->token);
	to->source = mem_strdup(mem, from->source);
}

/* --- where they are sought --- */

struct err *
credentials_from_environment(void *mem, const struct credentials_seek *seek,
			     struct credentials *out)
{
	const char *id = aws_variable("AWS_ACCESS_KEY_ID");
	const char *secret = aws_variable("AWS_SECRET_ACCESS_KEY");

	if (seek->named || !id)
		return NULL;
	if (!secret)
		return err_new(ERR_CONFIG,
			       "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY");
	struct credentials c = { .id = id,
				 .secret = secret,
				 .token = aws_variable("AWS_SESSION_TOKEN"),
				 .source = "the environment" };
	credentials_copy(mem, &c, out);
	return NULL;
}

struct err *
credentials_from_files(void *mem, const struct credentials_seek *seek, struct credentials *out)
{
	const char *id = profiles_get(seek->files, seek->profile, "aws_access_key_id");
	const char *secret = profiles_get(seek->files, seek->profile, "aws_secret_access_key");

	if (!id)
		return NULL;
	const char *file = profiles_file(seek->files, seek->profile, "aws_access_key_id");
	if (!secret)
		return err_new(ERR_CONFIG, "profile '%s' in '%s' has no aws_secret_access_key",
			       seek->profile, file);
	struct credentials c = {
		.id = id,
		.secret = secret,
		.token = profiles_get(seek->files, seek->profile, "aws_session_token"),
		.source = mem_printf(mem, "profile '%s' in '%s'", seek->profile, file)
	};
	credentials_copy(mem, &c, out);
	return NULL;
}

/* In the SDKs' order. */
static const struct place {
	const char *name;
	credentials_place *from;
	bool machine; /* whoever asks: no profile names it */
} places[] = {
	{ "the environment", credentials_from_environment, true },
	{ "role_arn", credentials_from_role, false },
	{ "web identity", credentials_from_web_identity, false },
	{ "SSO", credentials_from_sso, false },
	{ "the shared files", credentials_from_files, false },
	{ "credential_process", credentials_from_process, false },
	{ "the container", credentials_from_container, true },
	{ "the instance's role", credentials_from_instance, true },
};

static struct err *
seek_in(void *mem, const struct credentials_seek *seek, bool machine, struct credentials *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf sought;

	strbuf_init(&sought, tmp, 1024);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].machine && !machine)
			continue;
		TRY(places[i].from(mem, seek, out));
		if (out->id)
			return NULL;
		strbuf_printf(&sought, "%s%s", sought.len ? ", " : "", places[i].name);
	}
	return err_hint(err_new(ERR_AUTH, "no AWS credentials for profile '%s'; sought in: %s",
				seek->profile, sought.s),
			"set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
}

struct err *
credentials_from_profile(void *mem, const struct credentials_seek *seek, struct credentials *out)
{
	return seek_in(mem, seek, false, out);
}

/* --- as JSON --- */

static const char *
json_text(const json_t *root, const char *key)
{
	const char *s = json_string_value(json_object_get(root, key));

	return s && *s && !strpbrk(s, "\r\n") ? s : NULL;
}

static struct err *
take_json(void *mem, const json_t *root, const char *token, struct credentials *out)
{
	const char *until = json_text(root, "Expiration");
	struct credentials c = { .id = json_text(root, "AccessKeyId"),
				 .secret = json_text(root, "SecretAccessKey"),
				 .token = json_text(root, token),
				 .source = "" };

	if (!c.id || !c.secret)
		return err_new(ERR_REMOTE, "the answer holds no credentials");
	if (until && !time_parse(until, &c.expires_us))
		return err_new(ERR_REMOTE, "the answer's Expiration is no time");
	credentials_copy(mem, &c, out);
	return NULL;
}

struct err *
credentials_parse(void *mem, const char *json, size_t bytes, const char *token,
		  struct credentials *out)
{
	json_t *root = json_loadb(json, bytes, 0, NULL);
	struct err *e = take_json(mem, root, token, out);

	json_decref(root);
	return e;
}

/* --- shared by all threads --- */

static struct shared *
shared_of(const struct credentials_seek *seek)
{
	struct shared *s = all;

	while (s && (strcmp(s->profile, seek->profile) || s->named != seek->named))
		s = s->next;
	if (!s) {
		s = mem_new(NULL, struct shared);
		s->profile = mem_strdup(s, seek->profile);
		s->named = seek->named;
		s->next = all;
		all = s;
	}
	return s;
}

/* Under state: do they do for now? */
static bool
usable(const struct shared *s, long long now)
{
	if (!s->now.id)
		return false;
	return !s->renew_us || now < s->renew_us || (s->busy && now < s->must_us);
}

static void
keep(struct shared *s, void *mem, const struct credentials *c, long long now)
{
	long long left = c->expires_us - now;
	long long advisory = left / 3 < 15 * MINUTE_US ? left / 3 : 15 * MINUTE_US;
	long long mandatory = left / 6 < 10 * MINUTE_US ? left / 6 : 10 * MINUTE_US;

	if (s->mem)
		mem_free(s->mem);
	s->mem = mem;
	s->now = *c;
	s->renew_us = c->expires_us ? c->expires_us - advisory : 0;
	s->must_us = c->expires_us - mandatory;
	if (c->outlive && left <= 0)
		s->renew_us = s->must_us = now + STABLE_US + left % STABLE_SPREAD_US;
}

static bool
still_good(const struct shared *s, long long now)
{
	return s->now.id && (s->now.outlive || now < s->now.expires_us);
}

/* Under renewal, by the one who asks. */
static struct err *
renew(void *mem, struct shared *s, const struct credentials_seek *seek, struct credentials *out)
{
	void *fresh = mem_root();
	struct credentials c = { 0 };
	struct err *e = seek_in(fresh, seek, true, &c);
	long long now = time_now_us();

	mutex_lock(state);
	s->busy = false;
	if (!e) {
		keep(s, fresh, &c, now);
		fresh = NULL;
	} else if (still_good(s, now) && e->code != ERR_CANCELLED) {
		s->renew_us = now + MINUTE_US;
		err_free(e);
		e = NULL;
	}
	if (!e) /* before another finds them expired */
		credentials_copy(mem, &s->now, out);
	mutex_unlock(state);
	if (fresh)
		mem_free(fresh);
	return e;
}

static bool
take(void *mem, struct shared *s, struct credentials *out)
{
	bool ok = usable(s, time_now_us());

	if (ok)
		credentials_copy(mem, &s->now, out);
	return ok;
}

struct err *
credentials_get(void *mem, const struct credentials_seek *seek, struct credentials *out)
{
	struct err *e = NULL;

	mutex_lock(mutex_shared(&state));
	struct shared *s = shared_of(seek);
	bool done = take(mem, s, out);
	mutex_unlock(state);
	if (done)
		return NULL;
	mutex_lock(mutex_shared(&renewal));
	mutex_lock(state);
	done = take(mem, s, out);
	s->busy = !done;
	mutex_unlock(state);
	if (!done)
		e = renew(mem, s, seek, out);
	mutex_unlock(renewal);
	return e;
}

void
credentials_expired(const struct credentials *c)
{
	mutex_lock(mutex_shared(&state));
	for (struct shared *s = all; s; s = s->next)
		if (s->now.id && !strcmp(s->now.id, c->id))
			s->now.id = NULL;
	mutex_unlock(state);
}
