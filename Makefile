# Every target calls dev.py, which needs nothing but python3. `make` alone lists them.
# Arguments: make test ARGS="-k codes", make backup FILE=seedbed.zip, make demo SCALE=0.01
PYTHON ?= python3
ARGS ?=
SCALE ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo run worker test lint fmt bench prove migrate backup restore messages setup lock vendor fonts pictures

help:
	@$(PYTHON) dev.py --help

demo:
	@$(PYTHON) dev.py demo --scale $(SCALE) $(ARGS)

run worker test lint fmt bench prove migrate messages setup lock vendor fonts pictures:
	@$(PYTHON) dev.py $@ $(ARGS)

backup restore:
	@$(PYTHON) dev.py $@ $(if $(FILE),"$(FILE)",$(error Say which file: make $@ FILE=seedbed.zip))
