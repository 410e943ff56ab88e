//! A shop's database from before it had tenants, and the program that works on it.

mod old_program;
mod old_shop;

pub(crate) use old_program::OldProgram;
pub(crate) use old_shop::{OldShop, customer, entity, order};
