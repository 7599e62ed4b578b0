#!/bin/sh
# Builds the package of the commit that is checked out here, with the same bytes for everybody: build.sh FETCHED OUT
#
#   FETCHED          what fetch.sh fetched
#   OUT/package      the package; OUT/release.json is its description, OUT/files what is in it, OUT/digests what it is known by
#
# What could differ from one machine to another is taken away or made the same:
#   * sources: the commit alone, neither changed nor untracked files
#   * compilers and libraries: Rust's has the digest in toolchain.sha256, all else is the Debian packages in debian.lock
#   * crates: those of Cargo.lock, by their hashes
#   * paths: in namespaces of its own (bubblewrap) the root is made of those alone, and everything lies in the same places
#   * network: there is none. User, host name, environment, language, time zone, umask: the same, whoever calls
#   * times: what programs may say of the time is the commit's
# It needs no root, only user namespaces, as the program itself does; bubblewrap, dpkg, git and a Rust toolchain.
#
# BULKHEAD_CLOCK is by how many seconds the clock that the build sees is wrong: for tests that it does not matter.
set -eu
LC_ALL=C
export LC_ALL
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
fail() { echo "build.sh: $1" >&2; exit 1; }
[ $# -eq 2 ] || { echo "usage: build.sh FETCHED OUT" >&2; exit 2; }
umask 022
fetched=$(CDPATH='' cd -- "$1" && pwd)
mkdir -p "$(dirname -- "$2")"
mkdir "$2" || fail "$2 must not be there yet"
out=$(CDPATH='' cd -- "$2" && pwd)
work=$out/work
root=$work/root
mkdir -p "$root" "$work/target" "$work/made"

# Whoever calls need not own the checkout.
repository() { git -c safe.directory='*' -C "$here" "$@"; }
commit=$(repository rev-parse --verify HEAD)
time=$(repository log -1 --format=%ct HEAD)
[ -z "$(repository status --porcelain)" ] || echo "build.sh: what is not committed is not built" >&2
top=$(repository rev-parse --show-toplevel)

# usr is merged, as in every Debian of today; no package brings these links.
mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64"
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done
mkdir "$root/source" "$root/vendor" "$root/rust" "$root/cargo" "$root/target" "$root/made" "$root/proc" "$root/dev" "$root/tmp"
git -c safe.directory='*' -c tar.umask=022 -C "$top" archive "$commit" | tar -x -C "$root/source"
lock=$root/source/updater/release/build

grep -E '^[0-9a-f]{64} ' "$lock/debian.lock" | sed 's| .*/|  |' > "$work/debian"
(cd "$fetched/debian" && sha256sum --check --quiet "$work/debian" >&2) ||
    fail "$fetched/debian does not hold what debian.lock lists: run fetch.sh"
while read -r _ file; do
    dpkg-deb --fsys-tarfile "$fetched/debian/$file" | tar -x --keep-directory-symlink --no-same-owner -C "$root"
done < "$work/debian"
# In Debian a link that installation scripts make.
ln -s gcc "$root/usr/bin/cc"

# Of the toolchain the build sees what is in the digest, and nothing else.
toolchain=$(cd "$top" && rustc --print sysroot)
seen=$(cd "$toolchain" && ls -d bin/cargo bin/rustc lib/*.so* lib/rustlib/x86_64-unknown-linux-gnu)
# shellcheck disable=SC2086
found=$(cd "$toolchain" && find $seen -type f | sort | xargs sha256sum | sha256sum | cut -d ' ' -f 1)
wanted=$(cut -d ' ' -f 1 "$lock/toolchain.sha256")
[ "$found" = "$wanted" ] ||
    fail "the Rust toolchain in $toolchain has the digest $found, not $wanted: install the one that rust-toolchain.toml names, with rustup"
mkdir -p "$root/rust/bin" "$root/rust/lib/rustlib/x86_64-unknown-linux-gnu"
set --
for name in $seen; do
    [ -d "$root/rust/$name" ] || : > "$root/rust/$name"
    set -- "$@" --ro-bind "$toolchain/$name" "/rust/$name"
done

awk -F '"' '/^name = /{name = $2} /^version = /{version = $2} /^checksum = /{print $2 "  " name "-" version ".crate"}' \
    "$root/source/Cargo.lock" > "$work/crates"
if [ -s "$work/crates" ]; then
    (cd "$fetched/crates" && sha256sum --check --quiet "$work/crates" >&2) ||
        fail "$fetched/crates does not hold what Cargo.lock lists: run fetch.sh"
fi
while read -r digest file; do
    tar -xz --no-same-owner --no-same-permissions -C "$root/vendor" -f "$fetched/crates/$file"
    printf '{"files":{},"package":"%s"}' "$digest" > "$root/vendor/${file%.crate}/.cargo-checksum.json"
done < "$work/crates"

bwrap --unshare-all --die-with-parent --new-session --clearenv --uid 0 --gid 0 --hostname build \
    --setenv PATH /rust/bin:/usr/bin --setenv HOME /cargo --setenv CARGO_HOME /cargo --setenv CARGO_TARGET_DIR /target \
    --setenv LC_ALL C --setenv TZ UTC --setenv SOURCE_DATE_EPOCH "$time" \
    --ro-bind "$root" / "$@" --proc /proc --dev /dev --tmpfs /tmp --tmpfs /cargo \
    --bind "$work/target" /target --bind "$work/made" /made \
    --chdir /source sh /source/updater/release/build/inside.sh "${BULKHEAD_CLOCK:-0}" < /dev/null

mv "$work/made/package" "$work/made/files" "$out"
cp "$out/files/metadata/release.json" "$out/release.json"
(cd "$out" && find package files -type f | sort | xargs sha256sum > digests)
chmod -R u+w "$work" && rm -rf "$work"
echo "commit  $commit"
sed -n 's/  package$/  package/p' "$out/digests"
