#!/bin/sh
# Fetches what a build needs, and nothing else does while it runs: fetch.sh FETCHED
#
#   FETCHED/debian   the packages of the build's root, as debian.lock lists them
#   FETCHED/crates   the crates that Cargo.lock lists
#
# All of it is known by SHA-256, here and again in build.sh, so it does not matter who serves it. What is there already is kept.
set -eu
LC_ALL=C
export LC_ALL
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
source=$(CDPATH='' cd -- "$here/../../.." && pwd)
[ $# -eq 1 ] || { echo "usage: fetch.sh FETCHED" >&2; exit 2; }
umask 022
mkdir -p "$1/crates"
fetched=$(CDPATH='' cd -- "$1" && pwd)

"$here/fetch-debian.sh" "$fetched" "$here/debian.lock"

is() { [ -f "$2" ] && echo "$1  $2" | sha256sum --check --status; }
crates() { awk -F '"' '/^name = /{name = $2} /^version = /{version = $2} /^checksum = /{print $2, name "-" version ".crate"}' "$1"; }
missing=
for crate in $(crates "$source/Cargo.lock" | tr ' ' ':'); do
    is "${crate%%:*}" "$fetched/crates/${crate#*:}" || missing=1
done
[ "$missing" ] || exit 0
(cd "$source" && cargo fetch --quiet --locked)
cache=${CARGO_HOME:-$HOME/.cargo}/registry/cache
crates "$source/Cargo.lock" | while read -r digest name; do
    found=
    for file in "$cache"/*/"$name"; do
        if is "$digest" "$file"; then found=$file; fi
    done
    [ "$found" ] || { echo "fetch.sh: cargo fetched no $name with the SHA-256 $digest" >&2; exit 1; }
    cp "$found" "$fetched/crates/$name"
done
