#include "base/cancel.h"
#include "cmd/cmd.h"

#include <locale.h>

int
main(int argc, char **argv)
{
	/* Characters are the terminal's; words, of libraries too, are English, and so are numbers.
	 */
	setlocale(LC_CTYPE, "");
	cancel_init();
	return cmd_main(argc, argv);
}
