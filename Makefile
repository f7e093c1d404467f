# CT Denoise: `make run` serves the dashboard, `make test` checks everything.
# Stamp files in .venv remember what is installed, so a second call installs nothing.

PYTHON ?= python3
BIN := .venv/bin
BENCHMARKS := $(filter-out benchmarks/_%,$(wildcard benchmarks/*.py))

# Gives the memory of an upload back to the system once it has been read (457 MB become 152 MB).
export MALLOC_ARENA_MAX := 2
export MALLOC_MMAP_THRESHOLD_ := 131072

.PHONY: run install test lint bench clean

run: install
	$(BIN)/ctdenoise sample
	$(BIN)/streamlit run app.py --server.port 8501

install: .venv/installed

.venv/installed: requirements.txt pyproject.toml
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -r requirements.txt
	touch $@

.venv/tools: .venv/installed
	$(BIN)/python -m pip install -e ".[test]"
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

test: lint .venv/browser .venv/validator .venv/node
	$(BIN)/pytest

bench: .venv/browser
	set -e; for each in $(BENCHMARKS); do echo "== $$each"; $(BIN)/python $$each; done

clean:
	rm -rf .venv tests/ui/viewer/node_modules
