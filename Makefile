# Everything a reader or a contributor types. GNU make 3.81 and a POSIX shell are enough.

# Which Python to build the environment with; the first of these that is new enough when not given.
PYTHON ?=
CANDIDATES := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python)

# Tools are run as `python -m`, since their scripts hold the path of the folder they were installed in.
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.ready-bench

# Notebook kernels draw inline; a backend taken over from outside would leave every figure out.
unexport MPLBACKEND
# Many processes start here; where compiled modules may not be kept, each would spend seconds compiling them anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help report test test-all lab check notebooks bench validation docs ends lock clean

help:
	@echo "make report     write the programme report, reports/index.html, and a page of each notebook, run anew"
	@echo "make test       run the tests, the notebooks and docstring examples among them, without the slow ones"
	@echo "make test-all   run every test; before a release"
	@echo "make lab        open the notebooks in JupyterLab"
	@echo "make check      format, lint and types"
	@echo "make notebooks  run the notebooks again in place, so that their stored outputs are fresh"
	@echo "make bench      run the benchmarks"
	@echo "make validation compute the published cases anew, for notebook 06"
	@echo "make docs       write the site of the documentation, site/index.html; it opens without a network"
	@echo "make ends       compare the notebooks at the lowest and newest versions, 1 and 2 threads (needs uv)"
	@echo "make lock       choose and pin the packages again (needs uv)"
	@echo "make clean      remove .venv, reports and caches"
	@echo ""
	@echo "Each sets up .venv first when it has to. PYTHON=/path/to/python3 says with which Python (after a"
	@echo "make clean, where .venv is there already)."

# Outputs are kept, and a bar is none.
report notebooks: export TQDM_DISABLE = 1
# Notebooks run side by side: with as many threads each as there are cores they would wait for one another.
report notebooks: export OPENBLAS_NUM_THREADS = 1

report: $(READY)
	$(PY) -m papi_analysis.reporting.notebooks notebooks reports

# One process for each core; the tests of a file, or the cells of a notebook, stay in order in one of them. Files go
# in the order of testpaths, where the notebooks, which take longest, come first.
TEST := $(PY) -m pytest -n auto --dist loadfile --no-loadscope-reorder
test: $(READY)
	$(TEST)

test-all: $(READY)
	$(TEST) -m ""

lab: $(READY)
	$(PY) -m jupyterlab --KernelManager.transport_encryption=auto notebooks

check: $(READY)
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy

notebooks: $(READY)
	$(PY) -m papi_analysis.reporting.notebooks notebooks --in-place

bench: $(BENCH_READY)
	$(PY) benchmarks/run.py

validation: $(READY)
	$(PY) benchmarks/validation/validate.py

docs: $(READY)
	$(PY) docs/build.py

# The stored numbers of all notebooks must hold at both ends of the versions that pyproject.toml allows.
LOWEST := "numpy==1.26.*" "scipy==1.15.*" "pandas==2.2.*" "statsmodels==0.14.2"
ends:
	@command -v uv >/dev/null || { echo "make ends needs uv (python -m pip install uv)." >&2; exit 1; }
	@set -e; for end in lowest newest; do \
	  if [ $$end = lowest ]; then versions='$(LOWEST)'; else versions=; fi; \
	  uv venv --quiet --clear --python 3.11 .ends/$$end; \
	  eval uv pip install --quiet --python .ends/$$end/bin/python -e '".[notebooks]"' pytest nbval $$versions; \
	  for threads in 1 2; do \
	    echo "== $$end versions, $$threads thread(s)"; \
	    OPENBLAS_NUM_THREADS=$$threads .ends/$$end/bin/python -m pytest -q -p no:cacheprovider -o addopts= \
	      --nbval --nbval-current-env --nbval-cell-timeout=300 notebooks; \
	  done; \
	done

# Pins already in the files stay while they fit; delete the files first to take newer versions.
COMPILE = uv --no-config pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --custom-compile-command "make lock"
lock:
	@command -v uv >/dev/null || { echo "make lock needs uv (python -m pip install uv)." >&2; exit 1; }
	$(COMPILE) --extra notebooks --extra test --output-file requirements.lock
	$(COMPILE) --extra bench --constraint requirements.lock --output-file requirements-bench.lock

clean:
	rm -rf $(VENV) .ends reports site build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name .git -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints -o -name '*.egg-info' \) \
	  -prune -exec rm -rf {} +

# Set-up. The stamp is written last and holds the folder, so that neither a set-up that broke off nor an
# environment that was moved passes for a finished one. Whatever fails takes .venv with it.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif

$(READY): pyproject.toml requirements.lock
	@set -e; python=; seen=; \
	for candidate in $(CANDIDATES); do \
	  version=$$("$$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
	  seen="$$seen; $$candidate is $$version"; \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	    python=$$(command -v "$$candidate"); break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Python 3.11 or newer is needed, and none was found (looked for: $(CANDIDATES)$$seen)." >&2; \
	  echo "Install one, or say where it is: make test PYTHON=/path/to/python3.12" >&2; \
	  exit 1; \
	fi; \
	if ! command -v uv >/dev/null && ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "Python $$version ($$python) comes without the modules venv and ensurepip." >&2; \
	  echo "Debian, Ubuntu: install the package python3-venv (python$$version-venv). Elsewhere: install uv." >&2; \
	  exit 1; \
	fi; \
	trap 'exit 1' HUP INT TERM; \
	trap 'test -f $(READY) || { rm -rf $(VENV); \
	  echo "Set-up failed, see above, and $(VENV) was removed. Packages come from the index that pip or uv is" >&2; \
	  echo "set to: check the network and that setting, then type the same command again." >&2; }' EXIT; \
	rm -rf $(VENV); \
	echo "Setting up $(VENV) with Python $$version; the first time takes about a minute ..."; \
	if command -v uv >/dev/null; then \
	  uv venv --quiet --python "$$python" $(VENV); \
	else \
	  "$$python" -m venv $(VENV); \
	fi; \
	$(call install,--require-hashes -r requirements.lock); \
	$(call install,--no-deps --no-build-isolation -e .); \
	pwd -P > $(READY)

$(BENCH_READY): requirements-bench.lock $(READY)
	@$(call install,--require-hashes -r requirements-bench.lock)
	@touch $@

install = if command -v uv >/dev/null; then uv pip install --quiet --python $(PY) $(1); \
	else $(PY) -m pip install -qq --no-compile --disable-pip-version-check $(1); fi
