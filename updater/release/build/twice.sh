#!/bin/sh
# Builds twice, as differently as one machine can, and compares: twice.sh REPOSITORY FETCHED SCRATCH
#
#                first                           second
#   folder       SCRATCH/1/bulkhead              a longer one, with a space and an umlaut in it
#   user         who calls                       another one without a name, where root calls
#   time         now                             400 days later (and later anyway)
#   locale       C, UTC                          Turkish, the Chatham Islands' time
#   umask        022                             077
#   cores        all                             one
#   environment  as it is                        empty, but for what lies in wait
#
# What is built is the commit that is checked out in REPOSITORY. Exit codes: those of compare.sh.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ $# -eq 3 ] || { echo "usage: twice.sh REPOSITORY FETCHED SCRATCH" >&2; exit 2; }
repository=$(CDPATH='' cd -- "$1" && pwd)
fetched=$(CDPATH='' cd -- "$2" && pwd)
mkdir -p "$3"
scratch=$(CDPATH='' cd -- "$3" && pwd)
chmod 755 "$scratch"
other="$scratch/a longer folder with an ümlaut"
mkdir "$scratch/1" "$other"
git -c safe.directory='*' clone --quiet "$repository" "$scratch/1/bulkhead"
git -c safe.directory='*' clone --quiet "$repository" "$other/source"
build=updater/release/build/build.sh

(umask 022; LC_ALL=C TZ=UTC "$scratch/1/bulkhead/$build" "$fetched" "$scratch/1/out") > "$scratch/1/log" 2>&1 ||
    { tail -n 30 "$scratch/1/log" >&2; exit 2; }

# Another user may not reach this one's folders, so toolchain and what was fetched lie where it can read them.
near() { cp -Rl "$@" 2> /dev/null || cp -R "$@"; }
as=
toolchain=$(cd "$repository" && rustc --print sysroot)
if [ "$(id -u)" = 0 ]; then
    chown -R 61234:61234 "$other"
    mkdir "$other/toolchain" "$other/fetched"
    near "$toolchain/bin" "$toolchain/lib" "$other/toolchain"
    near "$fetched/." "$other/fetched"
    toolchain=$other/toolchain fetched=$other/fetched
    as="setpriv --reuid 61234 --regid 61234 --clear-groups"
    $as test -r "$fetched" -a -x "$toolchain/bin/rustc" ||
        { echo "twice.sh: another user cannot reach $scratch: give a folder that all can" >&2; exit 2; }
fi
core=$(taskset --cpu-list --pid $$ | sed 's/.*: //; s/[-,].*//')
# shellcheck disable=SC2086
(umask 077; taskset --cpu-list "$core" $as env --ignore-environment PATH="$toolchain/bin:/usr/bin:/bin" HOME=/nowhere USER=somebody \
    LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 TZ=Pacific/Chatham CFLAGS=-O0 RUSTFLAGS=-Copt-level=0 CARGO_BUILD_JOBS=1 \
    BULKHEAD_CLOCK=34560000 "$other/source/$build" "$fetched" "$other/out") > "$other/log" 2>&1 ||
    { tail -n 30 "$other/log" >&2; exit 2; }

"$here/compare.sh" "$scratch/1/out" "$other/out"
