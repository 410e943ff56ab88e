//! The schema `tenancy_catalog`: one pair of files per version.

use tenant_core::catalog_tables::{CHANNEL, EVERYTHING, PLACEMENTS, SCHEMA};
use tenant_core::{OrganizationStatus, PlacementKind, Tier};

use super::lifecycle::TRANSITIONS;
use super::move_record::{Stage, Wish};
use super::roles::CatalogRoles;
use super::state::STATE;
use crate::change::Change;
use crate::role;
use crate::step::Step;
use crate::template::{Value, fill, literal};

/// The version that this release makes.
pub(super) const VERSION: u32 = 2;

/// Makes it, or makes it as it should be where it is there.
pub(super) fn up(roles: &CatalogRoles) -> Change {
    let mut steps = role::catalog_steps(roles);
    let names = [
        ("schema", Value::Text(SCHEMA.into())),
        ("owner", Value::Text(roles.owner.as_str().into())),
        ("router", Value::Text(roles.router.as_str().into())),
    ];
    let schema = fill(include_str!("../../sql/catalog_schema.sql"), &names);
    steps.push(Step::lasting("the catalog's schema belongs to its owner, and the router may connect", schema));
    steps.push(Step::owner(
        "the catalog, version 1: placements and organisations, who may read them, and who is told of changes",
        version_1(roles),
        include_str!("../../sql/catalog_v01_down.sql"),
    ));
    steps.push(Step::owner(
        "the catalog, version 2: moves of organisations, which their mover alone reads",
        version_2(roles),
        include_str!("../../sql/catalog_v02_down.sql"),
    ));
    steps.push(Step::forward("how it was made is recorded, so that the next run finds what was changed", record()));
    Change::new("the catalog", steps)
}

/// Takes it away. The roles stay, which other databases may use.
pub(super) fn down(roles: &CatalogRoles) -> Change {
    let steps = up(roles).steps.into_iter().rev().filter_map(Step::undone).collect();
    Change::new("the catalog goes", steps)
}

fn version_1(roles: &CatalogRoles) -> String {
    let transition =
        |(from, to): (OrganizationStatus, OrganizationStatus)| format!("({})", texts(vec![from.as_str(), to.as_str()]));
    let file = include_str!("../../sql/catalog_v01_up.sql")
        .replace(":kinds", &texts([PlacementKind::Shared, PlacementKind::Dedicated].map(PlacementKind::as_str).into()))
        .replace(":tiers", &texts(Tier::ALL.map(Tier::as_str).into()))
        .replace(":statuses", &texts(OrganizationStatus::ALL.map(OrganizationStatus::as_str).into()))
        .replace(":transitions", &TRANSITIONS.map(transition).join(", "));
    let values = [
        ("channel", Value::Text(CHANNEL.into())),
        ("everything", Value::Text(EVERYTHING.into())),
        ("placements", Value::Text(PLACEMENTS.into())),
        ("owner", Value::Text(roles.owner.as_str().into())),
        ("router", Value::Ident(&roles.router)),
    ];
    fill(&file, &values)
}

fn version_2(roles: &CatalogRoles) -> String {
    let file = include_str!("../../sql/catalog_v02_up.sql")
        .replace(":stages", &texts(Stage::ALL.map(Stage::as_str).into()))
        .replace(":wishes", &texts(Wish::ALL.map(Wish::as_str).into()));
    fill(&file, &[("router", Value::Ident(&roles.router))])
}

fn texts(texts: Vec<&str>) -> String {
    texts.into_iter().map(literal).collect::<Vec<_>>().join(", ")
}

fn record() -> String {
    let version = [("version", Value::Text(format!("version {VERSION}").into()))];
    fill(include_str!("../../sql/catalog_record.sql"), &version).replace(":state", STATE.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_placeholder_is_left_open() {
        let roles = CatalogRoles::default();
        for change in [up(&roles), down(&roles)] {
            for step in change.steps {
                assert!(!step.up.contains(":\"") && !step.up.contains(":'") && !step.up.contains("(:"), "{}", step.up);
            }
        }
    }
}
