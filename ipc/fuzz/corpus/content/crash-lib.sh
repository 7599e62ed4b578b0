#!/bin/bash
cd /tmp/s5/w-crash; export CARGO_TARGET_DIR=/tmp/s5/t-crash
nice -n 10 cargo test -j2 --workspace --lib --no-run --message-format short > /tmp/s5/crash-lib.log 2>&1
echo finished $? >> /tmp/s5/crash-lib.log
