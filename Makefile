# Two commands: `make run` and `make test`. The others are their parts, and `make bench`.

RUN_PACKAGES   := build-essential pkg-config protobuf-compiler libssl-dev libx11-6 libx11-xcb1 libxcursor1 libxi6 \
                  libxkbcommon0 libxkbcommon-x11-0 libwayland-client0
TEST_PACKAGES  := $(RUN_PACKAGES) xvfb xdotool openbox x11-utils x11-xkb-utils xsettingsd fcitx5 fcitx5-hangul \
                  imagemagick strace swtpm gnome-keyring dbus-daemon dbus-bin libsecret-tools python3-venv git \
                  openssh-client apt gpgv bubblewrap desktop-file-utils nginx-light tor 'chromium?'
RELEASE_PACKAGES := git bubblewrap binutils diffoscope-minimal
DENY_VERSION   := 0.20.2
FUZZ_VERSION   := 0.13.2
MUTANTS_VERSION := 27.1.0
MUTATED        := decide.rs 'decide/*.rs' keys.rs chain.rs
FUZZ_TARGETS   := line_net line_ui relay_frame content monitors
FUZZ_SECONDS   := 1800
FAULTS_SECONDS := 1800
KILLS          := 2000
TWICE          := target/twice
TOOLS          := target/tools
BINARIES       := bulkhead bulkhead-install bulkhead-keyring bulkhead-net bulkhead-seal bulkhead-ui bulkhead-update bulkhead-vault
CARGO          := cargo
# A launcher that does what a test says.
STAND_IN       := bulkhead-stand-in
# Tools of judges and of the people who make releases, which no binary depends on.
NOT_SHIPPED    := --exclude bulkhead-model --exclude bulkhead-fuzz --exclude bulkhead-release --exclude bulkhead-fetch \
                  --exclude bulkhead-repository --exclude bulkhead-site --exclude bulkhead-trust --exclude bulkhead-releases \
                  --exclude bulkhead-pack \
                  --exclude bulkhead-rules-wider --exclude bulkhead-updater-wider

# $(call build,FLAGS,PROFILE FOLDER,WHERE TO): the binaries, as shipped and with the test driver.
define build
	$(CARGO) build --locked $(1) --workspace --bins --features bulkhead-vault/test-driver
	mkdir -p $(3)/driver && install -t $(3)/driver $(addprefix target/$(2)/,$(BINARIES) $(STAND_IN))
	$(CARGO) build --locked $(1) --workspace --bins
	mkdir -p $(3)/shipped && install -t $(3)/shipped $(addprefix target/$(2)/,$(BINARIES))
endef

.PHONY: conformance mutants run test bench kills faults fuzz model binaries release reproducible audit fetched root-of-build release-binaries \
        lint deny packages-run packages-release packages-test clean

## Two windows, Alice and Bob, already paired, over a relay on this machine.
run: packages-run release-binaries
	BULKHEAD_BINARIES=target/release-binaries target/release/bulkhead-demo

## Everything that CI runs.
test: packages-test root-of-build lint deny binaries
	$(CARGO) test --locked --workspace --no-fail-fast
	$(CARGO) test --locked --workspace --lib -- --ignored however_often_processes_are_killed

## Thousands of kills (KILLS of vaults with their stores, and of all processes): what was shown as queued arrives once.
kills: packages-test binaries
	BULKHEAD_KILLS=$(KILLS) $(CARGO) test --locked --workspace --lib -- --ignored --nocapture however_often_processes_are_killed
	BULKHEAD_EVERY=1 $(CARGO) test --locked --workspace --lib -- --nocapture a_disk_that_fails_at_any_call
	BULKHEAD_KILLS=$(KILLS) $(CARGO) test --locked --workspace --test crash -- --nocapture any_process_is_killed_at_any_point

## Every history of the processes together, within larger bounds than in the tests (ipc/model).
model:
	$(CARGO) run --locked --release -p bulkhead-model --example model

## The numbers promised in README.md, measured on this machine.
bench: packages-test release-binaries
	BULKHEAD_BINARIES=target/release-binaries target/release/bulkhead-bench

## Half an hour of conversations over relays that misbehave, in each of three ways (FAULTS_SECONDS).
faults:
	BULKHEAD_FAULTS=$(FAULTS_SECONDS) $(CARGO) test --locked --workspace --test faults -- --nocapture --test-threads 1

