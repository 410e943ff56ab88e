//! What is wrong with the arguments, given the model; what is left is the description of a table.

use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Ident, LitStr};

use crate::attribute::Attribute;
use crate::mistakes::Mistakes;
use crate::model::{Column, Model};
use crate::parse::{Arguments, Audit, Key, Redaction, Rule, RuleKind};

/// The tenant column's field unless `key` names another; `tenant_core::DEFAULT_KEY`.
const DEFAULT_KEY: &str = "organization_id";

/// What to generate.
pub(crate) struct Description<'a> {
    pub(crate) attribute: Attribute,
    /// The tenant column, if the table is scoped.
    pub(crate) key: Option<&'a Column>,
    pub(crate) rules: Vec<CheckedRule<'a>>,
    pub(crate) audit: CheckedAudit<'a>,
}

/// What is logged.
#[derive(Default)]
pub(crate) struct CheckedAudit<'a> {
    pub(crate) flags: Vec<&'a Ident>,
    pub(crate) redacted: Vec<&'a Column>,
}

/// An index or uniqueness rule whose columns exist.
#[derive(PartialEq, Eq)]
pub(crate) struct CheckedRule<'a> {
    pub(crate) kind: RuleKind,
    pub(crate) columns: Vec<RuleColumn<'a>>,
    pub(crate) include: Vec<&'a Column>,
    pub(crate) filter: Option<&'a LitStr>,
}

/// A column of a rule.
#[derive(PartialEq, Eq)]
pub(crate) struct RuleColumn<'a> {
    pub(crate) column: &'a Column,
    pub(crate) descending: bool,
}

/// Checks the arguments. With a mistake, the description lacks what is mistaken.
pub(crate) fn check<'a>(
    attribute: Attribute,
    arguments: &'a Arguments,
    model: &'a Model,
    mistakes: &mut Mistakes,
) -> Description<'a> {
    let key = match attribute {
        Attribute::Scoped => tenant_column(&arguments.keys, model, mistakes),
        Attribute::Shared => {
            refuse_tenant_column(model, mistakes);
            None
        }
    };
    Description {
        attribute,
        key,
        rules: rules(&arguments.rules, key, model, mistakes),
        audit: audit(&arguments.audits, key, model, mistakes),
    }
}

fn tenant_column<'a>(keys: &[Key], model: &'a Model, mistakes: &mut Mistakes) -> Option<&'a Column> {
    for key in keys.iter().skip(1) {
        mistakes.at(key.keyword.span(), "`key` is given twice: a table has one tenant column");
    }
    let column = match keys.first() {
        Some(Key { field: None, .. }) => return None,
        Some(Key { field: Some(field), .. }) => column(field, model, mistakes)?,
        None => model.column_named(DEFAULT_KEY).or_else(|| {
            let message = format!(
                "this model has no tenant column: add the field `pub {DEFAULT_KEY}: TenantId`, or name the field that \
                 is it with `key = …`"
            );
            mistakes.at(model.name.span(), message);
            None
        })?,
    };
    check_tenant_column(column, model, mistakes);
    Some(column)
}

/// Of its type only `Option` is checked here: that it is a `TenantId` is for the compiler to see.
fn check_tenant_column(column: &Column, model: &Model, mistakes: &mut Mistakes) {
    let field = &column.field;
    if column.is_option() || column.nullable.is_some() {
        let message = format!("every row belongs to a tenant, so the tenant column is never NULL: `{field}: TenantId`");
        mistakes.at(column.nullable.unwrap_or_else(|| column.ty.span()), message);
    }
    let Some(primary_key) = column.primary_key else { return };
    let other = model.columns.iter().find(|other| other.primary_key.is_some() && other.field != *field);
    if let Some(Column { field: other, .. }) = other {
        let message = format!(
            "the tenant column is not part of the model's primary key: take `primary_key` off it. The table's key is \
             ({field}, {other}) anyway, and SeaORM goes on to find rows by `{other}` alone"
        );
        mistakes.at(primary_key, message);
    } else if column.auto_increment {
        mistakes.at(primary_key, "a tenant's id is not counted up: write `primary_key, auto_increment = false`");
    }
}

fn refuse_tenant_column(model: &Model, mistakes: &mut Mistakes) {
    if let Some(column) = model.column_named(DEFAULT_KEY) {
        let message = format!(
            "a shared table has the same rows for all tenants, and this one has the tenant column `{DEFAULT_KEY}`: use \
             `#[tenant_scoped]`"
        );
        mistakes.at(column.field.span(), message);
    }
}

