# `make demo` and `make test` set up all they need on a machine with Python 3.11+ and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OFFICIAL := .venv-official

.PHONY: demo test lint types imports pytest soak coverage screenshots icons wheel deb frozen clean

demo: $(VENV)/ready
	$(BIN)/hotfolder demo

test: lint types imports pytest

lint: $(VENV)/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/ready
	$(BIN)/mypy

imports: $(VENV)/ready
	$(BIN)/lint-imports

pytest: $(VENV)/ready $(OFFICIAL)/ready
	$(BIN)/pytest $(PYTEST_ARGS)

soak: $(VENV)/ready  ## the long version of the journeys
	$(BIN)/pytest -m soak -n 1 -s tests/journeys $(PYTEST_ARGS)

coverage: $(VENV)/ready $(OFFICIAL)/ready
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 0
	$(BIN)/coverage combine
	$(BIN)/coverage report

screenshots: $(VENV)/ready  ## the pictures of the README, from the real program
	$(BIN)/python -m tests.screenshots

icons: $(VENV)/ready
	$(BIN)/python packaging/make_icons.py build/icons

wheel: $(VENV)/ready
	$(BIN)/python -m build --no-isolation --outdir dist

deb: wheel
	packaging/build-deb dist "$$(ls -t dist/hotfolder-*.whl | head -1)"

frozen: $(VENV)/ready
	$(BIN)/python -m PyInstaller --noconfirm packaging/hotfolder.spec

clean:
	rm -rf build dist $(VENV) $(OFFICIAL) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "hotfolder needs Python 3.11 or newer; say which one: make PYTHON=python3.12 test"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . --group dev
	touch $@

# The official client of AutoRetouch (archived) runs on the sandbox as a test. It wants an older click, so it
# lives apart; its setup.py writes into the shell's start-up files, so it is given another home.
$(OFFICIAL)/ready: constraints.txt
	$(PYTHON) -m venv $(OFFICIAL)
	HOME="$$(mktemp -d)" $(OFFICIAL)/bin/python -m pip install --quiet autoretouch==0.3.0
	touch $@
