#include "base/mem.h"
#include "base/strbuf.h"
#include "ui/console.h"
#include "ui/output.h"

#include <stdlib.h>
#include <string.h>

/* Source: xterm's ctlseqs, OSC 52; most terminals take no more in one sequence. */
#define CLIPBOARD_MAX 74994
/* Source: GNU screen's MAXSTR, 256 in version 4.0; what is longer it prints. */
#define SCREEN_MAX    240

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

/* screen passes on what stands in a DCS, part by part. */
static void
copy_through_screen(struct strbuf *sb, const struct strbuf *osc)
{
	for (size_t i = 0; i < osc->len; i += SCREEN_MAX) {
		size_t left = osc->len - i;

		strbuf_str(sb, "\033P");
		strbuf_add(sb, osc->s + i, left < SCREEN_MAX ? left : SCREEN_MAX);
		strbuf_str(sb, "\033\\");
	}
}

/* tmux takes it itself where set-clipboard is on, and passes it on where allow-passthrough is. */
static void
copy_through_tmux(struct strbuf *sb, const struct strbuf *osc)
{
	strbuf_add(sb, osc->s, osc->len);
	strbuf_str(sb, "\033Ptmux;\033");
	strbuf_add(sb, osc->s, osc->len);
	strbuf_str(sb, "\033\\");
}

void
ui_copy(struct ui *ui, const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	const char *term = getenv("TERM");
	size_t n = strlen(text);
	struct strbuf osc, sb;

	if (n > CLIPBOARD_MAX / 4 * 3) {
		ui_say(ui, "%zu bytes are too many to copy; Ctrl-L prints", n);
		return;
	}
	strbuf_init(&osc, tmp, 2 * CLIPBOARD_MAX);
	strbuf_init(&sb, tmp, 3 * CLIPBOARD_MAX);
	strbuf_str(&osc, "\033]52;c;");
	base64(&osc, (const unsigned char *)text, n);
	strbuf_char(&osc, '\a');
	if (getenv("TMUX"))
		copy_through_tmux(&sb, &osc);
	else if (term && !strncmp(term, "screen", 6))
		copy_through_screen(&sb, &osc);
	else
		strbuf_add(&sb, osc.s, osc.len);
	output_add(sb.s, sb.len);
	ui_say(ui, "sent %zu bytes to the terminal's clipboard", n);
}
