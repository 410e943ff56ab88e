//! The names of indexes and constraints: readable, deterministic, within PostgreSQL's limit, and unique in their schema.

use std::collections::BTreeSet;

use crate::ident::{Ident, IdentError, MAX_BYTES, QualifiedName};

/// The name `{table}_{parts}_{suffix}`, as PostgreSQL itself would choose it; cut and marked by a digest when too long.
pub(crate) fn object_name(table: &Ident, parts: &[String], suffix: &str) -> Result<Ident, IdentError> {
    let stem = std::iter::once(table.as_str()).chain(parts.iter().map(String::as_str)).collect::<Vec<_>>().join("_");
    let whole = format!("{stem}_{suffix}");
    if whole.len() <= MAX_BYTES {
        return Ident::new(whole);
    }
    marked(&stem, &digest(&whole), suffix)
}

fn marked(stem: &str, digest: &str, suffix: &str) -> Result<Ident, IdentError> {
    let room = MAX_BYTES - digest.len() - suffix.len() - 2;
    let cut = stem.floor_char_boundary(room);
    Ident::new(format!("{}_{digest}_{suffix}", &stem[..cut]))
}

/// The name that the successor of `name` has while both are there.
pub(crate) fn next_name(name: &str) -> String {
    let whole = format!("{name}_next");
    if whole.len() <= MAX_BYTES {
        return whole;
    }
    let digest = digest(name);
    let cut = name.floor_char_boundary(MAX_BYTES - digest.len() - "__next".len());
    format!("{}_{digest}_next", &name[..cut])
}

/// The name `audit.{schema}.{table}` of the function that logs a table's writes; where it is too long, or where the dots don't tell
/// schema from table, marked by a digest.
pub(crate) fn audit_function(table: &QualifiedName) -> Ident {
    let (schema, name) = (table.schema.as_str(), table.name.as_str());
    let whole = format!("audit.{schema}.{name}");
    if whole.len() <= MAX_BYTES && !schema.contains('.') && !name.contains('.') {
        return Ident::live(&whole);
    }
    let digest = digest(&table.to_string());
    let cut = whole.floor_char_boundary(MAX_BYTES - digest.len() - 1);
    Ident::live(&format!("{}.{digest}", &whole[..cut]))
}

/// Eight hexadecimal digits of the text's FNV-1a hash: the same on every machine and in every release.
pub(crate) fn digest(text: &str) -> String {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

/// The names of relations that are taken. Tables and indexes share one namespace per schema.
#[derive(Debug, Default)]
pub(crate) struct RelationNames {
    taken: BTreeSet<(Ident, Ident)>,
}

impl RelationNames {
    /// Takes a table's name, which is given.
    pub(crate) fn reserve(&mut self, table: &QualifiedName) {
        self.taken.insert((table.schema.clone(), table.name.clone()));
    }

    /// The name for an index: the wished one, or if that is taken (`a_b` on column `c`, `a` on `b_c`) one that is
    /// marked by a digest of what the index is.
    pub(crate) fn claim(
        &mut self,
        schema: &Ident,
        wished: Ident,
        suffix: &str,
        definition: &str,
    ) -> Result<Ident, IdentError> {
        let name = if self.taken.contains(&(schema.clone(), wished.clone())) {
            let stem = wished.as_str().strip_suffix(suffix).unwrap_or(wished.as_str()).trim_end_matches('_');
            marked(stem, &digest(definition), suffix)?
        } else {
            wished
        };
        self.taken.insert((schema.clone(), name.clone()));
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ident(name: &str) -> Ident {
        Ident::new(name).expect("fits")
    }

    #[test]
    fn a_long_name_is_cut_to_what_postgresql_keeps_and_stays_distinct() {
        let table = ident(&"t".repeat(60));
        let names = ["first", "second"].map(|column| object_name(&table, &[column.to_owned()], "idx").expect("fits"));
        assert_eq!(names[0].as_str(), "tttttttttttttttttttttttttttttttttttttttttttttttttt_b3e2f1fc_idx");
        assert_eq!(names[0].as_str().len(), 63);
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn functions_of_tables_whose_names_read_alike_have_two_names_that_fit() {
        let name = |schema: &str, table: &str| {
            let name = audit_function(&QualifiedName { schema: ident(schema), name: ident(table) });
            assert!(name.as_str().len() <= MAX_BYTES, "{name}");
            name
        };
        assert_eq!(name("public", "jobs").as_str(), "audit.public.jobs");
        assert_ne!(name("a", "b.c"), name("a.b", "c"));
        assert_ne!(name("public", &format!("{}1", "é".repeat(30))), name("public", &format!("{}2", "é".repeat(30))));
    }

    #[test]
    fn successors_of_names_that_begin_alike_have_two_names_that_fit() {
        assert_eq!(next_name("a_pkey"), "a_pkey_next");
        let names = ["1", "2"].map(|end| next_name(&format!("{}{end}", "é".repeat(31))));
        assert!(names.iter().all(|name| name.len() <= MAX_BYTES), "{names:?}");
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn two_tables_whose_index_names_meet_get_two_names() {
        let mut names = RelationNames::default();
        let public = ident("public");
        let wished = object_name(&ident("a_b"), &["c".to_owned()], "idx").expect("fits");
        assert_eq!(wished, object_name(&ident("a"), &["b_c".to_owned()], "idx").expect("fits"));
        let first = names.claim(&public, wished.clone(), "idx", "a_b (c)").expect("fits");
        let second = names.claim(&public, wished.clone(), "idx", "a (b_c)").expect("fits");
        assert_eq!(first, wished);
        assert_ne!(second, wished);
        assert!(second.as_str().starts_with("a_b_c_") && second.as_str().ends_with("_idx"), "{second}");
    }
}
