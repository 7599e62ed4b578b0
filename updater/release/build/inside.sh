#!/bin/sh
# The part of build.sh that runs in the build's root: inside.sh SECONDS, by which the clock is to be wrong. What it makes
# lies in /made.
set -eu
umask 022
cat > /cargo/config.toml <<CONFIG
[source.crates-io]
replace-with = "vendored"
[source.vendored]
directory = "/vendor"
CONFIG
here=/source/updater/release/build
if [ "$1" != 0 ]; then
    cc -shared -fPIC -O1 -DOFFSET="$1" -o /tmp/clock.so "$here/clock.c"
    export LD_PRELOAD=/tmp/clock.so
    date >&2
fi
mkdir -p /made/files/bin /made/files/rules /made/files/metadata
# The programs alone are one build, so that nothing else has a say in how their crates are built.
crates=$(sed 's/ .*//; s/^/-p /' "$here/programs")
# shellcheck disable=SC2086
cargo build --frozen --release --bins $crates
while read -r _ program; do
    cp "/target/release/$program" "/made/files/bin/$program"
    # The launcher has no rules: it lays them on the others. The installer runs before there are any.
    case $program in
    bulkhead | bulkhead-install) ;;
    *) cp "/source/sandbox-rules/rules/${program#bulkhead-}.json" /made/files/rules/ ;;
    esac
done < "$here/programs"
if [ -d "$here/metadata" ]; then cp -R "$here/metadata/." /made/files/metadata/; fi
cargo build --frozen --release -p bulkhead-pack
/target/release/bulkhead-pack /made/files "$here/about.json" /made/package
