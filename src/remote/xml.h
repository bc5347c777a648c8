/* XML answers of AWS, element by element.  Source: XML 1.0, by expat. */
#ifndef BIKEOPS_REMOTE_XML_H
#define BIKEOPS_REMOTE_XML_H

#include "base/err.h"
#include "base/strbuf.h"

#include <stdbool.h>

/*
 * Called at the end of each element below the root, in order.
 * path  names below the root, of at most 8: "Contents/Key"
 * text  of the element itself, "" where it has none; borrowed
 */
typedef void xml_element(void *arg, const char *path, const char *text);

/*
 * Read a document; a declaration of entities is refused.
 * root    its name must be this: ERR_REMOTE with the service's code for <Error>; or NULL: any
 * errors  ERR_REMOTE: it is not XML, or not that document
 */
struct err *xml_read(const char *text, size_t n, const char *root, xml_element *take, void *arg)
	MUST_CHECK;
/* Text within an element; false where XML has no way to write it. */
bool xml_escape(struct strbuf *out, const char *text);

#endif
