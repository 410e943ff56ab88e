//! One file per guarantee.

mod database;
mod migrations_make_any_schema;
mod migrations_walk_up_and_down;
mod policies_bind_each_role;