## Half an hour at each decoder and the monitors (FUZZ_TARGETS, FUZZ_SECONDS); needs a nightly compiler.
fuzz: packages-run $(TOOLS)/bin/cargo-fuzz
	set -e; for t in $(FUZZ_TARGETS); do \
	  mkdir -p target/fuzz/corpus/$$t target/fuzz/artifacts/$$t; \
	  PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" CARGO_PROFILE_RELEASE_STRIP=false $(CARGO) +nightly fuzz run $$t \
	    --fuzz-dir ipc/fuzz --target-dir target/fuzz --features libfuzzer --no-cfg-fuzzing \
	    target/fuzz/corpus/$$t ipc/fuzz/corpus/$$t -- -max_total_time=$(FUZZ_SECONDS) -max_len=65536 \
	    -malloc_limit_mb=64 -print_final_stats=1 -artifact_prefix=target/fuzz/artifacts/$$t/; \
	done

## The public TUF conformance suite (https://github.com/theupdateframework/tuf-conformance), from a checkout of it:
## make conformance SUITE=folder. It is on no package registry, so CI does not run it; it needs `faketime`.
conformance:
	$(CARGO) build --locked -p bulkhead-fetch --bin bulkhead-tuf
	python3 -m venv target/conformance-venv
	target/conformance-venv/bin/pip install --quiet tuf==7.0.0 'securesystemslib[crypto]==1.4.0' pytest==9.1.1 pytest-json-report==1.5.0
	cd $(SUITE) && $(CURDIR)/target/conformance-venv/bin/pytest tuf_conformance --entrypoint $(CURDIR)/target/debug/bulkhead-tuf

## Every change that cargo-mutants knows to what decides on releases: a test must find each of them out.
mutants: $(TOOLS)/bin/cargo-mutants
	PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" $(CARGO) mutants --output target/mutants -p bulkhead-trust $(addprefix -f updater/trust/src/,$(MUTATED)) \
	  --timeout 300 -- --locked --lib --test decide --test model

## The package of the commit that is checked out, the same for everybody: target/package (updater/release/README.md).
release: packages-release fetched
	rm -rf target/package
	updater/release/build/build.sh target/fetched target/package

## The package built twice, as differently as this machine can, and compared: an hour. As root with another user, too, who
## must be able to reach TWICE.
reproducible: packages-release fetched
	rm -rf $(TWICE)
	updater/release/build/twice.sh . target/fetched $(TWICE)

## A release judged again, built again, and compared: make audit AUDIT='--from COMMIT --joint FILE … 0.2.0', as in
## updater/release/README.md.
audit: packages-release
	$(CARGO) build --locked --release -p bulkhead-release
	rm -rf target/audit
	PATH="$(CURDIR)/target/release:$$PATH" updater/release/build/audit.sh target/fetched target/audit $(AUDIT)

fetched:
	updater/release/build/fetch.sh target/fetched

# For tests of the build, which need no certain packages. Mirrors drop those that were replaced, so then they are today's.
root-of-build:
	rm -f target/fetched/today.lock
	updater/release/build/fetch-debian.sh target/fetched updater/release/build/debian.lock || { \
	  updater/release/build/lock-debian.sh > target/today.lock && \
	  updater/release/build/fetch-debian.sh target/fetched target/today.lock && \
	  mv target/today.lock target/fetched/today.lock; }

release-binaries:
	$(call build,--release $(NOT_SHIPPED),release,target/release-binaries)
	$(CARGO) build --locked --release -p bulkhead-vault -p bulkhead-ipc -p bulkhead-trust -p bulkhead-update --examples
	$(CARGO) build --locked --release -p bulkhead-release --examples

# With the judges' own tools, as cargo then builds each library once for binaries and tests, and not twice.
binaries:
	$(call build,,debug,target/binaries)

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --locked --workspace --all-targets --features bulkhead-vault/test-driver -- -D warnings

## Licences, sources and banned crates of the whole dependency tree (deny.toml).
deny: $(TOOLS)/bin/cargo-deny
	$(TOOLS)/bin/cargo-deny --locked check licenses bans sources

# Not optimized: it runs for a second, and would take minutes more to compile.
$(TOOLS)/bin/cargo-deny:
	$(CARGO) install --locked --quiet --debug cargo-deny@$(DENY_VERSION) --root $(TOOLS)

$(TOOLS)/bin/cargo-mutants:
	$(CARGO) install --locked --quiet cargo-mutants@$(MUTANTS_VERSION) --root $(TOOLS)

$(TOOLS)/bin/cargo-fuzz:
	$(CARGO) install --locked --quiet cargo-fuzz@$(FUZZ_VERSION) --root $(TOOLS)

packages-run:
	@.ci/packages $(RUN_PACKAGES)

packages-release:
	@.ci/packages $(RELEASE_PACKAGES)

packages-test:
	@.ci/packages $(TEST_PACKAGES)

clean:
	$(CARGO) clean
