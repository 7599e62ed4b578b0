#!/bin/sh
# Fetches Debian packages: fetch-debian.sh FETCHED LOCK
#
# They go to FETCHED/debian, each by its SHA-256 in LOCK. What mirrors no longer have, snapshot.debian.org has.
set -eu
LC_ALL=C
export LC_ALL
[ $# -eq 2 ] || { echo "usage: fetch-debian.sh FETCHED LOCK" >&2; exit 2; }
umask 022
mkdir -p "$1/debian"
fetched=$(CDPATH='' cd -- "$1" && pwd)
lock=$2

is() { [ -f "$2" ] && echo "$1  $2" | sha256sum --check --status; }

# apt's own downloader: it verifies what it gets, and knows the machine's proxies.
get() { /usr/lib/apt/apt-helper -qq download-file "$1" "$3" "SHA256:$2" 2> /dev/null; }

at=$(sed -n 's/^at //p' "$lock")
grep -E '^[0-9a-f]{64} ' "$lock" | while read -r digest path; do
    file=$fetched/debian/${path##*/}
    is "$digest" "$file" && continue
    rm -f "$file"
    get "http://deb.debian.org/$path" "$digest" "$file" ||
        get "http://snapshot.debian.org/archive/${path%%/*}/$at/${path#*/}" "$digest" "$file" ||
        { echo "fetch-debian.sh: neither deb.debian.org nor snapshot.debian.org has $path with the SHA-256 $digest" >&2; exit 1; }
done
