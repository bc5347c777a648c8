#!/bin/bash
# Install what bikeops is built from, runs on and is tested with.
#
# usage: deps.sh install   packages and libduckdb
#        deps.sh check     only look: exit 1 and name what is missing
#        deps.sh test DIR  the above, what the tests need, and a Python environment in DIR/venv
#        deps.sh peers DIR the above, Java, what tests/peers need in DIR/peers-venv, jars in the cache
#
# What is there already costs no network.  Exit 2 when something cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/.."

BUILD_PACKAGES=(gcc libc6-dev make pkg-config libpq-dev libjansson-dev libssl-dev libtalloc-dev
	libcurl4-openssl-dev libexpat1-dev zlib1g-dev
	libncurses-dev libreadline-dev libcmocka-dev postgresql ca-certificates curl)
TEST_PACKAGES=(python3 faketime shellcheck mandoc tmux screen)
PEER_PACKAGES=(openjdk-17-jre-headless maven)
CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/bikeops

say() { echo "deps: $*" >&2; }

installed() {
	case $1 in
	gcc | make | curl | python3 | shellcheck | mandoc | tmux | screen) command -v "$1" >/dev/null ;;
	openjdk-*) command -v java >/dev/null ;;
	maven) command -v mvn >/dev/null ;;
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

# Wheels stay in the cache, so that a second environment needs no network.  The lists are complete.
venv() {
	local dir=$1 list=$2 stamp wheels=$CACHE/wheels
	stamp=$(cat tests/requirements.txt "$list" <(python3 -VV) | sha256sum)
	[ "$(cat "$dir/stamp" 2>/dev/null)" != "$stamp" ] || return 0
	say "makes the Python environment $dir"
	rm -rf "$dir"
	python3 -m venv "$dir"
	set -- "$dir/bin/pip" -q --disable-pip-version-check
	if ! "$@" install --no-deps --no-index --find-links "$wheels" -r "$list" 2>/dev/null; then
		"$@" wheel --no-deps --no-cache-dir -w "$wheels" -r "$list" >&2 || {
			say "cannot fetch the packages of $list"
			exit 2
		}
		"$@" install --no-deps --no-index --find-links "$wheels" -r "$list"
	fi
	echo "$stamp" >"$dir/stamp"
}

# The jars that tests/peers/jars.txt names, each without what it depends on.
jars() {
	local dir=$CACHE/jars artifact name version classifier
	while read -r artifact _; do
		case $artifact in '' | '#'*) continue ;; esac
		IFS=: read -r _ name version _ classifier <<<"$artifact"
		[ ! -s "$dir/$name-$version${classifier:+-$classifier}.jar" ] || continue
		say "fetches $artifact"
		mvn -q -B dependency:copy -Dartifact="$artifact" -DoutputDirectory="$dir" </dev/null >&2 || {
			say "cannot fetch $artifact"
			exit 2
		}
	done <tests/peers/jars.txt
}

# A second S3 server, where there is Go to build it.
versitygw() {
	local version=1.8.0 bin
	bin=$CACHE/bin/versitygw-$version
	[ ! -x "$bin" ] || return 0
	command -v go >/dev/null || { say "no Go: S3 is tested on s3proxy alone"; return 0; }
	say "builds versitygw $version (3 minutes)"
	if GOBIN=$CACHE/bin go install "github.com/versity/versitygw/cmd/versitygw@v$version" >&2; then
		mv "$CACHE/bin/versitygw" "$bin"
	else
		say "cannot build versitygw: S3 is tested on s3proxy alone"
	fi
}

all_for_tests() {
	python3 -c 'import ensurepip, venv' 2>/dev/null || TEST_PACKAGES+=(python3-venv)
	install_all "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}" "$@"
}

case ${1:-} in
install) install_all "${BUILD_PACKAGES[@]}" ;;
check) look ;;
test)
	all_for_tests
	venv "$2/venv" tests/requirements.txt
	;;
peers)
	all_for_tests "${PEER_PACKAGES[@]}"
	servers=(/usr/lib/postgresql/*/bin/initdb)
	server=${servers[-1]%/bin/initdb}
	install_all "postgresql-plpython3-${server##*/}"
	venv "$2/peers-venv" tests/peers/requirements.txt
	jars
	versitygw
	;;
*)
	sed -n '4,7s/^# //p' "$0" >&2
	exit 2
	;;
esac
