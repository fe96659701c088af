# The project's commands (GNU make). `make` alone lists them.

TARGET := $(or $(CARGO_TARGET_DIR),target)
FEATURES = $(shell tests/tools/features.sh)
RELEASE := $(TARGET)/release
EXAMPLES := $(RELEASE)/examples
WARNINGS := -Wall -Wextra -pedantic
LINK := -Iinclude -L$(RELEASE) -legret_ws -Wl,-rpath,$(abspath $(RELEASE))
BUILD_DEMO := echo "Building the library and an echo server (minutes the first time) ..." && \
	cargo build --locked --quiet --release --package egret-ws-tools --bin egret-ws-echo $(FEATURES) && \
	cargo clib --quiet --release $(FEATURES) && mkdir -p $(EXAMPLES)

.PHONY: $(shell sed -n 's/^\([a-z0-9-]*\):.*\#\# .*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 28

build: ## build the optimised library, shared and static, in target/release
	cargo clib --release $(FEATURES)
	packaging/one_object.py $(RELEASE)/libegret_ws.a $(RELEASE)/libegret_ws.a

tools: ## build the optimised egret-ws-doctor and egret-ws-echo in target/release
	cargo build --locked --release --package egret-ws-tools $(FEATURES)

# The library is built last, because for the tools cargo builds another library without link-time optimisation.
.NOTPARALLEL:
PREFIX ?= /usr/local
install: tools build ## install the library, the headers, the tools, and the files for pkg-config and CMake: PREFIX=/usr/local DESTDIR=
	@FEATURES="$(FEATURES)" packaging/install.sh $(RELEASE) "$(PREFIX)" "$(DESTDIR)"

DIST := dist$(if $(EGRET_WS_DIST_QUICK),-quick)
PARTS ?=
dist: ## make the packages of a release in dist/ that this machine can build (an hour); PARTS="linux npm" selects parts
	@tests/tools/setup.sh dist || echo "make dist: builds the packages that do not need the missing tools" >&2
	@packaging/dist/dist.sh $(PARTS)

test-dist: ## test each package of dist/ in an empty folder, like a user; PARTS="linux npm" selects parts
	@tests/tools/setup.sh dist || echo "make test-dist: tests the packages that do not need the missing tools" >&2
	@tests/dist/run.sh $(DIST) $(PARTS)

test-reproducible: ## build twice in different folders, and compare all files; PARTS="linux npm" selects parts of make dist (some minutes)
	@tests/tools/setup.sh dist
	@tests/tools/reproducible.sh $(PARTS)

demo: ## exchange a message with an echo server in C
	@tests/tools/setup.sh demo
	@$(BUILD_DEMO)
	@$(CC) -std=c99 -O2 $(WARNINGS) examples/hello.c $(LINK) -o $(EXAMPLES)/hello
	@tests/tools/with_echo_server.sh $(RELEASE)/egret-ws-echo $(EXAMPLES)/hello

demo-frames: ## run a game loop with two sockets for three seconds, in C++
	@tests/tools/setup.sh demo-frames
	@$(BUILD_DEMO)
	@$(CXX) -std=c++11 -O2 $(WARNINGS) examples/frame_loop.cpp $(LINK) -o $(EXAMPLES)/frame_loop
	@tests/tools/with_echo_server.sh $(RELEASE)/egret-ws-echo $(EXAMPLES)/frame_loop 3

demo-egret: ## run the sample of Egret's documentation in a native shell, with the real engine (from npm)
	@tests/tools/setup.sh demo-egret
	@$(BUILD_DEMO)
	@examples/egret_shell/build.sh $(EXAMPLES)/egret_shell $(RELEASE)
	@engine=$$(tests/js/engine.sh $(TARGET)/tmp) && tests/tools/with_echo_server.sh $(RELEASE)/egret-ws-echo \
		examples/egret_shell/demo.sh $(EXAMPLES)/egret_shell "$$engine"

header: ## write include/egret_ws.h from the Rust sources, and the lists in bindings from the header
	EGRET_WS_WRITE_GENERATED=1 cargo test --locked --quiet --test header $(FEATURES) the_header_is_what_the_sources_say
	@cp include/egret_ws.h bindings/swift/Sources/CEgretWS/
	EGRET_WS_WRITE_GENERATED=1 cargo test --locked --quiet --test generated_bindings $(FEATURES) lists_of_bindings_are_what_the_header_says

notices: ## write packaging/notices, the licences of the linked parts of each package, from Cargo.lock
	packaging/notices.py

audit: ## check licences, origins, duplicates and known vulnerabilities of the dependencies (deny.toml); SKIP=advisories without a network
	packaging/audit/audit.sh

docs: ## build the documentation as a site in target/site (the first build takes minutes, for mdBook)
	@tests/tools/setup.sh docs
	@mdbook=$$(docs/site/mdbook.sh $(TARGET)/tmp) && docs/site/build.py "$$mdbook" $(TARGET)/tmp/site $(TARGET)/site $(FEATURES)

check-docs: ## check links, samples, translations and plain English of the documentation (seconds); CHECKS="links prose" selects checks
	@tests/tools/setup.sh check-docs
	@python3 docs/site/test_checks.py --quiet
	@python3 docs/site/check.py $(CHECKS)
	@docs/pictures/draw.py --check

quick: ## run format, lints, unit tests and a few integration tests, before each commit
	cargo fmt --check --package egret-ws --package egret-ws-tools
	cargo clippy --locked --quiet --package egret-ws --package egret-ws-tools --all-targets $(FEATURES) -- -D warnings
	cargo test --locked --quiet --lib $(FEATURES)
	cargo test --locked --quiet --test header --test symbols --test message_size --test queue_limits --test requests --test hostile_servers $(FEATURES)
	cargo test --locked --quiet --test c_programs $(FEATURES) -- _c99

test: ## run all checks; SKIP="autobahn asan tsan" leaves out these steps
	@tests/tools/test.sh

test-asan: ## run the C programs, the unit tests and the tests of TLS (for Android) under AddressSanitizer, with leak detection
	@tests/tools/setup.sh asan
	@tests/tools/sanitizer.sh asan

test-tsan: ## run the C programs under ThreadSanitizer
	@tests/tools/setup.sh tsan
	@tests/tools/sanitizer.sh tsan

autobahn: ## run all 517 cases of Autobahn's conformance suite (half an hour); the report is target/autobahn/index.html
	@tests/tools/setup.sh autobahn
	cargo clib --release $(FEATURES)
	tests/autobahn/install.sh $(TARGET)/tmp/autobahn-venv
	tests/autobahn/run.sh $(RELEASE) $(TARGET)/tmp/autobahn-venv $(TARGET)/autobahn all

FUZZ_SECONDS ?= 60
fuzz: ## fuzz the three parsers, each for FUZZ_SECONDS (needs cargo-fuzz and a nightly Rust)
	@for target in session answer proxy; do \
		finds=$(abspath $(TARGET))/fuzz/$$target && mkdir -p $$finds && cargo +nightly fuzz run $(FEATURES) $$target \
			$$finds fuzz/corpus/$$target -- -max_len=2048 -len_control=20 -timeout=20 -max_total_time=$(FUZZ_SECONDS) || \
			exit; done

# Each run uses other cases; `make test` runs only the first cases.
FUZZ_ABI := EGRET_WS_FUZZ_SECONDS=$(FUZZ_SECONDS) EGRET_WS_FUZZ_FIRST=$$(date +%s)000
fuzz-abi: ## make random calls of the C ABI with a hostile server, compared with a model, for FUZZ_SECONDS
	$(FUZZ_ABI) cargo test --locked --test abi_model $(FEATURES) -- --nocapture

fuzz-abi-asan: ## run fuzz-abi under AddressSanitizer, with leak detection
	@tests/tools/setup.sh asan
	$(FUZZ_ABI) tests/tools/sanitizer.sh fuzz-abi

SOAK_SECONDS ?= 600
soak: ## use 200 sockets with random network faults and random calls for SOAK_SECONDS: nothing may be lost, duplicated or leaked
	EGRET_WS_SOAK_SECONDS=$(SOAK_SECONDS) cargo test --locked --release --test soak $(FEATURES) -- --nocapture

test-cpp: ## test the C++ binding with each compiler, standard and sanitizer, with and without exceptions (some minutes)
	@tests/tools/setup.sh test-cpp
	EGRET_WS_TEST_VARIANTS=all cargo test --locked --test cpp $(FEATURES)

SOCKETS ?= 100000
MESSAGES ?= 1000000
test-sockets: ## leak test: SOCKETS=100000 and MESSAGES=1000000 through each binding (some minutes)
	@tests/tools/setup.sh test
	EGRET_WS_TEST_SOCKETS=$(SOCKETS) EGRET_WS_TEST_MESSAGES=$(MESSAGES) cargo test --locked --test cpp --test java --test js --test js_jsc --test js_v8 $(FEATURES) -- \
		--nocapture many lifetime platform_tls node_memory thousands_of_sockets

test-js-engines: ## run the WebSocket conformance suite in Node 20, 22 and 24, JavaScriptCore and V8, and with undici (npm, 100 MB)
	@tests/tools/setup.sh test
	EGRET_WS_TEST_ENGINES=all cargo test --locked --test js_conformance $(FEATURES) -- --nocapture --test-threads=1

test-kotlin: ## compile and test the artefact for coroutines with Kotlin 1.4, 1.6 and 2.4 (npm, 230 MB)
	@tests/tools/setup.sh test
	EGRET_WS_TEST_KOTLIN=all cargo test --locked --test java $(FEATURES) -- --nocapture coroutines_of_kotlin

test-vendored: ## test TLS, the exports and the link commands with OpenSSL built from its sources (some minutes)
	@tests/tools/setup.sh vendored
	cargo test --locked --features vendored --target-dir $(TARGET)/vendored --lib --test symbols --test static_libraries --test tls --test install

test-msrv: ## compile the library, the tools and the tests with the oldest Rust that Cargo.toml allows
	tests/tools/msrv.sh

check-targets: ## type-check the library and the tools for Android, iOS, macOS, Mac Catalyst, Windows (MinGW, MSVC), arm64 Linux and HarmonyOS (with its glue)
	@tests/tools/setup.sh targets
	tests/tools/check_targets.sh

test-windows: ## test the C programs, wss, the static library and the CMake package for Windows under wine
	@tests/tools/setup.sh windows
	tests/tools/foreign.sh windows

test-arm64: ## test the C programs and the static library for arm64 Linux under qemu (OpenSSL is built for it: some minutes)
	@tests/tools/setup.sh arm64
	tests/tools/foreign.sh arm64

test-android: ## link the library for three ABIs against stubs of Android's libraries, check it and its size, and pack the AAR (some minutes)
	@tests/tools/setup.sh android
	tests/tools/android.sh

test-apple: ## link the library for iOS against stubs of the system, and check it; make dist PARTS=apple does this for all Apple systems
	@tests/tools/setup.sh apple
	tests/tools/apple.sh

test-swift: ## test the Swift binding in a Debian with Swift 6, which is installed for it (3.4 GB in /opt, some minutes, as root)
	@tests/tools/setup.sh swift
	tests/swift/run.sh

LAB := benches/lab
bench: ## compare the library with its peers and a bare TCP client: writes benches/RESULTS.md and its pictures (an hour)
	@tests/tools/setup.sh bench
	python3 $(LAB)/bench.py $(FEATURES)
	python3 $(LAB)/resumption.py $(FEATURES)
	python3 $(LAB)/js.py $(FEATURES)
	python3 $(LAB)/java.py $(FEATURES)
	python3 $(LAB)/instructions.py --results $(FEATURES)
	python3 $(LAB)/scale.py $(FEATURES)

bench-quick: ## run bench with fewer peers, modes and rounds; writes no file
	@tests/tools/setup.sh bench
	python3 $(LAB)/bench.py --quick $(FEATURES)

bench-instructions: ## compare instructions and system calls per message with benches/instructions.json; WRITE=1 renews that file
	@tests/tools/setup.sh instructions
	python3 $(LAB)/instructions.py $(if $(WRITE),--write) $(FEATURES)

bench-scale: ## measure 100 to 10,000 sockets in one loop: a section of benches/RESULTS.md; IDLE=50000: only this number of idle sockets
	@tests/tools/setup.sh scale
	python3 $(LAB)/scale.py $(if $(IDLE),--idle $(IDLE)) $(FEATURES)

bench-energy: ## count wake-ups per hour of idle wss sockets: a section of benches/RESULTS.md (3 minutes, mostly waiting)
	@tests/tools/setup.sh energy
	python3 $(LAB)/energy.py $(FEATURES)

bench-java: ## compare the Java binding with other clients for Java: a section of benches/RESULTS.md (25 minutes); QUICK=1 writes nothing
	@tests/tools/setup.sh bench-java
	python3 $(LAB)/java.py $(if $(QUICK),--quick) $(FEATURES)

bench-parts: ## measure parts of the library: inflating, idle polls, wss compared with tungstenite
	cargo bench --locked --bench '*' $(FEATURES)

# The size of the stripped library on x86-64 Linux with the system's OpenSSL; docs/size.md lists the parts.
SIZE_LIMIT := 1535000
size: ## print the sizes of the parts of the shared library; fails if it has grown
	@tests/tools/setup.sh size
	RUSTFLAGS=-Csymbol-mangling-version=v0 cargo clib --release --target-dir $(TARGET)/size $(FEATURES) \
		--config 'profile.release.strip="none"' --config 'profile.release.package.egret-ws.strip="none"'
	tests/tools/size.py $(TARGET)/size/release/libegret_ws.so $(if $(strip $(FEATURES)),,$(SIZE_LIMIT))

check-release: build ## check the optimised library: its size (link-time optimisation is on) and its exported functions
	tests/tools/size.py $(RELEASE)/libegret_ws.so $(if $(strip $(FEATURES)),,$(SIZE_LIMIT))
	EGRET_WS_TEST_LIB_DIR=$(abspath $(RELEASE)) cargo test --locked --quiet --test symbols $(FEATURES)

clean: ## remove all build results
	cargo clean
