# Each of these needs nothing but a python3 of at least 3.11 and a package index.
#   make demo        the bundled models on pictures and a film, in a minute; no PyTorch
#   make demo-train  trains, scores, exports and uses a small network on drawn hands; installs PyTorch
#   make test        every check and test
#   make docs        the documentation as a site, its tutorials executed: docs/_build/html/index.html
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
LIGHT := $(VENV)/.light
DOCS := $(VENV)/.docs
PIP := $(PY) -m pip install --quiet --disable-pip-version-check

.PHONY: demo demo-train test coverage browser docs page install clean

demo: $(LIGHT)
	$(VENV)/bin/likelihand demo --out demo-out

demo-train: install
	$(VENV)/bin/likelihand demo --train --out demo-out

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

docs: $(DOCS)
	OMP_NUM_THREADS=1 $(VENV)/bin/sphinx-build -n -W --keep-going -b html docs docs/_build/html
	@echo docs/_build/html/index.html

install: $(STAMP)

$(PY):
	@python=$$(sh .ci/find_python.sh) && "$$python" -m venv $(VENV)

$(LIGHT): pyproject.toml | $(PY)
	$(PIP) -e '.[video]'
	@touch $(LIGHT)

$(STAMP): pyproject.toml | $(PY)
	$(PIP) -e '.[all,dev]'
	@touch $(STAMP) $(LIGHT)

$(DOCS): pyproject.toml | $(PY)
	$(PIP) -e '.[all,docs]'
	@touch $(DOCS) $(LIGHT)

clean:
	rm -rf demo-out docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