fn rules<'a>(
    rules: &'a [Rule],
    key: Option<&Column>,
    model: &'a Model,
    mistakes: &mut Mistakes,
) -> Vec<CheckedRule<'a>> {
    let mut checked: Vec<CheckedRule<'a>> = Vec::new();
    for rule in rules {
        let mut named = Named { keyword: &rule.keyword, key, model, seen: Vec::new() };
        let columns: Vec<Option<RuleColumn<'a>>> = rule
            .columns
            .iter()
            .map(|part| Some(RuleColumn { column: named.column(&part.field, mistakes)?, descending: part.descending }))
            .collect();
        let include: Vec<Option<&Column>> = rule.include.iter().map(|field| named.column(field, mistakes)).collect();
        let (Some(columns), Some(include)) = (columns.into_iter().collect(), include.into_iter().collect()) else {
            continue;
        };
        let rule = CheckedRule { kind: rule.kind, columns, include, filter: rule.filter.as_ref() };
        if checked.contains(&rule) {
            mistakes.at(named.keyword.span(), format!("this `{}` is given twice", named.keyword));
        } else {
            checked.push(rule);
        }
    }
    checked
}

/// The columns that one rule names.
struct Named<'a, 'k> {
    keyword: &'a Ident,
    key: Option<&'k Column>,
    model: &'a Model,
    seen: Vec<&'a Column>,
}

impl<'a> Named<'a, '_> {
    fn column(&mut self, field: &Ident, mistakes: &mut Mistakes) -> Option<&'a Column> {
        let column = column(field, self.model, mistakes)?;
        if self.key == Some(column) {
            let message =
                format!("`{field}` is the tenant column, which leads every `{}` anyway: leave it out", self.keyword);
            mistakes.at(field.span(), message);
            return None;
        }
        if self.seen.contains(&column) {
            mistakes.at(field.span(), format!("`{field}` is named twice in this `{}`", self.keyword));
            return None;
        }
        self.seen.push(column);
        Some(column)
    }
}

fn column<'a>(field: &Ident, model: &'a Model, mistakes: &mut Mistakes) -> Option<&'a Column> {
    let column = model.column(field);
    if column.is_none() {
        let message = format!("this model has no column `{}`; it has {}", field.unraw(), model.listed());
        mistakes.at(field.span(), message);
    }
    column
}

/// The flags that `audit` takes; beside them it takes `redact(…)`.
const AUDIT_FLAGS: [&str; 3] = ["writes", "rows", "reads"];

fn audit<'a>(audits: &'a [Audit], key: Option<&Column>, model: &'a Model, mistakes: &mut Mistakes) -> CheckedAudit<'a> {
    for audit in audits.iter().skip(1) {
        mistakes.at(audit.keyword.span(), "`audit` is given twice: list all flags in one");
    }
    let Some(audit) = audits.first() else { return CheckedAudit::default() };
    let mut flags: Vec<&Ident> = Vec::new();
    for flag in &audit.flags {
        if AUDIT_FLAGS.iter().all(|known| flag != known) {
            let message = format!("unknown audit flag `{flag}`; known: `writes`, `rows`, `reads`, `redact(…)`");
            mistakes.at(flag.span(), message);
        } else if flags.contains(&flag) {
            mistakes.at(flag.span(), format!("the audit flag `{flag}` is given twice"));
        } else {
            flags.push(flag);
        }
    }
    let has = |name: &str| audit.flags.iter().any(|flag| flag == name);
    if let Some(rows) = audit.flags.iter().find(|flag| *flag == "rows" && !has("writes")) {
        mistakes.at(rows.span(), "`rows` says what writes changed: it needs `writes` beside it, `audit(writes, rows)`");
    }
    if let Some(redaction) = audit.redactions.first().filter(|_| !has("rows")) {
        let message = "`redact` hides what a logged row holds, and no rows are logged: add `rows`, or leave it out";
        mistakes.at(redaction.keyword.span(), message);
    }
    for redaction in audit.redactions.iter().skip(1) {
        mistakes.at(redaction.keyword.span(), "`redact` is given twice: list all columns in one");
    }
    CheckedAudit { flags, redacted: redacted(&audit.redactions, key, model, mistakes) }
}

fn redacted<'a>(
    redactions: &'a [Redaction],
    key: Option<&Column>,
    model: &'a Model,
    mistakes: &mut Mistakes,
) -> Vec<&'a Column> {
    let mut redacted: Vec<&Column> = Vec::new();
    for field in redactions.iter().take(1).flat_map(|redaction| &redaction.fields) {
        let Some(column) = column(field, model, mistakes) else { continue };
        if key == Some(column) || column.primary_key.is_some() {
            let message = format!("`{field}` is part of the key, by which the log tells rows apart: leave it out");
            mistakes.at(field.span(), message);
        } else if redacted.contains(&column) {
            mistakes.at(field.span(), format!("`{field}` is named twice in this `redact`"));
        } else {
            redacted.push(column);
        }
    }
    redacted
}
