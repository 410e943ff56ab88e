//! What an application lets tenants' statements call beyond the list.

use std::collections::HashSet;

/// Functions that a tenant's statement may call although they are not on the list.
///
/// The filter does not look into a function: what one reads is kept apart by row-level security alone, and not even by
/// that if it is SECURITY DEFINER. Allow what you have read.
///
/// ```
/// use tenant_core::AllowedFunctions;
///
/// let allowed = AllowedFunctions::default().allow("similarity")?.allow("chemistry.tanimoto")?;
/// assert!(AllowedFunctions::default().allow("set_config").is_err());
/// # Ok::<(), tenant_core::AllowanceError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct AllowedFunctions {
    paths: HashSet<Vec<String>>,
}

impl AllowedFunctions {
    /// Allows a function as statements write it: `name` or `schema.name`, in quotes where SQL needs them.
    ///
    /// A name by itself is whatever PostgreSQL finds under it along the search path, pg_catalog's function included. All
    /// overloads of a name are meant.
    ///
    /// # Errors
    /// [`AllowanceError`] when this is no function's name, or one of a function that would open a wall.
    pub fn allow(mut self, name: &str) -> Result<Self, AllowanceError> {
        let path = parse(name).ok_or_else(|| AllowanceError::Name { name: name.to_owned() })?;
        if let Some(reason) = closed(&path) {
            return Err(AllowanceError::Closed { name: name.to_owned(), reason });
        }
        self.paths.insert(path);
        Ok(self)
    }

    pub(super) fn contains(&self, path: &[String]) -> bool {
        let by_itself = path.strip_prefix(&["pg_catalog".to_owned()]);
        self.paths.contains(path) || by_itself.is_some_and(|name| self.paths.contains(name))
    }
}

/// Why a function can't be allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AllowanceError {
    /// Not a function's name.
    #[error("`{name}` is no function's name: write `name` or `schema.name`, without brackets and arguments")]
    Name {
        /// What was given.
        name: String,
    },
    /// A function that would open a wall to whoever may call it.
    #[error("function {name} can't be allowed, because it {reason}: call it through the system connection")]
    Closed {
        /// The function as it was given.
        name: String,
        /// What it does.
        reason: &'static str,
    },
}

/// Why the function is allowed to nobody.
fn closed(path: &[String]) -> Option<&'static str> {
    const PAST_THE_FILTER: &str = "runs SQL that the filter doesn't see";
    let name = path.last()?.as_str();
    if name.starts_with("dblink") {
        return Some(PAST_THE_FILTER);
    }
    if !matches!(path, [_]) && path.first().is_some_and(|schema| schema != "pg_catalog") {
        return None;
    }
    match name {
        "set_config" => Some("can bind the session to another tenant"),
        "ts_stat" | "ts_rewrite" => Some(PAST_THE_FILTER),
        _ => ["query_to_xml", "cursor_to_xml", "table_to_xml", "schema_to_xml", "database_to_xml"]
            .iter()
            .any(|family| name.starts_with(family))
            .then_some(PAST_THE_FILTER),
    }
}

/// The parts of `name` or `schema.name` as PostgreSQL reads them.
fn parse(text: &str) -> Option<Vec<String>> {
    let mut path = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(inside) => {
                let (part, after) = inside.split_at(inside.find('"')?);
                (part.to_owned(), &after[1..])
            }
            None => {
                let length = rest.find('.').unwrap_or(rest.len());
                let (part, after) = rest.split_at(length);
                (plain(part)?, after)
            }
        };
        // What PostgreSQL cuts off at 63 bytes would be another name there than here.
        if part.is_empty() || part.len() > 63 || part.contains('\0') {
            return None;
        }
        path.push(part);
        match after.strip_prefix('.') {
            Some(next) if path.len() == 1 => rest = next,
            None if after.is_empty() => return Some(path),
            _ => return None,
        }
    }
}

/// An identifier without quotes: a letter, then letters, digits, `_` and `$`.
fn plain(part: &str) -> Option<String> {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    let fits = part.starts_with(is_letter) && part.chars().all(|c| is_letter(c) || c.is_ascii_digit() || c == '$');
    fits.then(|| part.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_in_sql() {
        for (text, path) in [
            ("similarity", vec!["similarity"]),
            ("ST_Distance", vec!["st_distance"]),
            ("chemistry.Tanimoto", vec!["chemistry", "tanimoto"]),
            ("\"My schema\".\"F.g\"", vec!["My schema", "F.g"]),
        ] {
            assert_eq!(parse(text), Some(path.into_iter().map(str::to_owned).collect()), "{text}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in
            ["", ".", "f()", "f(int)", "a.", ".f", "a.b.c", "a b", "\"open", "\"a\"b", "f;", "1f", "f--", "\"\""]
        {
            let error = AllowedFunctions::default().allow(text).expect_err("a refusal");
            assert!(matches!(error, AllowanceError::Name { .. }), "{text}");
        }
        assert!(parse(&"f".repeat(64)).is_none());
    }

    #[test]
    fn what_opens_a_wall_is_allowed_to_nobody() {
        for text in [
            "set_config",
            "pg_catalog.set_config",
            "\"set_config\"",
            "SET_CONFIG",
            "query_to_xml_and_xmlschema",
            "ts_stat",
            "dblink",
            "extensions.dblink_exec",
        ] {
            let error = AllowedFunctions::default().allow(text).expect_err("a refusal");
            assert!(matches!(error, AllowanceError::Closed { .. }), "{text}");
        }
        assert!(AllowedFunctions::default().allow("mine.set_config").is_ok());
    }

    #[test]
    fn a_name_by_itself_is_pg_catalogs_too_and_never_another_schemas() {
        let allowed = AllowedFunctions::default().allow("pg_typeof").and_then(|allowed| allowed.allow("mine.f"));
        let allowed = allowed.expect("names");
        let contains = |path: &[&str]| allowed.contains(&path.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert!(contains(&["pg_typeof"]) && contains(&["pg_catalog", "pg_typeof"]) && contains(&["mine", "f"]));
        assert!(!contains(&["f"]) && !contains(&["mine", "pg_typeof"]) && !contains(&["pg_catalog", "f"]));
    }
}
