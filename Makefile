# Rust 1.95 and Python 3 build and run everything here. Images need Linux and Docker.

PREFIX ?= $(HOME)/.local
DIRECTORS ?= 2
SECONDS ?= 60

TRIPLE = $$(uname -m)-unknown-linux-gnu
# Images hold files of this date, so that what is built twice has the same layers.
EPOCH = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null || echo 0))
REVISION = $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LABELS = --build-arg VERSION=$$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1) --build-arg REVISION=$(REVISION)
STATIC = target/$(TRIPLE)/release
# In addition to what .cargo/config.toml says: the environment would say it instead.
BUILD_STATIC = cargo build --release --locked --target-dir target --target $(TRIPLE) \
    --config "target.$(TRIPLE).rustflags=['-C', 'target-feature=+crt-static']"
PROGRAMS = -p chat-cli -p chat-director
COMPOSE = $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
CLUSTER = $(COMPOSE) -p chat-cluster -f nats/cluster.yml
SHARE = $(DESTDIR)$(PREFIX)/share
COMPLETIONS = bash-completion/completions zsh/site-functions fish/vendor_completions.d
# The server that the embedded default starts is the one fetched here.
WITH_SERVER = PATH="$(CURDIR)/nats/bin:$$PATH"

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

chat: nats-server build ## open a discussion on this machine
	@$(WITH_SERVER) exec target/release/chat start

demo: nats-server build ## watch a scripted discussion of several nodes, with a partition that heals
	@$(WITH_SERVER) exec target/release/chat demo

# What `chat` and `demo` are given on stdin is theirs, hence the </dev/null.
build: ## release builds of chat and chat-director, in target/release
	@cargo build --release --locked --target-dir target $(PROGRAMS) </dev/null

nats-server: ## nats/bin/nats-server: the one on PATH if it will do, else the pinned one
	@nats/fetch </dev/null

install: nats-server build ## install under PREFIX (default: ~/.local), with completions and manual
	@install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/libexec/chat"
	@install -m 755 target/release/chat target/release/chat-director "$(DESTDIR)$(PREFIX)/bin"
	@install -m 755 nats/bin/nats-server "$(DESTDIR)$(PREFIX)/libexec/chat"
	@install -d $(foreach folder,$(COMPLETIONS),"$(SHARE)/$(folder)")
	@target/release/chat completions bash >"$(SHARE)/bash-completion/completions/chat"
	@target/release/chat completions zsh >"$(SHARE)/zsh/site-functions/_chat"
	@target/release/chat completions fish >"$(SHARE)/fish/vendor_completions.d/chat.fish"
	@target/release/chat man --out "$(SHARE)/man/man1"
	@echo 'installed: $(DESTDIR)$(PREFIX)/bin/chat'

uninstall: ## remove what install put there
	@rm -f "$(DESTDIR)$(PREFIX)/bin/chat" "$(DESTDIR)$(PREFIX)/bin/chat-director"
	@rm -rf "$(DESTDIR)$(PREFIX)/libexec/chat"
	@rm -f "$(SHARE)/bash-completion/completions/chat" "$(SHARE)/zsh/site-functions/_chat"
	@rm -f "$(SHARE)/fish/vendor_completions.d/chat.fish"
	@rm -f "$(SHARE)/man/man1/chat.1" "$(SHARE)"/man/man1/chat-*.1

dist: ## dist/: what the images hold, the programs static and for Linux
	@[ "$$(uname -s)" = Linux ] || { echo 'make dist: static Linux programs are built on Linux' >&2; exit 1; }
	@nats/fetch --pinned
	@$(BUILD_STATIC) $(PROGRAMS) -p chat-probe -p nats-sub
	@rm -rf dist && install -d dist/nats/etc/nats dist/director dist/node
	@install -m 755 $(STATIC)/chat $(STATIC)/chat-director $(STATIC)/nats-sub dist
	@install -m 755 nats/bin/nats-server $(STATIC)/chat-probe dist/nats
	@install -m 644 nats/nats.conf nats/cluster.conf nats/hub.conf nats/leaf.conf dist/nats/etc/nats
	@install -m 755 $(STATIC)/chat-director $(STATIC)/chat-probe dist/director
	@install -m 755 $(STATIC)/chat dist/node
	@find dist -exec touch --no-dereference --date="@$(EPOCH)" {} +

images: dist ## chat/nats:local, chat/director:local, chat/node:local
	@docker build $(LABELS) --quiet --tag chat/nats:local --file nats/Dockerfile . >/dev/null
	@docker build $(LABELS) --quiet --tag chat/director:local --file director/Dockerfile . >/dev/null
	@docker build $(LABELS) --quiet --tag chat/node:local --file cli/Dockerfile . >/dev/null
	@docker build --quiet --tag chat/nats-sub:local --file tests/nats_sub/Dockerfile . >/dev/null

