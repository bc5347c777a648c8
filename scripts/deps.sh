#!/bin/bash
# Install what bikeops is built from, runs on and is tested with.
#
# usage: deps.sh install   packages and libduckdb
#        deps.sh check     only look: exit 1 and name what is missing
#        deps.sh test DIR  the above, what the tests need, and a Python environment in DIR/venv
#
# What is there already costs no network.  Exit 2 when something cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/.."

BUILD_PACKAGES=(gcc libc6-dev make pkg-config libpq-dev libjansson-dev libssl-dev libtalloc-dev
	libcurl4-openssl-dev libexpat1-dev zlib1g-dev
	libncurses-dev libreadline-dev libcmocka-dev postgresql ca-certificates curl)
TEST_PACKAGES=(python3 faketime shellcheck mandoc)
CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/bikeops

say() { echo "deps: $*" >&2; }

installed() {
	case $1 in
	gcc | make | curl | python3 | shellcheck | mandoc) command -v "$1" >/dev/null ;;
	postgresql) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ;;
	*) dpkg-query -W -f '${db:Status-Abbrev}\n' "$1" 2>/dev/null | grep -q '^ii' ;;
	esac
}

missing() {
	local package
	for package; do
		installed "$package" || echo "$package"
	done
}

# apt's postgresql would make and start a cluster of its own; one that nobody asked for.
CLUSTER_CONF=/etc/postgresql-common/createcluster.d/bikeops.conf
no_main_cluster() {
	! grep -qsE '^[[:space:]]*create_main_cluster' /etc/postgresql-common/createcluster.conf || return 0
	say "writes $CLUSTER_CONF for this installation: create_main_cluster = false"
	"${AS_ROOT[@]}" mkdir -p "${CLUSTER_CONF%/*}"
	echo 'create_main_cluster = false' | "${AS_ROOT[@]}" tee "$CLUSTER_CONF" >/dev/null
}

AS_ROOT=()
APT=(env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -o DPkg::Lock::Timeout=120)

give_up() {
	say "$1; as root run:"
	echo "    apt-get update && apt-get install -y --no-install-recommends ${packages[*]}" >&2
	exit 2
}

become_root() {
	[ "$(id -u)" != 0 ] || return 0
	command -v sudo >/dev/null || give_up "cannot install: neither root nor sudo"
	AS_ROOT=(sudo)
	[ -t 0 ] || AS_ROOT=(sudo -n)
	say "runs '${AS_ROOT[*]} ${APT[*]} ...' to install: ${packages[*]}"
	"${AS_ROOT[@]}" true || give_up "cannot install: sudo refused"
}

install_packages() {
	local packages=("$@") status=0
	[ $# -gt 0 ] || return 0
	command -v apt-get >/dev/null || give_up "cannot install: no apt-get"
	become_root
	say "apt-get update"
	"${AS_ROOT[@]}" "${APT[@]}" -q update >&2 || say "some package lists are not up to date"
	say "apt-get install -y --no-install-recommends ${packages[*]}"
	case " ${packages[*]} " in *' postgresql '*) no_main_cluster ;; esac
	# apt-get fetches all before it unpacks the first
	"${AS_ROOT[@]}" "${APT[@]}" -q install -y --no-install-recommends "${packages[@]}" </dev/null >&2 || status=$?
	if [ -e "$CLUSTER_CONF" ]; then
		"${AS_ROOT[@]}" rm -f "$CLUSTER_CONF"
		"${AS_ROOT[@]}" rmdir -p --ignore-fail-on-non-empty "${CLUSTER_CONF%/*}"
	fi
	[ $status -eq 0 ] || give_up "apt-get failed"
}

look() {
	local lacks
	lacks=$(missing "${BUILD_PACKAGES[@]}" | tr '\n' ' ')
	[ -z "$lacks" ] || say "missing: $lacks"
	scripts/fetch-duckdb.sh --check || lacks="$lacks libduckdb"
	[ -z "$lacks" ] || exit 1
	say "everything is there"
}

install_all() {
	local lacks
	mapfile -t lacks < <(missing "$@")
	install_packages "${lacks[@]}"
	scripts/fetch-duckdb.sh || { say "cannot fetch libduckdb"; exit 2; }
}

# Wheels stay in the cache, so that a second environment needs no network.
venv() {
	local dir=$1/venv stamp wheels=$CACHE/wheels
	stamp=$(cat tests/requirements.txt <(python3 -VV) | sha256sum)
	[ "$(cat "$dir/stamp" 2>/dev/null)" != "$stamp" ] || return 0
	say "makes the Python environment $dir"
	rm -rf "$dir"
	python3 -m venv "$dir"
	set -- "$dir/bin/pip" -q --disable-pip-version-check
	if ! "$@" install --no-index --find-links "$wheels" -r tests/requirements.txt 2>/dev/null; then
		"$@" download -d "$wheels" -r tests/requirements.txt >&2 || {
			say "cannot fetch the packages of tests/requirements.txt"
			exit 2
		}
		"$@" install --no-index --find-links "$wheels" -r tests/requirements.txt
	fi
	echo "$stamp" >"$dir/stamp"
}

case ${1:-} in
install) install_all "${BUILD_PACKAGES[@]}" ;;
check) look ;;
test)
	python3 -c 'import ensurepip, venv' 2>/dev/null || TEST_PACKAGES+=(python3-venv)
	install_all "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
	venv "$2"
	;;
*)
	sed -n '4,6s/^# //p' "$0" >&2
	exit 2
	;;
esac
