//! The placements of the catalog as a fleet.

use std::error::Error;

use super::fleet::Fleet;
use super::lost::Lost;
use super::member::Member;
use crate::catalog::{DeployUrls, PlacementRecord};

impl Fleet {
    /// All placements, each with its migrator's URL and its roles. One whose URL is missing, or whose roles can't be named, is
    /// [`Lost`]: its job fails, and the others' go on.
    #[must_use]
    pub fn of_placements(placements: &[PlacementRecord], urls: &DeployUrls) -> Self {
        let member = |placement: &PlacementRecord| -> Result<Member, Box<dyn Error>> {
            let url = urls.url(&placement.name)?;
            // No list has lines here.
            Ok(Member::new(placement.name.to_string(), url, 0).with_roles(placement.roles()?))
        };
        let mut fleet = Self { list: "the catalog".to_owned(), members: Vec::new(), lost: Vec::new() };
        for placement in placements {
            match member(placement) {
                Ok(found) => fleet.members.push(found),
                Err(reason) => {
                    fleet.lost.push(Lost { name: placement.name.to_string(), reason: reason.to_string() });
                }
            }
        }
        fleet
    }
}

#[cfg(test)]
mod tests {
    use tenant_core::{GivenUrls, PlacementKind};

    use super::*;
    use crate::fleet::{Ending, FleetReport};

    fn fleet() -> Fleet {
        let placement = |name: &str| PlacementRecord::new(name.parse().expect("a name"), PlacementKind::Shared);
        let own = PlacementRecord { role_prefix: Some("own".to_owned()), ..placement("own") };
        let bad = PlacementRecord { role_prefix: Some("pg".to_owned()), ..placement("bad") };
        let urls: GivenUrls =
            ["eu", "own", "bad"].map(|name| (placement(name).name, "postgres://u:geheim@h/d")).into_iter().collect();
        Fleet::of_placements(&[placement("eu"), placement("lost"), own, bad], &DeployUrls::new(urls))
    }

    #[test]
    fn a_placement_without_a_url_fails_alone() {
        let fleet = fleet();
        let names: Vec<_> = fleet.members().iter().map(Member::name).collect();
        assert_eq!(names, ["eu", "own"]);
        let owners: Vec<_> =
            fleet.members().iter().map(|member| member.roles().map(|roles| roles.owner().as_str())).collect();
        assert_eq!(owners, [None, Some("own_owner")]);
        let report = FleetReport::unfinished("up", &fleet);
        assert_eq!(report.members().len(), 4);
        let Ending::Failed(reason) = report.members()[2].ending() else { panic!("{report}") };
        assert!(reason.contains("placement lost has no URL"), "{reason}");
        assert!(report.to_json()["databases"][2]["host"].is_null());
        assert!(!format!("{report}{}", report.to_json()).contains("geheim"));
    }

    #[test]
    fn one_without_a_url_can_be_chosen_or_left_out() {
        let chosen = fleet().only(["lost", "eu"]).expect("both are there");
        assert_eq!((chosen.members().len(), chosen.lost().len()), (1, 1));
        let chosen = fleet().only(["own"]).expect("it is there");
        assert_eq!((chosen.members().len(), chosen.lost().len()), (1, 0));
        assert!(fleet().only(["mars"]).expect_err("none").to_string().contains("the catalog has no database `mars`"));
    }
}
