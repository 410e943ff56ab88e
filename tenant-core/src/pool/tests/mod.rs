//! The pool's rules, without a database and without a clock.

mod any_sequence_keeps_the_rules;
mod budgets_forget_nobody;
mod rates_are_by_tenant_and_tier;
mod simulated;
mod turns_are_fair;
