# CT Denoise: `make run` serves the dashboard, `make test` checks everything.
# Stamp files in .venv remember what is installed, so a second call installs nothing.

PYTHON ?= python3
BIN := .venv/bin
BENCHMARKS := $(filter-out benchmarks/_%,$(wildcard benchmarks/*.py))

.PHONY: run install lint test coverage bench wheel clean

run: install
	$(BIN)/ctdenoise sample
	$(BIN)/ctdenoise serve

install: .venv/installed

.venv/installed: requirements.txt constraints.txt pyproject.toml setup.py
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -r requirements.txt -c constraints.txt
	$(BIN)/python -m pip install --no-deps -e .
	touch $@

.venv/tools: .venv/installed
	$(BIN)/python -m pip install -c constraints.txt -e ".[test]"
	touch $@

# A browser for the browser tests: Debian's where we may install it, Playwright's own elsewhere.
.venv/browser: .venv/tools
	if command -v chromium >/dev/null; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update && apt-get install -y --no-install-recommends chromium; \
	else $(BIN)/playwright install chromium; fi
	touch $@

# A validator of DICOM files: Debian's where we may install it; its tests are skipped elsewhere.
.venv/validator: .venv/tools
	if command -v dciodvfy >/dev/null; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update && apt-get install -y --no-install-recommends dicom3tools; \
	fi || echo "dicom3tools could not be installed: the tests that need it will be skipped."
	touch $@

# A converter that reads what we write: Debian's where we may install it; its tests are skipped
# elsewhere.
.venv/converter: .venv/tools
	if command -v dcm2niix >/dev/null; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update && apt-get install -y --no-install-recommends dcm2niix; \
	fi || echo "dcm2niix could not be installed: the tests that need it will be skipped."
	touch $@

# A database server for the tests of the tables: Debian's where we may install it; skipped elsewhere.
.venv/postgres: .venv/tools
	if command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update && apt-get install -y --no-install-recommends postgresql; \
	fi || echo "PostgreSQL could not be installed: the tests that need it will be skipped."
	touch $@

# What checks the viewer's JavaScript: Debian's node where we may install it; skipped elsewhere.
.venv/node: .venv/tools tests/ui/viewer/package.json
	{ command -v npm >/dev/null || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && \
		apt-get update && apt-get install -y --no-install-recommends nodejs npm; }; } && \
	npm install --prefix tests/ui/viewer --no-package-lock \
	|| echo "TypeScript could not be installed: the tests that need it will be skipped."
	touch $@

lint: .venv/tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A file of tests stays in one process, which has its own servers, databases and homes. The order
# is that of the folders: browsers, which take longest, come first.
SPREAD := --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: lint .venv/browser .venv/validator .venv/converter .venv/node .venv/postgres
	$(BIN)/pytest $(COUNTED) $(SPREAD)

# The same, and tells which lines ran. Counting takes a seventh more processor time.
coverage: COUNTED := --cov
coverage: test

bench: .venv/browser
	set -e; for each in $(BENCHMARKS); do echo "== $$each"; $(BIN)/python $$each; done

# Setuptools would pack what an earlier build left.
wheel: .venv/tools
	rm -rf build dist
	$(BIN)/python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist .

clean:
	rm -rf .venv build dist *.egg-info .coverage tests/ui/viewer/node_modules
