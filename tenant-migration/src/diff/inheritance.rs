//! What a scoped table inherits from and what inherits from it: rows go both ways, row-level security neither.

use super::{Differences, Pair};
use crate::conflict::Conflict;
use crate::ident::QualifiedName;
use crate::live::Kind;

pub(super) fn compare(pair: &Pair<'_>, out: &mut Differences) {
    if pair.tenant_key.is_none() {
        return;
    }
    let (table, own) = (pair.described, pair.name);
    for relative in &pair.have.relatives {
        let name = relative.name.qualified();
        if relative.is_parent && !relative.row_security {
            out.conflicts.push(Conflict::ShownByParent {
                table: table.clone(),
                parent: name.to_string(),
                kind: relative.kind.words(),
                repair: format!("ALTER TABLE {own} NO INHERIT {name}"),
            });
        } else if !relative.is_parent && relative.kind == Kind::ForeignTable {
            let repair = format!("ALTER FOREIGN TABLE {name} NO INHERIT {own}");
            out.conflicts.push(foreign_rows(pair, &name, repair));
        }
    }
    for (name, part) in pair.descendants() {
        if let (Kind::ForeignTable, Some(parent)) = (part.kind, &part.parent) {
            let repair = format!("ALTER TABLE {} DETACH PARTITION {name}", parent.qualified());
            out.conflicts.push(foreign_rows(pair, name, repair));
        }
    }
}

fn foreign_rows(pair: &Pair<'_>, child: &QualifiedName, repair: String) -> Conflict {
    Conflict::ForeignRows { table: pair.described.clone(), child: child.to_string(), repair }
}
