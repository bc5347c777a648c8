#!/bin/sh
# Put libduckdb.so of the pinned npm package into build/lib.  The cache keeps a copy, so that
# another checkout and `make clean` cost no network.
#
# usage: fetch-duckdb.sh [--check]   only look: exit 1 where it is missing or another
set -eu
cd "$(dirname "$0")/.."

VERSION=1.5.6-r.1
REGISTRY=${npm_config_registry:-https://registry.npmjs.org}
CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/bikeops
TARGET=build/lib/libduckdb.so

say() { echo "fetch-duckdb: $*" >&2; }

# package: SHA-512, as the registry publishes it; library: SHA-256 of the file in it
case $(uname -m) in
x86_64)
	cpu=x64
	package=21772b64913a904a8cd19e30c1d5671811d7fdface4b7dd53cd0300d743f43e16cf386f4e7c41ef78721ac208870d2651bc6375072145387817824315b998dd5
	library=3f4962cdd266eab2b479a5b5a4a6d063d279b2954ae814ed00385d553b747633
	;;
aarch64 | arm64)
	cpu=arm64
	package=de39d46838a5d41ac5ffabc067055a227275c6805a5861c1e0f0e2527cc958a0a8f1af132f1f63eff80fc8f97f5064417edad822e4e28516527c5e2658c82d58
	library=23686593dba4ec22c6e581bb1c843b3964e84c4bc4d0063d8b4daddd2e20e30a
	;;
*)
	say "there is no libduckdb for '$(uname -m)'"
	exit 2
	;;
esac
cached=$CACHE/libduckdb-${VERSION%-*}.so

is_good() { [ -f "$1" ] && echo "$library  $1" | sha256sum --check --status -; }

download() {
	name=node-bindings-linux-$cpu
	url=$REGISTRY/@duckdb/$name/-/$name-$VERSION.tgz
	mkdir -p "$CACHE"
	work=$(mktemp -d "$CACHE/fetch.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	say "downloads $url"
	curl -fsSL --retry 3 -o "$work/package.tgz" "$url"
	echo "$package  $work/package.tgz" | sha512sum --check --status - || {
		say "'$url' is not the pinned package: its sum differs"
		exit 1
	}
	tar -xzf "$work/package.tgz" -C "$work" package/libduckdb.so
	mv "$work/package/libduckdb.so" "$cached"
}

is_good "$TARGET" && exit 0
if [ "${1:-}" = --check ]; then
	say "'$TARGET' is missing or not DuckDB $VERSION"
	exit 1
fi
is_good "$cached" || download
mkdir -p "${TARGET%/*}"
# under another name first: a run that has the old one mapped goes on with it
cp "$cached" "$TARGET.new"
mv "$TARGET.new" "$TARGET"
