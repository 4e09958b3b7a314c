# The commands of this project; CI runs `make test` through .ci/run.

.DEFAULT_GOAL := help
.PHONY: up test build bench docs help

# The tests' Python tools; a test that needs one runs $DJAMON_TEST_PYTHON.
VENV := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/djamon-tests
export DJAMON_TEST_PYTHON := $(VENV)/bin/python

# Programs as they are installed: PostgreSQL's client is built in, and so is its OpenSSL where that can be. The loader would
# else read both at each start. OPENSSL_STATIC=0 leaves OpenSSL the system's.
BUNDLED := --features djamon-check/pg-bundled,djamon-web/pg-bundled
BUILT_IN := env $$(deploy/openssl-archives) cargo

up: ## start Djamon with a demo on this machine; Ctrl-C stops it
	@deploy/up

test: $(VENV)/.installed ## run everything CI runs: format, lints, build, all tests
	cargo fmt --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo build --locked --workspace --all-targets
	cargo test --locked --workspace --no-fail-fast

build: | build-needs ## build the programs in release, as they are installed
	$(BUILT_IN) build --locked --release -p djamon-check -p djamon-web $(BUNDLED) --bins --examples

bench: | needs ## run the benchmarks and print their tables; FULL=1: also what takes long; ONLY=name: only that
	$(BUILT_IN) build --locked --release --workspace $(BUNDLED)
	$(BUILT_IN) bench --locked --workspace $(BUNDLED) --bench pure -- --quick --quiet
	$${CARGO_TARGET_DIR:-target}/release/djamon-benches $(if $(FULL),--full)$(if $(ONLY), --only $(ONLY))

docs: | build-needs ## build the documentation of the code
	cargo doc --locked --workspace --no-deps
	@echo "The code: $${CARGO_TARGET_DIR:-target}/doc/djamon_core/index.html. The book: docs/README.md."

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.installed: tests/requirements.txt | needs
	python3 -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

.PHONY: needs build-needs
needs:
	@deploy/install-needs test
build-needs:
	@deploy/install-needs up
