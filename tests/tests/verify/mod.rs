//! Databases that each break something, for the lints of `migrate verify`.

mod breach;
mod breaches_of_functions;
mod breaches_of_keys;
mod breaches_of_policies;
mod breaches_of_rights;
mod breaches_of_roles;
mod breaches_of_the_log;
mod breaches_of_the_registry;

pub(crate) use breach::{Breach, findings, ident, registered, roles_with_app};

/// What breaks each lint, and nothing else.
pub(crate) fn breaches() -> impl Iterator<Item = &'static Breach> {
    [
        breaches_of_policies::BREACHES,
        breaches_of_functions::BREACHES,
        breaches_of_keys::BREACHES,
        breaches_of_rights::BREACHES,
        breaches_of_roles::BREACHES,
        breaches_of_the_log::BREACHES,
        breaches_of_the_registry::BREACHES,
    ]
    .into_iter()
    .flatten()
}
