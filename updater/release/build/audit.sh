#!/bin/sh
# Judges a release, builds it, and judges it again with what was built: audit.sh FETCHED SCRATCH ARGUMENT...
#
#   FETCHED    where fetch.sh keeps what it fetched
#   SCRATCH    a folder that is not there yet: SCRATCH/source is the release's commit, SCRATCH/out what came of it
#   ARGUMENT   those of `bulkhead-release audit`, without --package; `bulkhead-release` is on the path
#
# A release's own scripts build it, so they run only where nothing speaks against its commits. Exit codes: those of audit.
set -eu
fail() { echo "audit.sh: $1" >&2; exit "$2"; }
[ $# -gt 2 ] || fail "usage: audit.sh FETCHED SCRATCH ARGUMENT..." 2
fetched=$1 scratch=$2
shift 2
joint='' repository=. before=''
for word in "$@"; do
    case $before in
    --joint) joint=$word ;;
    --repo) repository=$word ;;
    esac
    [ "$word" != --package ] || fail "the package is the one that is built here: leave --package away" 2
    before=$word
done
[ "$joint" ] || fail "give --joint, the file with the parties' signatures" 2
mkdir "$scratch" || fail "$scratch must not be there yet" 2

code=0
bulkhead-release audit "$@" > "$scratch/before" || code=$?
if [ "$code" != 0 ]; then
    cat "$scratch/before"
    fail "it was not built, as something speaks against it already" "$code"
fi
# All statements of a joint signature name one commit, or the judge refuses them.
commit=$(sed -n 's/^commit \([0-9a-f]\{40\}\)$/\1/p' "$joint" | head -n 1)
git -c safe.directory='*' clone --quiet --no-checkout "$repository" "$scratch/source"
git -C "$scratch/source" -c advice.detachedHead=false checkout --quiet "$commit"
echo "audit.sh: building commit $commit, see $scratch/log" >&2
build=$scratch/source/updater/release/build
{ sh "$build/fetch.sh" "$fetched" && sh "$build/build.sh" "$fetched" "$scratch/out"; } > "$scratch/log" 2>&1 ||
    { tail -n 20 "$scratch/log" >&2; fail "it could not be built" 1; }
exec bulkhead-release audit --package "$scratch/out/package" "$@"
