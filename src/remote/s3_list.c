#include "base/mem.h"
#include "remote/s3_call.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_MAX (64 << 20) /* bytes of one page's XML */

/* One page of a list: what it holds and where the next begins. */
struct page {
	void *mem;
	bool encoded, more;
	char *next_key, *next_id; /* of uploads; of objects next_key alone */

	struct s3_object object; /* the one being read */
	struct s3_object *objects;
	size_t n;

	struct s3_upload upload;
	struct s3_upload *uploads;
	size_t n_uploads;
};

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

/* In place, as forms write it: a space may be a plus.  Source: the SDKs. */
static void
url_decode(char *text)
{
	char *to = text;

	for (const char *s = text; *s; s++) {
		int high = *s == '%' ? hex_digit(s[1]) : -1, low = high >= 0 ? hex_digit(s[2]) : -1;

		if (low >= 0) {
			*to++ = (char)(high << 4 | low);
			s += 2;
		} else {
			*to++ = *s == '+' ? ' ' : *s;
		}
	}
	*to = '\0';
}

/* One without its name is none. */
static void
object_end(struct page *p)
{
	if (p->object.key && p->n % 1000 == 0)
		p->objects = mem_grow(p->mem, p->objects, struct s3_object, p->n + 1000);
	if (p->object.key)
		p->objects[p->n++] = p->object;
	p->object = (struct s3_object){ .etag = "" };
}

static void
upload_end(struct page *p)
{
	if (p->upload.key && p->upload.id) {
		p->uploads = mem_grow(p->mem, p->uploads, struct s3_upload, p->n_uploads + 1);
		p->uploads[p->n_uploads++] = p->upload;
	}
	p->upload = (struct s3_upload){ 0 };
}

static void
object_take(void *arg, const char *path, const char *text)
{
	struct page *p = arg;

	if (!strcmp(path, "Contents/Key") || !strcmp(path, "CommonPrefixes/Prefix"))
		p->object.key = mem_strdup(p->mem, text);
	else if (!strcmp(path, "Contents/ETag"))
		p->object.etag = mem_strdup(p->mem, text);
	else if (!strcmp(path, "Contents/Size"))
		p->object.bytes = strtoll(text, NULL, 10);
	else if (!strcmp(path, "Contents/LastModified"))
		p->object.mtime = s3_time(text);
	else if (!strcmp(path, "Contents") || !strcmp(path, "CommonPrefixes"))
		object_end(p);
	else if (!strcmp(path, "IsTruncated"))
		p->more = !strcmp(text, "true");
	else if (!strcmp(path, "NextContinuationToken"))
		p->next_key = mem_strdup(p->mem, text);
	else if (!strcmp(path, "EncodingType"))
		p->encoded = !strcmp(text, "url");
}

static void
upload_take(void *arg, const char *path, const char *text)
{
	struct page *p = arg;

	if (!strcmp(path, "Upload/Key"))
		p->upload.key = mem_strdup(p->mem, text);
	else if (!strcmp(path, "Upload/UploadId"))
		p->upload.id = mem_strdup(p->mem, text);
	else if (!strcmp(path, "Upload/Initiated"))
		p->upload.begun = s3_time(text);
	else if (!strcmp(path, "IsTruncated"))
		p->more = !strcmp(text, "true");
	else if (!strcmp(path, "NextKeyMarker"))
		p->next_key = mem_strdup(p->mem, text);
	else if (!strcmp(path, "NextUploadIdMarker"))
		p->next_id = mem_strdup(p->mem, text);
	else if (!strcmp(path, "EncodingType"))
		p->encoded = !strcmp(text, "url");
	else if (!strcmp(path, "Upload"))
		upload_end(p);
}

static int
object_compare(const void *a, const void *b)
{
	return strcmp(((const struct s3_object *)a)->key, ((const struct s3_object *)b)->key);
}

