# Needs Rust (rust-toolchain.toml says which), PostgreSQL 15 or newer, and for the tests PgBouncer; both are installed if
# they are missing.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-pg test-pg18 mutants soak bench lint functions postgres pgbouncer

# A snapshot or an expected message is never accepted unseen.
unexport INSTA_FORCE_PASS TRYBUILD

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: postgres ## see organisations stay apart, on a throw-away PostgreSQL
	cargo run --locked -p examples --bin demo

test: postgres pgbouncer lint ## everything that must hold before a change is merged
	scripts/count-tests scripts/run-tests

# Not all of these programs' modules find the libpq that they were built with.
test-pg: postgres pgbouncer ## every test on PostgreSQL VERSION=15, 16, 17 or 18, in its newest release: it is put into target
	scripts/ensure-postgres-version $(VERSION)
	env -u DATABASE_URL TENANT_PG_BIN=$(CURDIR)/target/postgres-$(VERSION)/bin \
		LD_LIBRARY_PATH=$(CURDIR)/target/postgres-$(VERSION)/lib \
		scripts/count-tests scripts/run-tests

test-pg18: ## every test on PostgreSQL 18
	$(MAKE) test-pg VERSION=18

mutants: postgres ## break each rule of the filter and of the schema, and print what notices it
	MUTANT_STATEMENTS=$${MUTANT_STATEMENTS:-5000} \
		cargo test --locked -p tenant-testkit --test guarantees mutants:: -- --nocapture --test-threads 1

soak: postgres pgbouncer ## 100,000 random statements, 20,000 operations cut half-way, 10,000,000 rows verified, a deploy killed at each point, eight faults at each statement of a move: two hours on two cores
	ORACLE_STATEMENTS=$${ORACLE_STATEMENTS:-100000} ORACLE_SEED=$${ORACLE_SEED:-$$(date +%s)} \
		cargo test --locked -p tenant-testkit --test guarantees every_answer_equals -- --nocapture
	CANCELLATIONS=$${CANCELLATIONS:-20000} CANCELLATION_SEED=$${CANCELLATION_SEED:-$$(date +%s)} \
		cargo test --locked -p tenant-testkit --test guarantees dropped_futures -- --nocapture
	MOVE_FAULTS=$${MOVE_FAULTS:-0} MOVE_FAULT_SEED=$${MOVE_FAULT_SEED:-$$(date +%s)} \
		cargo test --locked -p tenant-testkit --test guarantees moves_survive -- --nocapture
	MIGRATION_KILLS=$${MIGRATION_KILLS:-0} \
		cargo test --locked -p tenant-testkit --test guarantees a_run_that_is_killed -- --nocapture
	SOAK_ROWS=$${SOAK_ROWS:-10000000} SOAK_SEED=$${SOAK_SEED:-$$(date +%s)} \
		cargo test --locked -p tenant-testkit --test guarantees no_row_reaches -- --nocapture

bench: postgres ## what both walls, the pool, routing, deploys, the access log, its sealer, a failover and a move cost: some 15 minutes
	cargo bench --locked -p tenant-testkit --bench pool
	cargo bench --locked -p tenant-testkit --bench idle_tenants
	cargo bench --locked -p tenant-testkit --bench rewriting
	cargo bench --locked -p tenant-testkit --bench routing
	TENANT_PG_TMP=$${TENANT_PG_TMP:-/tmp} cargo bench --locked -p tenant-testkit --bench audit
	cargo bench --locked -p tenant-testkit --bench migrations
	cargo bench --locked -p tenant-testkit --bench scale
	cargo bench --locked -p tenant-testkit --bench failover
	cargo bench --locked -p tenant-testkit --bench sealer
	cargo bench --locked -p tenant-testkit --bench moves

lint: ## formatting, clippy and the documentation's links, warnings denied
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

functions: postgres ## the list of functions that statements may call, anew from PostgreSQL 15 and the review
	MAKE_FUNCTIONS=1 cargo test --locked -p tenant-testkit --test guarantees functions_are_reviewed::the_list

postgres:
	@scripts/ensure-postgres

pgbouncer:
	@scripts/ensure-pgbouncer
