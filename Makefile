# make test  sets everything up by itself and runs tests, linters and the type check; for the page in Stash it
#            needs Chromium and Node's packages (npm ci in ui/), and says in one line when they are missing
# make test-long plays what the daily run plays a sample of (an hour)
# make demo  sets everything up by itself and shows the plugin at work on made-up servers
# make demo-page serves the page in Stash between the same servers, until Ctrl-C; needs Node.js
# make picture draws docs/before-and-after.svg, the picture in the README, from a run of the demo's servers
# make page-pictures takes the pictures of the page in docs/, in a browser between the demo's servers
# make bench measures speed and memory beside bare requests (half an hour)
# make package builds what Stash's plugin page installs, from the last commit; needs Python and git only

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
RUN := $(VENV)/Scripts/python
else
RUN := $(VENV)/bin/python
endif
STAMP := $(VENV)/.installed

PAGE_STAMP := ui/node_modules/.package-lock.json
# Scripts of ui/package.json, where its packages are.
PAGE = $(if $(wildcard ui/node_modules/eslint),@for name in $(1); do npm --prefix ui run --silent $$name || exit 1; done)

.PHONY: test test-long demo demo-page picture page-pictures bench package lint types tests format clean

test: lint types tests
	@$(RUN) -m tests.page.tools

demo: $(STAMP)
	@$(RUN) -m tests.servers.demo

demo-page: $(STAMP) $(PAGE_STAMP)
	@$(RUN) -m tests.page.demo

picture: $(STAMP)
	@$(RUN) -m tests.servers.demo_picture

page-pictures: $(STAMP) $(PAGE_STAMP)
	@$(RUN) -m tests.page.pictures

bench: $(STAMP)
	@$(RUN) -m benchmarks.hook
	@$(RUN) -m benchmarks.queue
	@$(RUN) -m benchmarks.reconcile
	@$(RUN) -m benchmarks.back_to_stash
	@$(RUN) -m benchmarks.drain
	@$(RUN) -m benchmarks.window
	@$(RUN) -m benchmarks.operations

package:
	@$(PYTHON) .ci/package.py

lint: $(STAMP)
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(call PAGE,lint format-check)

types: $(STAMP)
	$(RUN) -m mypy
	$(call PAGE,types)

# Byte code is kept, whatever the environment says: thousands of processes would compile the same anew.
tests: export PYTHONDONTWRITEBYTECODE =
tests: $(STAMP)
	$(RUN) -m coverage erase
	$(RUN) -m coverage run -m pytest --numprocesses 3 --dist loadscope
	$(RUN) -m coverage combine --quiet
	$(RUN) -m coverage report

test-long: $(STAMP)
	STASH2PLEX_KILL_ROUNDS=2000 STASH2PLEX_CATCH_UP_STEPS=2000 STASH2PLEX_OTHER_VIDEOS=500 \
		STASH2PLEX_BAD_INPUTS=1000 STASH2PLEX_COLLECTIONS=2000 STASH2PLEX_SEQUENCES=2000 \
		STASH2PLEX_SCENES=2000 STASH2PLEX_ANSWERS=all \
		$(RUN) -m pytest tests/end_to_end/test_kill.py tests/end_to_end/test_main_job.py \
		tests/end_to_end/test_two_way_edits.py tests/operations/test_servers_in_trouble.py \
		tests/end_to_end/test_collections_by_model.py tests/back_to_stash/test_model.py \
		tests/end_to_end/test_catch_up.py tests/end_to_end/test_other_videos.py tests/end_to_end/test_bad_input.py
	$(RUN) -m pytest --hypothesis-profile=hunting tests/validation tests/plex tests/reconciliation
	$(RUN) -m tests.end_to_end.memory_matrix --all
	$(RUN) -m tests.end_to_end.fault_matrix --all

format: $(STAMP)
	$(RUN) -m ruff check --fix
	$(RUN) -m ruff format
	$(call PAGE,format)

$(STAMP): requirements.txt requirements-development.txt requirements-stash-schema.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-development.txt
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-stash-schema.txt
	@$(RUN) -c "open('$(STAMP)', 'w').close()"

$(PAGE_STAMP): ui/package-lock.json
	npm ci --prefix ui --silent --no-audit --no-fund

clean:
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis dist ui/node_modules