/* Pairs whose value is NULL are left out. */
static struct err *
page_read(struct page *p, struct s3 *s3, const char *bucket, const struct aws_pair *wish,
	  size_t n_wish, const char *root, xml_element *take)
{
	AUTO_MEM void *tmp = mem_root();
	struct aws_pair *query = mem_array(tmp, struct aws_pair, n_wish + 1);
	struct aws_request request = {
		.method = "GET", .bucket = bucket, .path = "", .query = query, .max = PAGES_MAX
	};

	for (size_t i = 0; i < n_wish; i++) {
		if (wish[i].value)
			query[request.n_query++] = wish[i];
	}
	p->encoded = p->more = false;
	p->next_key = p->next_id = NULL;
	return s3_call_xml(tmp, s3, "list", &request, root, take, p);
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* Where more follows, a page says from where: not from where it began itself. */
static struct err *
page_leads_on(const struct page *p, const char *key, const char *id, const char *bucket)
{
	if (!p->more || (p->next_key && !(same(p->next_key, key) && same(p->next_id, id))))
		return NULL;
	return s3_failed(err_new(ERR_REMOTE, "a page tells no beginning of the next"), "list",
			 bucket, "");
}

static struct err *
list_page(struct page *p, struct s3 *s3, const char *bucket, const char *prefix,
	  const char *delimiter)
{
	AUTO_MEM char *size = mem_printf(NULL, "%d", s3->config.page);
	const struct aws_pair wish[] = {
		{ "list-type", "2" },
		{ "prefix", *prefix ? prefix : NULL },
		{ "delimiter", delimiter },
		{ "encoding-type", "url" },
		{ "max-keys", s3->config.page ? size : NULL },
		{ "continuation-token", p->next_key },
	};
	const char *from = p->next_key;
	size_t before = p->n;

	p->object = (struct s3_object){ .etag = "" };
	TRY(page_read(p, s3, bucket, wish, sizeof(wish) / sizeof(*wish), "ListBucketResult",
		      object_take));
	for (size_t i = before; p->encoded && i < p->n; i++)
		url_decode((char *)(uintptr_t)p->objects[i].key);
	return page_leads_on(p, from, NULL, bucket);
}

struct err *
s3_list(void *mem, struct s3 *s3, const char *bucket, const char *prefix, const char *delimiter,
	struct s3_object **list, size_t *n)
{
	struct page p = { .mem = mem_child(mem) };
	struct err *e;

	do
		e = list_page(&p, s3, bucket, prefix, delimiter);
	while (!e && p.more);
	if (e) {
		mem_free(p.mem);
		return e;
	}
	/* Objects and folders come apart, and one page after the other. */
	if (delimiter && p.n)
		qsort(p.objects, p.n, sizeof(*p.objects), object_compare);
	*list = p.objects;
	*n = p.n;
	return NULL;
}

static struct err *
uploads_page(struct page *p, struct s3 *s3, const char *bucket, const char *prefix)
{
	AUTO_MEM char *size = mem_printf(NULL, "%d", s3->config.page);
	const struct aws_pair wish[] = {
		{ "uploads", "" },
		{ "max-uploads", s3->config.page ? size : NULL },
		{ "prefix", *prefix ? prefix : NULL },
		{ "encoding-type", "url" },
		{ "key-marker", p->next_key },
		{ "upload-id-marker", p->next_id },
	};
	const char *key = p->next_key, *id = p->next_id;
	size_t before = p->n_uploads;

	TRY(page_read(p, s3, bucket, wish, sizeof(wish) / sizeof(*wish),
		      "ListMultipartUploadsResult", upload_take));
	for (size_t i = before; p->encoded && i < p->n_uploads; i++)
		url_decode((char *)(uintptr_t)p->uploads[i].key);
	if (p->encoded && p->next_key)
		url_decode(p->next_key);
	return page_leads_on(p, key, id, bucket);
}

struct err *
s3_uploads(void *mem, struct s3 *s3, const char *bucket, const char *prefix,
	   struct s3_upload **list, size_t *n)
{
	struct page p = { .mem = mem_child(mem) };
	struct err *e;

	do
		e = uploads_page(&p, s3, bucket, prefix);
	while (!e && p.more);
	if (e) {
		mem_free(p.mem);
		return e;
	}
	*list = p.uploads;
	*n = p.n_uploads;
	return NULL;
}
