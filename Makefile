# simhost: what a clone can do. `make help` lists it.
SHELL := /bin/sh
PREFIX ?= /usr/local
SWIFT_FILES = Package.swift Sources Tests

.DEFAULT_GOAL := help
.PHONY: help run build test bench validate man test-tools test-address test-faults test-install test-report screenshots profiles profiles-clean install uninstall format lint clean tools lua sqlite

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Build, and run the prefill/decode example with policies/least_kv.lua.
	.build/release/simhost --cluster-config configs/cluster/single_node_pd_instance.json \
	  --dataset workloads/example_trace.jsonl --policy policies/least_kv.lua

build: tools ## Build the release binary, .build/release/simhost.
	swift build -c release --product simhost

# Tests run optimised: built in a folder of their own, as what they are built with differs from `make build`.
TESTS = swift test -c release -Xswiftc -enable-testing --scratch-path .build/tests

test: tools ## Run all tests.
	$(TESTS) --parallel
	@$(MAKE) --no-print-directory test-tools

test-tools: ## Test the Python tools; what needs PyTorch, or a built simhost, is skipped without it.
	@if command -v python3 >/dev/null; then python3 -m unittest discover -s tools/tests -t tools; \
	else echo "python3 is not here: the tools in tools/ are not tested" >&2; fi

test-address: tools ## Run hostile policies under AddressSanitizer; what is never freed is not looked for.
	ASAN_OPTIONS=detect_leaks=0 SIMHOST_TEST_BUDGET=2 swift test -c release -Xswiftc -enable-testing \
	  --sanitize=address --scratch-path .build/address \
	  --filter "HostileRunTests|HostileTests|DecisionRecordTests"

test-faults: tools ## Run 10,000 random scenarios with random faults; SEEDS=N for another number.
	SIMHOST_FAULT_SEEDS=$(or $(SEEDS),10000) $(TESTS) --filter FaultLawTests

test-install: build man ## Install into a scratch folder, run it from there, and remove it again.
	scripts/test-install.sh

bench: build ## Measure speed and memory on a fixed set of runs; BENCH=--quick leaves out the large ones.
	python3 Benchmarks/bench.py $(BENCH)

test-report: tools ## Test the report's page in headless Chromium, which is installed if it is missing.
	@scripts/install-package.sh chromium chromium
	swift test --filter ReportPageTests

screenshots: build ## Make the pictures of reports in docs/images, in headless Chromium.
	@scripts/install-package.sh chromium chromium
	scripts/report-screenshots.sh

profiles: ## Make profiles of an accelerator, GPU=h100_sxm, from published measurements of its operators.
	@scripts/make-profiles.sh $(GPU) $(if $(HARDWARE),--hardware $(HARDWARE)) $(foreach m,$(MODEL),--model $(m))

profiles-clean: ## Remove what make profiles has fetched; profiles stay.
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/simhost/venv" "$${XDG_CACHE_HOME:-$$HOME/.cache}/simhost/operator-tables-"*

validate: build ## Print docs/validation.md anew from measured runs: make validate DATA=../shared/data
	@test -d "$(DATA)" || { echo "make validate: give the folder of the reference data, DATA=folder" >&2; exit 1; }
	@PATH="$(CURDIR)/.build/release:$$PATH" scripts/validation-page.sh "$(abspath $(DATA))"

# Where the plugin of swift-argument-parser leaves what it makes of the help texts.
MANUAL = .build/plugins/GenerateManual/outputs/SimHost

man: tools ## Make manual pages of all commands, in .build/man; make install installs them then.
	rm -rf $(MANUAL) .build/man
	swift package --allow-writing-to-package-directory generate-manual --multi-page
	install -d .build/man
	@for page in $(MANUAL)/*.1; do awk "$$EXAMPLES_AS_THEY_ARE" "$$page" >.build/man/"$${page##*/}"; done
	@echo "wrote $$(ls .build/man | wc -l) pages to .build/man"

# The plugin knows paragraphs only: command lines stay lines.
define EXAMPLES_AS_THEY_ARE
/^EXAMPLES?$$/ { print ".Ss " $$0; print ".nf"; isExample = 1; next }
isExample && /^\./ { print ".fi"; isExample = 0 }
{ print }
endef
export EXAMPLES_AS_THEY_ARE

install: build ## Install binary, completions, policies, configs and workloads under PREFIX (default /usr/local).
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/simhost"
	install -m 755 .build/release/simhost "$(DESTDIR)$(PREFIX)/bin/simhost"
	install -d $(COMPLETIONS:%="$(DESTDIR)$(PREFIX)/share/%")
	.build/release/simhost --generate-completion-script bash >"$(DESTDIR)$(PREFIX)/share/bash-completion/completions/simhost"
	.build/release/simhost --generate-completion-script zsh >"$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_simhost"
	.build/release/simhost --generate-completion-script fish >"$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/simhost.fish"
	@if [ -d .build/man ]; then install -d "$(DESTDIR)$(PREFIX)/share/man/man1" && \
	  install -m 644 .build/man/*.1 "$(DESTDIR)$(PREFIX)/share/man/man1/"; fi
	cp -R policies configs workloads report "$(DESTDIR)$(PREFIX)/share/simhost/"

COMPLETIONS = bash-completion/completions zsh/site-functions fish/vendor_completions.d

uninstall: ## Remove what install has put under PREFIX.
	rm -f "$(DESTDIR)$(PREFIX)/bin/simhost" "$(DESTDIR)$(PREFIX)/share/man/man1/simhost".*
	rm -f "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/simhost" \
	  "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_simhost" "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/simhost.fish"
	rm -rf "$(DESTDIR)$(PREFIX)/share/simhost"

format: tools ## Format the Swift sources.
	swift format -i -p -r $(SWIFT_FILES)

lint: tools ## Check formatting (swift format) and policies (luacheck).
	swift format lint -s -p -r $(SWIFT_FILES)
	@scripts/install-package.sh lua-check luacheck
	luacheck --quiet policies

clean: ## Remove what was built.
	rm -rf .build

tools: lua sqlite
	@command -v swift >/dev/null || { \
	  echo "simhost needs a Swift 6 toolchain: install one from https://www.swift.org/install/linux/ and put its bin folder on PATH." >&2; \
	  exit 1; }

lua:
	@scripts/install-package.sh liblua5.4-dev /usr/include/lua5.4/lua.h

sqlite:
	@scripts/install-package.sh libsqlite3-dev /usr/include/sqlite3.h
