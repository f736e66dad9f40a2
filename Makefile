# `make` lists the targets. Everything that a target needs, it installs, pinned, within the project or from Debian.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PORT ?= 4566
SFTP_PORT ?= 2222
PYTHON := .venv/bin/python
CHECK := .venv-check/bin
TOOLS := .local/tools/bin
export CARGO_TERM_COLOR ?= auto

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: run
run: build audio ## the main job on real speech, in a local cloud that stays up until Ctrl-C
	@exec $(PYTHON) infra/local/cloud.py up --state .local/run --port $(PORT) --sftp-port $(SFTP_PORT)

.PHONY: test
test: build audio nextest ## every test, with a local cloud of its own (ARGS= for nextest)
	@$(PYTHON) infra/local/cloud.py run --state .local/test --fresh --auth -- cargo nextest run --workspace $(ARGS)

.PHONY: golden
golden: build audio nextest ## write the files that are made from the code and checked in
	@$(PYTHON) infra/local/cloud.py run --state .local/test --fresh --auth -- env GOLDEN=write cargo nextest run --package tests documents requests

.PHONY: check
check: .venv-check/ready $(TOOLS)/cargo-deny $(TOOLS)/cargo-machete ## the gates: format, lints, documentation, dependencies, template
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' cargo doc --workspace --no-deps --locked
	$(TOOLS)/cargo-deny --log-level error check bans licenses sources
	$(TOOLS)/cargo-machete --with-metadata
	$(CHECK)/cfn-lint infra/template.yaml
	$(CHECK)/ruff check infra
	$(CHECK)/ruff format --check infra

.PHONY: fmt
fmt: .venv-check/ready ## format everything
	cargo fmt --all
	$(CHECK)/ruff format infra

.PHONY: invoke
invoke: .venv/ready ## run one function of the running local cloud on one event: FN=ingest EVENT=events/ingest.created.json
	@$(PYTHON) infra/local/invoke.py "$(FN)" "$(EVENT)"

.PHONY: figures
figures: .venv/ready build audio nextest ## sizes, memory and start-up of each function, and the requests of each operation
	cargo build --release --locked --workspace --bins --example hello
	@$(PYTHON) infra/local/figures.py
	@$(PYTHON) infra/local/cloud.py run --state .local/test --fresh --auth -- cargo nextest run --package tests requests

.PHONY: deploy
deploy: .venv/ready ## deploy to the AWS account of your credentials (see infra/README.md): STACK= BUCKET=
	@$(PYTHON) infra/local/deploy_cloud.py "$(STACK)" "$(BUCKET)"

.PHONY: audio
audio: .venv/ready debian ## real speech to work with, in .local/audio
	@$(PYTHON) infra/local/speech.py

.PHONY: build
build: .venv/ready debian
	@cargo build --workspace --all-targets --locked --quiet

.PHONY: debian
debian:
	@missing=$$(dpkg-query --show --showformat '$${db:Status-Abbrev}$${Package}\n' ffmpeg asterisk-core-sounds-en-wav 2>/dev/null | grep -c '^ii' || true); \
	if [ "$$missing" != 2 ]; then \
		if [ "$$(id -u)" = 0 ]; then as=; else as=sudo; fi; \
		$$as apt-get update -qq && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ffmpeg asterisk-core-sounds-en-wav >/dev/null \
			|| { echo 'could not install ffmpeg and asterisk-core-sounds-en-wav: install them and run again' >&2; exit 1; }; \
	fi

.PHONY: nextest
nextest:
	@cargo nextest --version >/dev/null 2>&1 || cargo install cargo-nextest --locked --version 0.9.143

.venv/ready: infra/local/requirements.txt
	@echo 'installing the local cloud into .venv'
	@python3 -m venv --clear .venv && .venv/bin/pip install --quiet --disable-pip-version-check --requirement $< && touch $@

.venv-check/ready: infra/requirements-check.txt
	@python3 -m venv --clear .venv-check && $(CHECK)/pip install --quiet --disable-pip-version-check --requirement $< && touch $@

$(TOOLS)/cargo-deny:
	cargo install cargo-deny --locked --version 0.20.2 --root .local/tools --quiet

$(TOOLS)/cargo-machete:
	cargo install cargo-machete --locked --version 0.9.2 --root .local/tools --quiet

.PHONY: clean
clean: ## remove what was built and the local cloud's data, not the tools
	cargo clean
	rm -rf .local/run .local/test .local/audio
