//! The primary key and the unique constraints.

use std::fmt;

use tenant_core::{Table, Unique};

use crate::ident::{Ident, IdentError, List, QualifiedName};
use crate::name::{RelationNames, object_name};

/// A key that is a constraint: a foreign key can refer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeySchema {
    name: Ident,
    primary: bool,
    columns: Vec<Ident>,
}

impl KeySchema {
    pub(super) fn primary(table: &Table, name: &QualifiedName, names: &mut RelationNames) -> Result<Self, IdentError> {
        let columns = Ident::all(table.database_primary_key())?;
        let wished = object_name(&name.name, &[], "pkey")?;
        Ok(Self { name: names.claim(&name.schema, wished, "pkey", &name.to_string())?, primary: true, columns })
    }

    pub(super) fn unique(
        unique: &Unique,
        table: &Table,
        name: &QualifiedName,
        names: &mut RelationNames,
    ) -> Result<Self, IdentError> {
        let columns = Ident::all(table.led_by_tenant_key(unique.columns().iter().map(String::as_str)))?;
        let declared: Vec<String> =
            unique.columns().iter().filter(|column| Some(column.as_str()) != table.tenant_key()).cloned().collect();
        let wished = object_name(&name.name, &declared, "key")?;
        let definition = format!("{name} ({})", List(&columns));
        Ok(Self { name: names.claim(&name.schema, wished, "key", &definition)?, primary: false, columns })
    }

    pub(super) const fn name(&self) -> &Ident {
        &self.name
    }
}

impl fmt::Display for KeySchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.primary { "PRIMARY KEY" } else { "UNIQUE" };
        write!(f, "CONSTRAINT {} {kind} ({})", self.name, List(&self.columns))
    }
}
