//! Which servers are known to have holes in row-level security.

use super::finding::Finding;
use super::lint::{Lint, Severity, Topic};

pub(super) const OUTDATED: Lint = Lint::new("server-outdated", Severity::Warning, Topic::Environment)
    .looks_for("a server older than the last release that is known to mend row-level security")
    .because(
        "Before 15.20, 16.16, 17.12 and 18.7 a role with INSERT, UPDATE and SELECT can read every row of a table past its policies by \
         iterated INSERT … ON CONFLICT DO UPDATE (CVE-2026-120154). Unique keys that contain the tenant column, and the filter, \
         stand before that.",
    )
    .version(judge);

/// The first minor release of each major one in which every known hole in row-level security is closed, as
/// <https://www.postgresql.org/support/security/> lists them; today the one of CVE-2026-120154 is the last.
const MENDED: [(i32, i32); 4] = [(15, 20), (16, 16), (17, 12), (18, 7)];

/// The release that a server of this `server_version_num` should be brought to, if it is older.
///
/// A major release that is too old to be mended is brought to the oldest that is; one that is newer than this list is not judged.
#[must_use]
pub fn mended_release(version: i32) -> Option<String> {
    let (major, minor) = (version / 10_000, version % 10_000);
    let (oldest, first) = MENDED[0];
    if major < oldest {
        return Some(format!("{oldest}.{first}"));
    }
    let (_, mended) = MENDED.iter().find(|(known, _)| *known == major)?;
    (minor < *mended).then(|| format!("{major}.{mended}"))
}

fn judge(version: i32) -> Option<Finding> {
    let release = mended_release(version)?;
    let detail =
        format!("it is PostgreSQL {}.{}, and {release} mends row-level security", version / 10_000, version % 10_000);
    Some(Finding::of(
        &OUTDATED,
        "server".to_owned(),
        detail,
        format!("-- install PostgreSQL {release} or newer, and restart"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_before_the_mended_one_is_named() {
        for (version, mended) in [
            (140_025, Some("15.20")),
            (150_018, Some("15.20")),
            (150_020, None),
            (160_015, Some("16.16")),
            (170_012, None),
            (180_006, Some("18.7")),
            (180_007, None),
            (190_000, None),
        ] {
            assert_eq!(mended_release(version).as_deref(), mended, "{version}");
        }
    }
}