up: images ## run a server and DIRECTORS (default: 2) directors in containers
	@$(COMPOSE) up -d --no-build --scale director=$(DIRECTORS)
	@echo 'now: $(COMPOSE) run --rm node start "a topic"'

down: ## stop them
	@$(COMPOSE) down

cluster-up: images ## three servers, two directors and a second site in containers
	@$(CLUSTER) up -d --no-build
	@echo 'now: $(CLUSTER) run --rm node start "a topic"'

cluster-down: ## stop them
	@$(CLUSTER) down

lint: nats-server ## formatting, clippy, documentation, scripts, configurations
	cargo fmt --all --check
	cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked
	sh -n nats/fetch
	sh -n nats/dev-ca
	sh -n tests/fuzz/run
	sh -n cli/examples/ping
	bash -n .ci/run
	tests/mutants/run --fits
	@! command -v shellcheck >/dev/null || { set -x; shellcheck nats/fetch nats/dev-ca tests/fuzz/run cli/examples/ping .ci/run; }
	for file in nats accounts cluster hub leaf; do \
	    NATS_NAME=n NATS_ADVERTISE=n:4222 NATS_ROUTES='[nats-route://n:6222]' NATS_HUB=nats-leaf://n:7422 \
	    nats/bin/nats-server -t -c nats/$$file.conf || exit 1; done
	@! $(COMPOSE) version >/dev/null 2>&1 || { set -x; $(COMPOSE) config --quiet; $(CLUSTER) config --quiet; }

lint-kubernetes: ## the Kubernetes files against their schemas, which a Python package carries
	@[ -d target/kubernetes ] || { python3 -m venv target/kubernetes && \
	    target/kubernetes/bin/pip install --quiet kubernetes-validate==1.37.0; }
	@target/kubernetes/bin/kubernetes-validate --strict --quiet \
	    $(filter-out %/kustomization.yaml,$(wildcard nats/kubernetes/*.yaml))

# With containers one static build serves both them and the tests of processes.
test: nats-server ## all tests; those with containers where a docker daemon answers
	@if [ "$$(uname -s)" = Linux ] && docker version >/dev/null 2>&1; then \
	    $(MAKE) --no-print-directory images && \
	    CHAT_PROGRAMS=dist cargo test --workspace --locked --features chat-tests/containers; \
	else \
	    $(MAKE) --no-print-directory build && cargo test --workspace --locked && \
	    echo 'SKIPPED: container tests (no docker daemon answers, or this is not Linux)'; \
	fi

soak: ## simulate discussions from fresh seeds for MINUTES (default: 10)
	@cargo run --release --locked -p chat-simulation -- --minutes $(or $(MINUTES),10)

secrecy: ## simulate sealed discussions from SEEDS (default: 1000) seeds: who could read what
	@cargo run --release --locked -p chat-secrecy -- --seeds $(or $(SEEDS),1000)

faults: images ## break a cluster in containers in every way, a table of what came of it
	@CHAT_PROGRAMS=dist cargo test --locked -p chat-tests --features faults --test faults -- --nocapture --test-threads 1 \
	    | grep --line-buffered -v '^running\|^$$'

# The variables reach the test through its environment.
storm: nats-server build ## NODES (default: 10) through SECONDS (default: 120) of faults; SEED replays them
	@cargo test --locked -p chat-tests --features storm --test storm -- --nocapture

pictures: nats-server build ## draw the pictures of the README anew, from a real discussion
	@cargo test --locked -p chat-tests --features pictures --test pictures

curves: nats-server build ## measure what discussions cost as they grow (NAMES; all: half an hour), and draw it
	@cargo run --release --locked --target-dir target -p chat-curves -- $(NAMES)

instructions: ## count what hot paths do, under valgrind, against what is written down
	@$(BUILD_STATIC) -p chat-node --example costs
	@tests/instructions/run $(STATIC)/examples/costs $(WRITE)

mutants: ## break each rule of the engine once and show what catches it
	@tests/mutants/run $(NAMES)

fuzz: ## fuzz every parser for SECONDS each (default: 60)
	@tests/fuzz/run $(SECONDS)

clean: ## remove everything built or fetched
	@cargo clean --target-dir target
	@rm -rf dist nats/bin tests/fuzz/target

.PHONY: help secrecy chat demo build nats-server install uninstall dist images up down cluster-up cluster-down lint lint-kubernetes test soak faults storm pictures curves instructions mutants fuzz clean
