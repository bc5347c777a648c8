#include "base/cancel.h"
#include "cmd/cmd.h"

#include <fcntl.h>
#include <locale.h>
#include <unistd.h>

/* One that was closed would else be the next thing that is opened, a database's socket even, and
 * be written to.  Writing to this one fails as it did. */
static void
open_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int
main(int argc, char **argv)
{
	open_standard_files();
	/* Characters are the terminal's; words, of libraries too, are English, and so are numbers.
	 */
	setlocale(LC_CTYPE, "");
	cancel_init();
	return cmd_main(argc, argv);
}
