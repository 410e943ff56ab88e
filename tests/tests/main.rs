//! What holds whatever anybody does: one module a guarantee.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clones_are_separate;
mod clusters_die_with_their_parent;
mod existing_servers_stay_clean;
mod missing_servers_are_explained;
mod several_clusters_run_at_once;
