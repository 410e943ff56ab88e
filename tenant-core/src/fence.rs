//! What keeps an organisation that is moved out of the database that it leaves.

/// The SQLSTATE of what the fence refuses: the organisation is being moved, or lives in another database. Nothing was done then.
pub const FENCED: &str = "TN001";

/// What the fence adds to the functions that the policies ask, as a pattern of whole lines. Nothing in it is free but whom it is
/// about: which organisations are being moved is a database's state, and no change of what isolation rests on. A list is returned only before
/// the empty one that `tenancy.moved_away()` returns without a fence: elsewhere that line could bind a tenant.
pub const FENCE_LINES: &str = r"  (IF CAST\(bound AS uuid\) = ANY \('\{[0-9a-f,-]+\}'\) THEN PERFORM tenancy\.(pass_fence|turn_away)\(bound\); END IF;|PERFORM tenancy\.pass_fence\(CAST\(tenant AS text\)\) FROM unnest\(CAST\('\{[0-9a-f,-]+\}' AS uuid\[\]\)\) AS tenant;|RETURN '\{[0-9a-f,-]+\}';(?=\n  RETURN '\{\}';))\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_posture_passes_over_the_fence_and_nothing_else() {
        let pattern = format!("'{}'", FENCE_LINES.replace('\'', "''"));
        assert!(crate::posture::FACTS.contains(&pattern), "{pattern}");
    }
}
