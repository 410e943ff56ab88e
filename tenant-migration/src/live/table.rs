//! One relation, as `tables.sql` describes it.

use serde::Deserialize;

use super::LiveTrigger;
use crate::ident::{Ident, QualifiedName};

/// A relation and what belongs to it. Equal values are equal to the eye of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct LiveTable {
    schema: String,
    name: String,
    pub(crate) kind: Kind,
    pub(crate) owner: String,
    /// Of a partition: the table it is a part of.
    pub(crate) parent: Option<LiveName>,
    /// What it inherits from, and what inherits from it, but for partitions.
    pub(crate) relatives: Vec<Relative>,
    pub(crate) marked: bool,
    pub(crate) unlogged: bool,
    /// How many pages its rows take; 0 where there never was a row.
    pub(crate) pages: i64,
    pub(crate) row_security: bool,
    pub(crate) forced: bool,
    /// The columns of a partitioned table's partition key; those that are expressions are left out.
    pub(crate) partitioned_by: Vec<String>,
    pub(crate) columns: Vec<LiveColumn>,
    pub(crate) constraints: Vec<LiveConstraint>,
    /// Those that are no constraint's.
    pub(crate) indexes: Vec<LiveIndex>,
    pub(crate) policies: Vec<LivePolicy>,
    /// What logs its writes.
    pub(crate) audit: Vec<LiveTrigger>,
    /// The owner's own rights are left out.
    pub(crate) grants: Vec<LiveGrant>,
    /// The rights of an owner that this one has not.
    pub(crate) owner_lacks: Vec<String>,
}

/// The other end of INHERIT.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Relative {
    #[serde(flatten)]
    pub(crate) name: LiveName,
    pub(crate) kind: Kind,
    /// Whether it is the parent.
    #[serde(rename = "parent")]
    pub(crate) is_parent: bool,
    pub(crate) row_security: bool,
}

/// What PostgreSQL calls `relkind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Kind {
    #[serde(rename = "r")]
    Table,
    #[serde(rename = "p")]
    Partitioned,
    #[serde(rename = "v")]
    View,
    #[serde(rename = "m")]
    MaterializedView,
    #[serde(rename = "f")]
    ForeignTable,
    #[serde(rename = "S")]
    Sequence,
    #[serde(rename = "i", alias = "I")]
    Index,
    #[serde(rename = "c")]
    Type,
    /// Of whatever kind it is.
    #[serde(rename = "extension")]
    OfExtension,
}

