//! What the framework guarantees: one file a guarantee, all in one binary, so that they share a server and link once.
//!
//! No file here may use `#[tenant_scoped]` or `#[tenant_shared]`: all files share one program, whose registry is the
//! sample models'. A test's own entities are described by hand, in a registry of their own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cancellation;
mod functions;
mod mutants;
mod soak;
mod support;
mod verify;

mod all_of_seaorm_works;
mod bad_pool_settings_are_explained;
mod bindings_follow_the_user;
mod broken_servers_are_survived;
mod clones_are_separate;
mod closed_pools_refuse_everything;
mod clusters_die_with_their_parent;
mod connections_are_shared_fairly;
mod dropped_futures_leave_nothing_behind;
mod every_answer_equals_the_single_tenant_oracle;
mod every_scoped_table_is_protected;
mod existing_servers_stay_clean;
mod foreign_keys_cannot_cross;
mod functions_are_allowed_by_name;
mod functions_are_reviewed;
mod idle_connections_are_looked_after;
mod joins_stay_inside;
mod migrations_follow_any_registry;
mod migrations_follow_the_entities;
mod migrations_make_any_schema;
mod migrations_mend_what_was_harmed;
mod migrations_reach_partitions;
mod migrations_refuse_what_they_cannot_decide;
mod migrations_rename_roles;
mod migrations_walk_up_and_down;
mod missing_servers_are_explained;
mod nested_transactions_end_with_the_outer;
mod newer_statements_stay_inside;
mod no_row_reaches_the_wrong_tenant;
mod oracle_counterexamples;
mod pgbouncers_share_server_connections;
mod plans_use_the_tenant_column;
mod policies_bind_each_role;
mod pools_serve_several_runtimes;
mod pools_stay_within_their_budget;
mod preflight_refuses_unsafe_databases;
mod proxies_break_connections;
mod proxies_count_round_trips;
mod reads_stay_inside;
mod registry_knows_every_model;
mod registry_names_conflicts;
mod roles_have_exactly_their_rights;
mod serialization_failures_are_retried;
mod several_clusters_run_at_once;
mod shared_tables_are_read_only;
mod statements_take_few_round_trips;
mod the_pool_follows_its_model;
mod the_suite_runs_as_the_application_role;
mod transaction_poolers_are_safe;
mod transactions_fail_closed;
mod unbound_sessions_get_an_error;
mod unreachable_databases_are_explained;
mod upserts_stay_inside;
mod verify_knows_any_schema;
mod verify_names_what_is_broken;
mod verify_reports_to_people_and_programs;
mod what_was_found_stays_closed;
mod writes_stay_inside;
