//! The `.sql` files' placeholders, in psql's notation: `:"name"` is an identifier, `:'name'` a string.

use std::borrow::Cow;

use crate::ident::Ident;

/// What takes a placeholder's place.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    /// Printed as a quoted identifier.
    Ident(&'a Ident),
    /// Printed as a string constant.
    Text(Cow<'a, str>),
}

impl Value<'_> {
    /// How it is printed where a placeholder has these quotes, if it can stand there.
    fn between(&self, quote: &str) -> Option<String> {
        match (self, quote) {
            (Self::Ident(ident), "\"") => Some(ident.to_string()),
            (Self::Text(text), "'") => Some(literal(text)),
            _ => None,
        }
    }
}

/// `template` with each placeholder replaced, in one pass: what a value contains is never read as a placeholder.
///
/// A placeholder without a value stays as it is and is a syntax error for the server; a test looks for them.
pub(crate) fn fill(template: &str, values: &[(&str, Value<'_>)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find(":\"").into_iter().chain(rest.find(":'")).min() {
        let (before, placeholder) = rest.split_at(start);
        filled.push_str(before);
        let quote = &placeholder[1..2];
        let known = placeholder[2..].split_once(quote).and_then(|(name, after)| {
            let printed =
                values.iter().filter(|(known, _)| *known == name).find_map(|(_, value)| value.between(quote))?;
            Some((printed, after))
        });
        match known {
            Some((printed, after)) => {
                filled.push_str(&printed);
                rest = after;
            }
            None => {
                filled.push_str(&placeholder[..2]);
                rest = &placeholder[2..];
            }
        }
    }
    filled + rest
}

/// A string constant that means `text` whatever `standard_conforming_strings` says.
pub(crate) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_for_its_place_and_never_filled_again() {
        let app = Ident::new("a:'b'\"").expect("fits");
        let values = [("app", Value::Ident(&app)), ("app", Value::Text("it's".into()))];
        assert_eq!(fill("GRANT TO :\"app\" :'app' :'c';", &values), "GRANT TO \"a:'b'\"\"\" 'it''s' :'c';");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
    }
}
