#include "base/cancel.h"
#include "cmd/cmd.h"

#include <locale.h>

int
main(int argc, char **argv)
{
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	cancel_init();
	return cmd_main(argc, argv);
}
