//! The grammar of the attributes' arguments.
//!
//! Every argument is read on its own, so that a mistake in one doesn't hide a mistake in the next.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Ident, LitStr, Token, token};

use crate::attribute::Attribute;
use crate::mistakes::Mistakes;

/// What the attribute's parentheses hold.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) keys: Vec<Key>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) audits: Vec<Audit>,
}

/// `key = field`.
pub(crate) struct Key {
    pub(crate) keyword: Ident,
    /// None if it couldn't be read: the tenant column is then unknown, not the default one.
    pub(crate) field: Option<Ident>,
}

/// `index(…)` or `unique(…)`.
pub(crate) struct Rule {
    pub(crate) keyword: Ident,
    pub(crate) kind: RuleKind,
    pub(crate) columns: Vec<RuleColumn>,
    pub(crate) include: Vec<Ident>,
    pub(crate) filter: Option<LitStr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleKind {
    Index,
    Unique,
}

/// A column of a rule, with its order.
pub(crate) struct RuleColumn {
    pub(crate) field: Ident,
    pub(crate) descending: bool,
}

/// `audit(…)`.
pub(crate) struct Audit {
    pub(crate) keyword: Ident,
    pub(crate) flags: Vec<Ident>,
    pub(crate) redactions: Vec<Redaction>,
}

/// `redact(…)`.
pub(crate) struct Redaction {
    pub(crate) keyword: Ident,
    pub(crate) fields: Vec<Ident>,
}

/// Reads the arguments; one that can't be read is a mistake and left out.
pub(crate) fn arguments(attribute: Attribute, tokens: TokenStream, mistakes: &mut Mistakes) -> Arguments {
    let mut arguments = Arguments::default();
    each_part(tokens, mistakes, |part| argument(attribute, part, &mut arguments));
    arguments
}

fn argument(attribute: Attribute, input: ParseStream<'_>, arguments: &mut Arguments) -> syn::Result<()> {
    let known = match attribute {
        Attribute::Scoped => "`key = …`, `index(…)`, `unique(…)`, `audit(…)`",
        Attribute::Shared => "`index(…)`, `unique(…)`",
    };
    let Ok(keyword) = input.call(Ident::parse_any) else {
        return Err(input.error(format!("an argument of `#[{}]` is one of {known}", attribute.name())));
    };
    match (attribute, keyword.to_string().as_str()) {
        (Attribute::Scoped, "key") => {
            let field = key(&keyword, input);
            arguments.keys.push(Key { keyword, field: field.as_ref().ok().cloned() });
            field.map(drop)
        }
        (_, "index") => rule(RuleKind::Index, keyword, input).map(|rule| arguments.rules.push(rule)),
        (_, "unique") => rule(RuleKind::Unique, keyword, input).map(|rule| arguments.rules.push(rule)),
        (Attribute::Scoped, "audit") => audit(keyword, input).map(|audit| arguments.audits.push(audit)),
        _ => {
            let message = format!("unknown argument `{keyword}` of `#[{}]`; known: {known}", attribute.name());
            Err(syn::Error::new(keyword.span(), message))
        }
    }
}

fn key(keyword: &Ident, input: ParseStream<'_>) -> syn::Result<Ident> {
    let message = "`key` names the field of the tenant column, without quotes: `key = organization_id`";
    if input.parse::<Token![=]>().is_err() || input.is_empty() {
        return Err(syn::Error::new(keyword.span(), message));
    }
    let field = input.call(Ident::parse_any).map_err(|_| input.error(message))?;
    end(input)?;
    Ok(field)
}

fn rule(kind: RuleKind, keyword: Ident, input: ParseStream<'_>) -> syn::Result<Rule> {
    let example = match kind {
        RuleKind::Index => "columns in parentheses, as in `index(status, created_at desc)`",
        RuleKind::Unique => "columns in parentheses, as in `unique(external_ref)`",
    };
    let content = parenthesized(&keyword, input, example)?;
    let mut rule = Rule { keyword, kind, columns: Vec::new(), include: Vec::new(), filter: None };
    let mut mistakes = Mistakes::default();
    each_part(content, &mut mistakes, |part| rule_part(&mut rule, part));
    if rule.columns.is_empty() && mistakes.is_empty() {
        mistakes.at(rule.keyword.span(), format!("`{}` needs at least one column: {example}", rule.keyword));
    }
    mistakes.into_error().map_or(Ok(rule), Err)
}

fn rule_part(rule: &mut Rule, input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(Token![where]) {
        let keyword = input.parse::<Token![where]>()?;
        if rule.filter.is_some() {
            return Err(syn::Error::new(keyword.span, "`where` is given twice: join the conditions with AND"));
        }
        rule.filter = Some(filter(keyword, input)?);
        return end(input);
    }
    let message = "expected a column (a field's name, without quotes), `where = \"…\"` or `include(…)`";
    let field = input.call(Ident::parse_any).map_err(|_| input.error(message))?;
    if input.peek(token::Paren) {
        return include(rule, &field, input);
    }
    let descending = order(rule.kind, input)?;
    rule.columns.push(RuleColumn { field, descending });
    end(input)
}

fn filter(keyword: Token![where], input: ParseStream<'_>) -> syn::Result<LitStr> {
    let message = "`where` takes SQL in quotes, as in `where = \"status = 'pending'\"`";
    if input.parse::<Token![=]>().is_err() || input.is_empty() {
        return Err(syn::Error::new(keyword.span, message));
    }
    let filter = input.parse::<LitStr>().map_err(|_| input.error(message))?;
    if filter.value().trim().is_empty() {
        return Err(syn::Error::new(filter.span(), "`where` is empty: leave it out, or say which rows are meant"));
    }
    Ok(filter)
}

fn include(rule: &mut Rule, keyword: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    if keyword != "include" {
        let message =
            format!("`{keyword}(…)` is no part of `{}`; known: columns, `where = \"…\"`, `include(…)`", rule.keyword);
        return Err(syn::Error::new(keyword.span(), message));
    }
    if rule.kind == RuleKind::Unique {
        return Err(syn::Error::new(keyword.span(), "`unique` stores no further columns: use `index(…, include(…))`"));
    }
    if !rule.include.is_empty() {
        return Err(syn::Error::new(keyword.span(), "`include` is given twice: list all columns in one"));
    }
    rule.include = fields(keyword, input, "columns in parentheses, as in `include(name, created_at)`")?;
    Ok(())
}

fn order(kind: RuleKind, input: ParseStream<'_>) -> syn::Result<bool> {
    let Ok(order) = input.call(Ident::parse_any) else { return Ok(false) };
    match (kind, order.to_string().as_str()) {
        (RuleKind::Index, "asc") => Ok(false),
        (RuleKind::Index, "desc") => Ok(true),
        (RuleKind::Index, _) => {
            let message = format!("unknown order `{order}`; known: `asc`, `desc` (columns are separated by commas)");
            Err(syn::Error::new(order.span(), message))
        }
        (RuleKind::Unique, _) => {
            Err(syn::Error::new(order.span(), "a column of `unique` has no order (columns are separated by commas)"))
        }
    }
}

fn audit(keyword: Ident, input: ParseStream<'_>) -> syn::Result<Audit> {
    let what = "flags in parentheses, `writes` or `reads` or both: `audit(writes)`";
    let content = parenthesized(&keyword, input, what)?;
    let mut audit = Audit { keyword, flags: Vec::new(), redactions: Vec::new() };
    let mut mistakes = Mistakes::default();
    each_part(content, &mut mistakes, |part| {
        let message = format!("`{}` takes {what}", audit.keyword);
        let flag = part.call(Ident::parse_any).map_err(|_| part.error(message))?;
        if flag == "redact" {
            let fields = fields(&flag, part, "columns in parentheses, as in `redact(email)`")?;
            audit.redactions.push(Redaction { keyword: flag, fields });
        } else {
            audit.flags.push(flag);
        }
        end(part)
    });
    if audit.flags.is_empty() && audit.redactions.is_empty() && mistakes.is_empty() {
        mistakes.at(audit.keyword.span(), format!("`{}` is empty: it takes {what}", audit.keyword));
    }
    mistakes.into_error().map_or(Ok(audit), Err)
}

/// Reads `keyword(a, b)`, with at least one name.
fn fields(keyword: &Ident, input: ParseStream<'_>, what: &str) -> syn::Result<Vec<Ident>> {
    let content = parenthesized(keyword, input, what)?;
    let mut fields = Vec::new();
    let mut mistakes = Mistakes::default();
    each_part(content, &mut mistakes, |part| {
        let message = format!("`{keyword}` takes {what}");
        fields.push(part.call(Ident::parse_any).map_err(|_| part.error(message))?);
        end(part)
    });
    if fields.is_empty() && mistakes.is_empty() {
        mistakes.at(keyword.span(), format!("`{keyword}` is empty: it takes {what}"));
    }
    mistakes.into_error().map_or(Ok(fields), Err)
}

fn parenthesized(keyword: &Ident, input: ParseStream<'_>, what: &str) -> syn::Result<TokenStream> {
    let message = format!("`{keyword}` takes {what}");
    if !input.peek(token::Paren) {
        return Err(syn::Error::new(keyword.span(), message));
    }
    let content;
    syn::parenthesized!(content in input);
    let content = content.parse()?;
    end(input)?;
    Ok(content)
}

fn end(input: ParseStream<'_>) -> syn::Result<()> {
    if input.is_empty() { Ok(()) } else { Err(input.error("expected `,` before this")) }
}

/// Reads each part between commas with `read`; a trailing comma is allowed.
fn each_part(tokens: TokenStream, mistakes: &mut Mistakes, mut read: impl FnMut(ParseStream<'_>) -> syn::Result<()>) {
    let mut part = TokenStream::new();
    let mut finish = |part: TokenStream, mistakes: &mut Mistakes| {
        if let Err(error) = (|input: ParseStream<'_>| read(input)).parse2(part) {
            mistakes.note(error);
        }
    };
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' && part.is_empty() => {
                mistakes.at(punct.span(), "nothing stands before this comma");
            }
            TokenTree::Punct(punct) if punct.as_char() == ',' => finish(std::mem::take(&mut part), mistakes),
            _ => part.extend([token]),
        }
    }
    if !part.is_empty() {
        finish(part, mistakes);
    }
}
