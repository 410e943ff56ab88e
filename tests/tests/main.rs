//! One file per guarantee.

mod migrations_walk_up_and_down;
