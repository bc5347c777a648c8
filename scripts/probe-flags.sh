#!/bin/sh
# Print those of the given flags that the compiler has.
#
# usage: probe-flags.sh CC FLAG...
#
# All at once first: on a compiler that has them all this is one short compilation.
set -eu
cc=$1
shift
# --coverage writes its notes where we stand
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# A system header, because glibc warns there of a _FORTIFY_SOURCE that it lacks.
has() {
	# shellcheck disable=SC2086 # CC may be "ccache gcc"
	printf '#include <stdio.h>\n' | $cc -Werror -O2 "$@" -x c -c -o /dev/null - 2>/dev/null
}

if has "$@"; then
	echo "$*"
	exit
fi
for flag; do
	# -U alone says nothing; it travels with its -D
	if has "$flag"; then printf '%s ' "$flag"; fi
done
