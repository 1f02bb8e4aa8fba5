# Targets that people and scripts rely on. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED := 0
GO ?= go
PKGS ?= ./...
UI_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' -not -path 'web/e2e/out/*' 2>/dev/null)
UI_OUT := internal/edge/webui/dist/index.html
LDFLAGS := -s -w
DEMO_DIR ?= $(shell mktemp -d /tmp/ciclo-demo-XXXXXX)
LISTEN ?= 127.0.0.1:8600

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## Install what building needs (by apt when root)
	@scripts/deps.sh build

deps-test: ## Install what the tests need (by apt when root)
	@scripts/deps.sh test

web/node_modules/.package-lock.json: web/package-lock.json
	@echo "installing UI packages"
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

test/conformance/node_modules/.package-lock.json: test/conformance/package-lock.json
	@echo "installing the SDKs that are tested"
	@cd test/conformance && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(UI_OUT): $(UI_SOURCES) web/node_modules/.package-lock.json
	@echo "building the UI"
	@cd web && npm run --silent build
	@touch $@

ui: deps $(UI_OUT) ## Build the web UI

build: ui ## Build the UI and bin/ciclo
	@echo "building bin/ciclo"
	@$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ciclo ./cmd/ciclo

demo: build ## Make a seeded shop in a temporary folder and serve it
	@bin/ciclo demo --data $(DEMO_DIR) --listen $(LISTEN)

lint: deps ## Formatting, vet, licences and house rules
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1; }
	@$(GO) vet $(PKGS)
	@$(GO) test ./internal -count=1

test: deps-test lint build test/conformance/node_modules/.package-lock.json ## Run every test
	@echo "Go tests, SQLite and PostgreSQL"
	@CICLO_CONFORMANCE=1 $(GO) run ./internal/kit/db/dbtest/pgrun $(GO) test $(TESTFLAGS) $(PKGS)
	@echo "UI tests"
	@cd web && npm run --silent lint && npm run --silent test
	@echo "browser tests against the real binary"
	@scripts/e2e.sh

e2e: deps-test build ## Browser tests in every scheme and language
	@E2E_WALKS= scripts/e2e.sh

test-race: deps-test ## Run the Go tests under the race detector, short mode
	@CGO_ENABLED=1 $(GO) run ./internal/kit/db/dbtest/pgrun $(GO) test -race -short -timeout 60m $(PKGS)

fuzz: ## Fuzz each target for a while (FUZZTIME=30s)
	@for t in $$(grep -rlE '^func Fuzz' --include=*_test.go .); do \
	  for f in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9]+).*/\1/p' $$t); do \
	    echo "$$f in $$(dirname $$t)"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $${FUZZTIME:-30s} ./$$(dirname $$t) || exit 1; done; done

bench: build ## Measure and print the table of docs/benchmarks.md
	@bin/ciclo bench

soak: build ## The long form of kill and soak tests
	@CICLO_TEST_SOAK=1 $(GO) run ./internal/kit/db/dbtest/pgrun $(GO) test -count=1 -timeout 60m -v ./test/kill/...

openapi: build ## Write openapi.json and the UI's types from the program
	@bin/ciclo openapi > openapi.json

clean: ## Remove what was built
	@rm -rf bin web/dist internal/edge/webui/dist/*

.PHONY: help deps deps-test ui build demo lint test e2e test-race fuzz bench soak openapi clean