impl Kind {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Table => "a table",
            Self::Partitioned => "a partitioned table",
            Self::View => "a view",
            Self::MaterializedView => "a materialized view",
            Self::ForeignTable => "a foreign table",
            Self::Sequence => "a sequence",
            Self::Index => "an index",
            Self::Type => "a type",
            Self::OfExtension => "an object of an extension",
        }
    }

    /// What follows ALTER.
    pub(crate) const fn keyword(self) -> &'static str {
        match self {
            Self::Table | Self::Partitioned | Self::OfExtension => "TABLE",
            Self::View => "VIEW",
            Self::MaterializedView => "MATERIALIZED VIEW",
            Self::ForeignTable => "FOREIGN TABLE",
            Self::Sequence => "SEQUENCE",
            Self::Index => "INDEX",
            Self::Type => "TYPE",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct LiveName {
    pub(crate) schema: String,
    pub(crate) name: String,
}

impl LiveName {
    pub(crate) fn qualified(&self) -> QualifiedName {
        QualifiedName { schema: Ident::live(&self.schema), name: Ident::live(&self.name) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct LiveColumn {
    pub(crate) name: String,
    /// With its collation, if that is not the type's own.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) not_null: bool,
    /// `attidentity`: `a`, `d` or nothing.
    pub(crate) identity: String,
    /// `attgenerated`: `s`, `v` or nothing.
    pub(crate) generated: String,
    /// The default, or of a generated column its expression.
    pub(crate) default: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct LiveConstraint {
    pub(crate) name: String,
    pub(crate) kind: ConstraintKind,
    pub(crate) definition: String,
    /// Of a check in a shadow: what the definition becomes when the server reads its own words again.
    #[serde(skip)]
    pub(crate) read_again: Option<String>,
    pub(crate) columns: Vec<String>,
    pub(crate) valid: bool,
    /// Of what has no index: true.
    pub(crate) index_valid: bool,
    pub(crate) marked: bool,
    /// Whether it came from a parent, with which it goes.
    pub(crate) inherited: bool,
    /// Of a foreign key: what it refers to.
    pub(crate) target: Option<LiveName>,
    /// Whether the owner of what it refers to is under row-level security too.
    pub(crate) target_forced: bool,
    pub(crate) target_columns: Vec<String>,
    /// Of a foreign key: the constraint that makes the columns referred to a key.
    pub(crate) target_key: Option<String>,
    /// Of a key: the foreign keys that refer to it.
    pub(crate) dependents: Vec<Dependent>,
}

/// A foreign key, from what it refers to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Dependent {
    pub(crate) table: LiveName,
    pub(crate) name: String,
}

impl LiveConstraint {
    /// The definition, whether the rows have been looked at or not.
    pub(crate) fn rule(&self) -> &str {
        self.definition.strip_suffix(" NOT VALID").unwrap_or(&self.definition)
    }

    /// Whether it asks of rows what the wanted one does.
    pub(crate) fn is_like(&self, want: &Self) -> bool {
        self.rule() == want.rule() || want.read_again.as_deref() == Some(self.rule())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum ConstraintKind {
    #[serde(rename = "p")]
    Primary,
    #[serde(rename = "u")]
    Unique,
    #[serde(rename = "x")]
    Exclusion,
    #[serde(rename = "c")]
    Check,
    #[serde(rename = "f")]
    ForeignKey,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct LiveIndex {
    pub(crate) name: String,
    pub(crate) unique: bool,
    pub(crate) valid: bool,
    /// From the access method on, without storage parameters.
    pub(crate) definition: String,
    /// In a shadow: what the definition becomes when the server reads its own words again.
    #[serde(skip)]
    pub(crate) read_again: Option<String>,
    pub(crate) marked: bool,
    pub(crate) inherited: bool,
}

impl LiveIndex {
    /// Which rows it holds, if not all.
    pub(crate) fn condition(&self) -> Option<&str> {
        self.definition.split_once(" WHERE ").map(|(_, condition)| condition)
    }

    /// Whether it finds the same rows in the same order as the wanted one.
    pub(crate) fn is_like(&self, want: &Self) -> bool {
        self.unique == want.unique
            && (self.definition == want.definition || want.read_again.as_ref() == Some(&self.definition))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct LivePolicy {
    pub(crate) name: String,
    pub(crate) permissive: bool,
    /// `polcmd`.
    pub(crate) command: String,
    pub(crate) roles: Vec<String>,
    pub(crate) using: Option<String>,
    pub(crate) check: Option<String>,
    pub(crate) marked: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct LiveGrant {
    pub(crate) grantee: String,
    pub(crate) privilege: String,
    pub(crate) grantable: bool,
}

impl LiveTable {
    pub(crate) fn qualified_name(&self) -> QualifiedName {
        QualifiedName { schema: Ident::live(&self.schema), name: Ident::live(&self.name) }
    }

    /// All that is compared, as one text. How much there is in it is not.
    pub(crate) fn text(&self) -> String {
        format!("{:?}", Self { pages: 0, ..self.clone() })
    }

    /// Whether it is a partition of this table.
    pub(crate) fn is_part_of(&self, parent: &QualifiedName) -> bool {
        let of = self.parent.as_ref();
        of.is_some_and(|of| of.schema == parent.schema.as_str() && of.name == parent.name.as_str())
    }

    pub(crate) fn column(&self, name: &str) -> Option<&LiveColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(crate) fn constraints(&self, kind: ConstraintKind) -> impl Iterator<Item = &LiveConstraint> {
        self.constraints.iter().filter(move |constraint| constraint.kind == kind)
    }

    pub(crate) fn constraint(&self, name: &str) -> Option<&LiveConstraint> {
        self.constraints.iter().find(|constraint| constraint.name == name)
    }

    pub(crate) fn index(&self, name: &str) -> Option<&LiveIndex> {
        self.indexes.iter().find(|index| index.name == name)
    }

    /// Whether a step on it meets rows.
    pub(crate) const fn has_rows(&self) -> bool {
        self.pages > 0 || matches!(self.kind, Kind::Partitioned)
    }
}
