# The commands of the README. The environment lives in .venv; weights in the cache directory.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup serve demo test check format bench lock clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --editable .
	touch $@

serve: setup
	$(BIN)/thinktalk serve

demo: setup
	$(BIN)/thinktalk demo

# Fast tests first, so that a broken promise shows before the models are loaded.
test: setup
	$(BIN)/python tests/support/old_sdk.py
	$(BIN)/thinktalk weights pull
	$(BIN)/python -m pytest -q -m "not slow"
	$(BIN)/python -m pytest -q -m slow

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

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
	rm -rf $(VENV) build dist
