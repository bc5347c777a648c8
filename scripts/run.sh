#!/bin/bash
# From a built program to a loaded warehouse: start the embedded stack, set it up and load it
# where that was not done yet, then open bikeops.
#
# usage: [DATASET=dir] [KEEP=1] run.sh BIKEOPS
#
# DATASET  the nine CSV files to import; otherwise a shop is generated
# KEEP     leave running what was started, without a terminal too
set -euo pipefail
bikeops=$1
scratch=
started=

say() { echo "run: $*" >&2; }

leave() {
	local status=$?
	[ -z "$scratch" ] || rm -rf "$scratch"
	if [ -n "$started" ] && [ ! -t 1 ] && [ "${KEEP:-}" != 1 ]; then
		say "stops what it started; KEEP=1 leaves it running"
		"$bikeops" local down >&2
	else
		say "the embedded stack runs on; '$bikeops local down' stops it"
	fi
	exit $status
}

# A word of `bikeops status`, stack or next; it ends with 3 where the stack is down
status() { { "$bikeops" status --output json 2>/dev/null || true; } | sed -nE "s/.*\"$1\": *\"([^\"]*)\".*/\1/p"; }

set_up() {
	if [ -z "${DATASET:-}" ]; then
		scratch=$(mktemp -d)
		say "generates a shop; DATASET=dir imports another"
		"$bikeops" generate --scale 1 --seed 1 --out "$scratch/shop" >&2
	fi
	"$bikeops" setup --dataset "${DATASET:-$scratch/shop}" >&2
}

before=$(status stack)
"$bikeops" local up >&2
[ "$before" = up ] || started=yes
trap leave EXIT
[ "$(status next)" != 'bikeops setup' ] || set_up
[ "$(status next)" != 'bikeops run full' ] || "$bikeops" run full >&2
"$bikeops"
