#!/bin/sh
# Prints a new debian.lock: what the build's root is made of, as Debian 12 has it today. Run on Debian 12, as anyone.
# Which packages: a C compiler, what libraries and generated code need, and the tools that build scripts call.
set -eu
wanted="gcc libc6-dev libssl-dev protobuf-compiler pkg-config dash coreutils tar gzip findutils sed grep zlib1g"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: > "$work/status"
cat > "$work/sources" <<SOURCES
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm-updates main
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian-security bookworm-security main
SOURCES
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
# Nothing is installed as far as apt knows here, so it names all that is needed.
ask() {
    "$@" -o Dir::State::status="$work/status" -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" \
        -o Dir::Etc::sourcelist="$work/sources" -o Dir::Etc::sourceparts=/dev/null -o APT::Architecture=amd64
}
ask apt-get update -qq
# shellcheck disable=SC2086
ask apt-get install --print-uris -qq -y --no-install-recommends $wanted |
    sed "s/^'\([^']*\)'.*/\1/; s/%2b/+/g; s/%7e/~/g" | LC_ALL=C sort > "$work/urls"
ask apt-cache dumpavail > "$work/available"
echo "# The packages of the build's root: SHA-256, and path on a Debian mirror. The first line says when they were current,"
echo "# so that snapshot.debian.org has them when mirrors no longer do. Made by lock-debian.sh."
echo "at $(date -u +%Y%m%dT%H%M%SZ)"
while read -r url; do
    path=${url#http://deb.debian.org/}
    digest=$(awk -v wanted="Filename: ${path#debian*/}" '$0 == wanted {found = 1} /^SHA256: / {digest = $2}
        /^$/ {if (found) {print digest; exit}; digest = ""; found = 0}' "$work/available")
    [ -n "$digest" ] || { echo "lock-debian.sh: no digest for $path" >&2; exit 1; }
    echo "$digest $path"
done < "$work/urls"
