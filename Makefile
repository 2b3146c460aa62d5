# The work is in bootstrap.py (the environment) and in dvae_course's commands; see `make help`.
PYTHON ?= python3

.PHONY: help book test lab assignments notebooks

help:
	@echo "make book         build the book: build/site/index.html"
	@echo "make test         run all tests"
	@echo "make lab          open the course in JupyterLab"
	@echo "make assignments  build the class edition: build/classroom/"
	@echo "make notebooks    make every .ipynb again from its .md"
	@echo "Chapters by name: make notebooks ARGS=11.  Another Python: make book PYTHON=python3.12"

book test lab assignments notebooks:
	@$(PYTHON) bootstrap.py $@ $(ARGS)
