# Everything a contributor runs. `make check` is what the gate runs, as far as this machine has what it needs.
.DEFAULT_GOAL := help
TESTFLAGS ?= -race -shuffle=on
# Inputs, not seconds: at the end of a time, Go 1.26 may report the deadline as a failure (golang/go#75804).
FUZZTIME  ?= 50000x
BENCHTIME ?= 1s
STRIKES   ?= 200
ROUNDS    ?= 20
LINTER    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
TARGETS   := linux/amd64 linux/arm64 windows/amd64 darwin/arm64

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: check
check: lint build test ## Lint, build for every platform, test: what must be green before a change lands

.PHONY: test
test: ## Run all tests with the race detector
	go test $(TESTFLAGS) ./...

.PHONY: e2e
e2e: ## Run the scripts that go through both wires
	go test $(TESTFLAGS) -run 'TestScripts' ./cmd/...

.PHONY: crash
crash: ## Kill the program STRIKES times (default 200) and print what it left; on Postgres too with ADSYNCBOT_POSTGRES
	cd cmd/internal/crash && go test -count=1 -timeout 60m -strikes $(STRIKES) -rounds $(ROUNDS)

.PHONY: demo
demo: ## Play with the bot between two simulators; no accounts needed
	go run ./cmd/adsyncdemo

.PHONY: lint
lint: ## Run the linters; they also enforce which package may import which
	@if command -v golangci-lint >/dev/null; then golangci-lint run ./...; else go run $(LINTER) run ./...; fi

.PHONY: build
build: ## Build without cgo for every supported platform
	@for t in $(TARGETS); do echo "build $$t"; CGO_ENABLED=0 GOOS=$${t%/*} GOARCH=$${t#*/} go build -trimpath -o /dev/null ./cmd/adsyncbot || exit 1; done

.PHONY: fuzz
fuzz: ## Try FUZZTIME inputs (default 50000x) on every fuzz target
	@go list -f '{{$$p := .ImportPath}}{{range .TestGoFiles}}{{$$.Dir}}/{{.}} {{$$p}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$$.Dir}}/{{.}} {{$$p}}{{"\n"}}{{end}}' ./... | \
	while read -r file pkg; do \
		for f in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			echo "fuzz $$pkg $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$$pkg" || exit 1; \
		done; \
	done

.PHONY: golden
golden: ## Rewrite the golden files; read the diff before you commit it
	go test ./bot ./commands ./cmd/... -update

.PHONY: bench
bench: ## Run the benchmarks (those on Postgres need ADSYNCBOT_POSTGRES)
	go test -run '^$$' -timeout 60m -bench . -benchmem -benchtime $(BENCHTIME) ./executor/... ./cmd/...
