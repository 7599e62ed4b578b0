#!/bin/sh
# Compares what two builds made: compare.sh OUT OTHER
#
# Names, for each file that is not the same, the first section in which it differs (for programs) or the first byte. What it
# says then of the first of them is diffoscope's, where that is installed. Exit codes: 0 the same, 1 not, 2 wrong command line.
set -eu
LC_ALL=C
export LC_ALL
[ $# -eq 2 ] || { echo "usage: compare.sh OUT OTHER" >&2; exit 2; }
one=$1 other=$2

# The sections of a program as `name offset size`, in hexadecimal; a section without bytes in the file (.bss) has the size 0.
# The build's identifier comes last: it is a hash of all others, so it differs whenever they do.
sections() {
    readelf --section-headers --wide "$1" | sed -n 's/^ *\[ *[0-9]*\] //p' |
        awk '$1 == "NULL" {next} {line = $1 " " $4 " " (($2 == "NOBITS") ? "0" : $5)}
            $1 == ".note.gnu.build-id" {last = line; next} {print line} END {if (last) print last}'
}

# Where two programs differ first.
section() {
    sections "$1" | while read -r name offset size; do
        found=$(sections "$2" | awk -v name="$name" '$1 == name {print $2, $3; exit}')
        if [ -z "$found" ]; then echo "section $name, which the other one does not have"; break; fi
        theirs=${found#* }
        from=$(printf '%d:%d' "0x$offset" "0x${found% *}")
        if [ $((0x$size)) -ne $((0x$theirs)) ]; then
            echo "section $name, of $((0x$size)) bytes in one and $((0x$theirs)) in the other"
            break
        fi
        at=$(cmp --ignore-initial="$from" --bytes="$((0x$size))" "$1" "$2" | sed 's/.* \(byte\|char\) \([0-9]*\),.*/\2/' || true)
        if [ "$at" ]; then echo "section $name, at its byte $at of $((0x$size))"; break; fi
    done
}

if cmp --silent "$one/package" "$other/package" && diff -r "$one/files" "$other/files" > /dev/null; then
    echo "the same: $(sha256sum < "$one/package" | cut -d ' ' -f 1)"
    exit 0
fi
names() { (cd "$1/files" && find . -type f | sort); }
first=
for name in $( (names "$one"; names "$other") | sort -u); do
    name=${name#./}
    a=$one/files/$name b=$other/files/$name
    if [ ! -f "$a" ] || [ ! -f "$b" ]; then
        echo "$name: only one build has it"
        continue
    fi
    if cmp --silent "$a" "$b"; then continue; fi
    where=
    if [ "$(head -c 4 "$a" | tail -c 3)" = ELF ] && [ "$(head -c 4 "$b" | tail -c 3)" = ELF ]; then
        where=$(section "$a" "$b")
        # No section differs, so it is what lies around them.
        [ "$where" ] || where="a header"
    else
        where="byte $(cmp "$a" "$b" 2>&1 | sed 's/.* \(byte\|char\) \([0-9]*\).*/\2/')"
    fi
    echo "$name: differs first in $where"
    [ "$first" ] || first=$name
done
[ "$first" ] || echo "the files are the same: they are packed differently"
if [ "$first" ] && command -v diffoscope > /dev/null; then
    diffoscope --no-progress --max-text-report-size 8000 --timeout 300 "$one/files/$first" "$other/files/$first" || true
fi
exit 1
