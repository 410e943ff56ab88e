//! Why the catalog could not be read or written.

use tenant_core::{OrganizationStatus, PlacementName, TenantId};

use super::organization::TenantName;
use crate::database_url::Place;
use crate::error::describe_sqlx;
use crate::reach::ReachError;

/// Why the catalog could not be read or written. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogEditError {
    /// Its database can't be reached.
    #[error("the catalog: {0}")]
    Reach(#[from] ReachError),
    /// Its database has none.
    #[error(
        "{place} has no catalog: run `migrate catalog up` with its URL, or name the metadata database with --catalog-url"
    )]
    Missing {
        /// The database.
        place: Place,
    },
    /// The connected role may not.
    #[error(
        "`{role}` has no right to that in the catalog of {place}: connect as a superuser or as a member of its owner (`GRANT \
         tenancy_catalog_owner TO …`, where it has its default roles)"
    )]
    Forbidden {
        /// The database.
        place: Place,
        /// The connected role.
        role: String,
    },
    /// There is no such placement.
    #[error("the catalog has no placement `{name}`{}; add it with `migrate placement add {name}`", listed(.known))]
    UnknownPlacement {
        /// What was asked for.
        name: PlacementName,
        /// Those that there are.
        known: Vec<PlacementName>,
    },
    /// There is a placement of that name that is otherwise.
    #[error(
        "there is a placement `{name}` already, and it is otherwise: `migrate placement show {name}` shows it, `placement set` changes it"
    )]
    PlacementDiffers {
        /// The placement.
        name: PlacementName,
    },
    /// Organisations' records name the placement.
    #[error(
        "placement `{name}` is named by {organizations} organisations, {archived} of them archived: it stays until none does (the \
         record of an archived one can be deleted, see docs/catalog.md)"
    )]
    PlacementInUse {
        /// The placement.
        name: PlacementName,
        /// How many organisations.
        organizations: i64,
        /// How many of them are archived.
        archived: i64,
    },
    /// There is no such organisation.
    #[error("the catalog has no organisation {tenant}: `migrate tenant list` shows those there are")]
    UnknownTenant {
        /// What was asked for.
        tenant: TenantName,
    },
    /// Another organisation has the name.
    #[error(
        "organisation {id} is called \"{name}\" already: choose another name, or give --id {id} if that is the one"
    )]
    NameTaken {
        /// The name.
        name: String,
        /// Who has it.
        id: TenantId,
    },
    /// A dedicated placement has its organisation.
    #[error("placement `{placement}` is dedicated to organisation {id}: another one needs another placement")]
    Dedicated {
        /// The placement.
        placement: PlacementName,
        /// Whose it is.
        id: TenantId,
    },
    /// Its status doesn't allow it.
    #[error("organisation {id} (\"{name}\") is {status} and can't become {wanted}: {}", way(*.status, *.wanted))]
    Status {
        /// The organisation.
        id: TenantId,
        /// Its name.
        name: String,
        /// Its status.
        status: OrganizationStatus,
        /// What it was to become.
        wanted: OrganizationStatus,
    },
    /// The catalog's own rules don't allow it.
    #[error("the catalog refuses it: {reason}")]
    Refused {
        /// What the database said.
        reason: String,
    },
    /// A record in words that this program doesn't know.
    #[error("{what} can't be read ({reason}): was it written by a later release?")]
    Unreadable {
        /// Whose record.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// Something else went wrong.
    #[error("the catalog in {place}: {}", describe_sqlx(.source))]
    Database {
        /// The database.
        place: Place,
        /// What the driver says.
        source: sqlx::Error,
    },
}

/// What a rule of the catalog's tables asks for.
pub(super) fn rule(constraint: &str) -> Option<&'static str> {
    Some(match constraint {
        "organizations_name_check" => {
            "an organisation's name has 1 to 200 characters, none of them a control character, no blank at its ends, and is no \
             identifier (UUID)"
        }
        "placements_hosts_check" => "a host is HOST or HOST:PORT, without credentials, blanks and commas",
        "placements_role_prefix_check" => "a role prefix is 1 to 48 characters of a-z 0-9 _, a letter first",
        _ => return None,
    })
}

fn listed(names: &[PlacementName]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { String::new() } else { format!(" (there are {})", names.join(", ")) }
}

/// What leads on from there.
const fn way(status: OrganizationStatus, wanted: OrganizationStatus) -> &'static str {
    use OrganizationStatus::{Active, Archived, Moving, Provisioning, Suspended};
    match (status, wanted) {
        (Archived, _) => "that is for good; make a new one with `migrate tenant create`",
        (Active, Archived) => "suspend it first (`migrate tenant suspend`), which can be taken back",
        (Suspended, Active) => "give it its access back with `migrate tenant resume`",
        (Moving, _) => "its move has to end first",
        (Provisioning, Active | Suspended | Moving) => {
            "complete it by repeating its `migrate tenant create`, or give it up with `migrate tenant archive`"
        }
        _ => "docs/catalog.md has the ways from one status to another",
    }
}
