//! Tenant columns, keys and references.

use crate::verify::lint::Severity::{Error, Warning};
use crate::verify::lint::{Lint, Topic};

pub(super) const LINTS: &[Lint] = &[
    lint!(
        "keys",
        "tenant-column-nullable",
        Topic::Keys,
        Error,
        "a tenant column that may be NULL",
        "A row without a tenant is nobody's, and a foreign key that is MATCH SIMPLE doesn't look at it."
    ),
    lint!(
        "keys",
        "tenant-column-type",
        Topic::Keys,
        Warning,
        "a tenant column that is a text, or of another type than most",
        "Texts compare by collation, case and spaces; different types need a cast, which an index doesn't serve."
    ),
    lint!(
        "keys",
        "tenant-column-spelling",
        Topic::Keys,
        Error,
        "a column that is the tenant column but for upper and lower case",
        "Its table was not looked at; where tables are found by their column."
    ),
    lint!(
        "keys",
        "primary-key-without-tenant",
        Topic::Keys,
        Error,
        "a primary key without the tenant column",
        "A conflict tells one tenant that another has the key, and no reference can pair the tenants."
    ),
    lint!(
        "keys",
        "unique-without-tenant",
        Topic::Keys,
        Error,
        "a unique constraint or index without the tenant column",
        "A conflict tells one tenant which values another has, and on older servers ON CONFLICT reads the row."
    ),
    lint!(
        "keys",
        "exclusion-without-tenant",
        Topic::Keys,
        Error,
        "an exclusion constraint that doesn't compare the tenant column by equality",
        "A conflict tells one tenant of another's row."
    ),
    lint!(
        "keys",
        "unique-not-led-by-tenant",
        Topic::Keys,
        Warning,
        "a unique index that has the tenant column, but not first",
        "A query of one tenant reads the entries of all."
    ),
    lint!(
        "keys",
        "foreign-key-crosses",
        Topic::Keys,
        Error,
        "a foreign key between scoped tables that doesn't pair their tenant columns",
        "References are checked past row-level security: a row can refer to another tenant's, and learn that it exists."
    ),
    lint!(
        "keys",
        "foreign-key-from-outside",
        Topic::Keys,
        Error,
        "a foreign key to a scoped table from one that is not scoped and that the application may use",
        "Its rows are every tenant's and tell of one's; and references are checked past row-level security."
    ),
    lint!(
        "keys",
        "foreign-key-clears-tenant",
        Topic::Keys,
        Error,
        "ON DELETE or ON UPDATE SET NULL or SET DEFAULT that changes the tenant column",
        "It is carried out past row-level security: the row loses its tenant, or the delete fails."
    ),
    lint!(
        "keys",
        "foreign-key-disabled",
        Topic::Keys,
        Error,
        "a foreign key that is NOT ENFORCED, or whose triggers are disabled",
        "Nothing enforces it."
    ),
    lint!(
        "keys",
        "constraint-not-validated",
        Topic::Keys,
        Warning,
        "a constraint that was never validated, or is NOT ENFORCED",
        "Rows may break it."
    ),
    lint!(
        "keys",
        "replica-identity-without-tenant",
        Topic::Keys,
        Warning,
        "a replica identity without the tenant column",
        "What is replicated says which row changed, but not whose it is."
    ),
];
