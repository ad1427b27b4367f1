# `make demo` and `make test` need nothing but a python3 of at least 3.11 and a package index.
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: demo test coverage browser page install clean

demo: install
	$(PY) -m likelihand demo --out demo-out

test: install browser
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 -q

# The tests again, and the share of lines that they run. Apart from `test`: tracing lines doubles the time.
coverage: install
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 -q --cov --cov-report=term

# The page's tests drive a real Chromium; where it cannot be had they are skipped and say so.
browser:
	@sh .ci/get_chromium.sh

# The browser page, built anew; needs node 20 or newer.
page:
	cd web && npm ci && npm run check && npm test && npm run build

install: $(STAMP)

$(STAMP): pyproject.toml
	@python=$$(sh .ci/find_python.sh) && { test -x $(PY) || "$$python" -m venv $(VENV); }
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[all,dev]'
	@touch $(STAMP)

clean:
	rm -rf demo-out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
