# SPDX-License-Identifier: Apache-2.0
# `make demo` runs the main job, `make test` the tests; each sets up what it needs on first use.

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin
ARGS ?=

# A sourced ROS 2 brings its own rclpy (and wants numpy < 2); without one it comes from wheels.
ifdef ROS_DISTRO
LOCK := requirements/ros2.lock
VENV_FLAGS := --system-site-packages
else
LOCK := requirements/wheels.lock
VENV_FLAGS :=
endif
READY := $(VENV)/ready-$(notdir $(LOCK))

.PHONY: demo test test-all check structure format models docs scale colcon lock clean help

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(READY): $(LOCK) setup.py
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else f"Python 3.11 or newer is needed, {sys.executable} is {v[0]}.{v[1]}. Try: make PYTHON=python3.12")'
	@echo "Setting up $(VENV) from $(LOCK) (first time only, about a minute)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV_FLAGS) $(VENV) || { echo "On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	@$(RUN)/python -m pip install -q --disable-pip-version-check -r $(LOCK)
	@$(RUN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY) ## Watch recurrent models predict and correct the embedded 7-joint arm
	@$(RUN)/lstm-dynamics demo $(ARGS)

# A process per core. The tests of a file stay in one, for they share what takes long to make.
PARALLEL := -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

test: $(READY) ## Run the tests, but those marked slow
	@$(RUN)/python -m pytest $(PARALLEL) -m 'not slow' $(ARGS)

test-all: $(READY) ## Run all tests
	@$(RUN)/python -m pytest $(PARALLEL) $(ARGS)

check: $(READY) ## Lint, format and type checks
	@$(RUN)/ruff check .
	@$(RUN)/ruff format --check .
	@$(RUN)/mypy

structure: $(READY) ## Print modules, dependencies and lines (ARGS: checkouts to compare)
	@$(RUN)/python test/shared/structure.py $(ARGS)

format: $(READY) ## Format the code
	@$(RUN)/ruff check --fix .
	@$(RUN)/ruff format .

models: $(READY) ## Retrain the shipped models from nothing
	@$(RUN)/lstm-dynamics models $(ARGS)

docs: $(READY) ## Print the pages that are made from the code
	@$(RUN)/python -m lstm_dynamics_ros.cli.parameter_docs page > docs/parameters.md
	@$(RUN)/python -m lstm_dynamics_ros.cli.parameter_docs file > config/dynamics.yaml

scale: $(READY) ## Install Ray, for --engine ray and its tests
	@$(RUN)/python -m pip install -q --disable-pip-version-check -r requirements/scale.lock

# Only what a workspace adds to `make test-all`: programs, share folder, launch files.
COLCON := PATH="$(CURDIR)/$(RUN):$$PATH" $(RUN)/colcon
COLCON_TEST := test --event-handlers console_direct+ --pytest-args test/test_installed.py test/launch $(ARGS)
LINKED := --build-base build/linked --install-base install/linked

colcon: $(READY) ## Build with colcon, as in a ROS 2 workspace, with copies and with links, and test both
	@$(RUN)/python -m pip install -q --disable-pip-version-check -r requirements/colcon.lock
	$(COLCON) build
	$(COLCON) $(COLCON_TEST)
	$(COLCON) build --symlink-install $(LINKED)
	$(COLCON) $(COLCON_TEST) $(LINKED)
	$(RUN)/colcon test-result --verbose

COMPILE := pip-compile -q --upgrade --strip-extras --no-emit-find-links --no-emit-index-url --no-annotate --allow-unsafe --no-header
lock: ## Renew the lock files (needs pip-tools)
	$(COMPILE) -c requirements/colcon.in --extra ros --extra rclpy --extra sim --extra train --extra physics --extra test -o requirements/wheels.lock setup.py
	$(COMPILE) -c requirements/colcon.in -c requirements/ros2.in --extra ros --extra sim --extra train --extra test -o requirements/ros2.lock setup.py
	$(COMPILE) -c requirements/wheels.lock -o requirements/colcon.lock requirements/colcon.in
	$(COMPILE) -c requirements/wheels.lock -o requirements/scale.lock requirements/scale.in
	sed -i -E 's/\+cpu$$//' requirements/*.lock

clean: ## Remove everything that was built
	rm -rf $(VENV) build install log runs *.egg-info .pytest_cache .mypy_cache .ruff_cache
