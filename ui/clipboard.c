#include "base/mem.h"
#include "base/strbuf.h"
#include "ui/console.h"
#include "ui/output.h"

#include <stdlib.h>
#include <string.h>

/* Source: xterm's ctlseqs, OSC 52; most terminals take no more in one sequence. */
#define CLIPBOARD_MAX 74994

static void
base64(struct strbuf *sb, const unsigned char *s, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)s[i] << 16;

		v |= i + 1 < n ? (unsigned)s[i + 1] << 8 : 0;
		v |= i + 2 < n ? (unsigned)s[i + 2] : 0;
		strbuf_char(sb, digits[v >> 18]);
		strbuf_char(sb, digits[v >> 12 & 63]);
		strbuf_char(sb, i + 1 < n ? digits[v >> 6 & 63] : '=');
		strbuf_char(sb, i + 2 < n ? digits[v & 63] : '=');
	}
}

/* tmux and screen pass on to their terminal what stands in a DCS. */
void
ui_copy(struct ui *ui, const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	const char *term = getenv("TERM");
	bool tmux = getenv("TMUX") != NULL;
	bool screen = !tmux && term && !strncmp(term, "screen", 6);
	size_t n = strlen(text);
	struct strbuf sb;

	if (n > CLIPBOARD_MAX / 4 * 3) {
		ui_say(ui, "%zu bytes are too many to copy; Ctrl-L prints", n);
		return;
	}
	strbuf_init(&sb, tmp, 2 * CLIPBOARD_MAX);
	strbuf_str(&sb, tmux	 ? "\033Ptmux;\033\033]52;c;"
			: screen ? "\033P\033]52;c;"
				 : "\033]52;c;");
	base64(&sb, (const unsigned char *)text, n);
	strbuf_str(&sb, tmux || screen ? "\a\033\\" : "\a");
	output_add(sb.s, sb.len);
	ui_say(ui, "sent %zu bytes to the terminal's clipboard", n);
}
