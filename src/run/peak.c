#include "run/peak.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void
peak_reset(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "5", 1);
	close(fd);
}

long long
peak_kib(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	long long kib = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "VmHWM: %lld", &kib) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kib;
}
