//! The `.sql` files' placeholders, in psql's notation: `:"name"` is an identifier, `:'name'` a string.

use std::borrow::Cow;
use std::fmt::Write;

use crate::ident::Ident;

/// What takes a placeholder's place.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    /// Printed as a quoted identifier.
    Ident(&'a Ident),
    /// Printed as a string constant.
    Text(Cow<'a, str>),
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
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value, after))
        });
        match known {
            Some((Value::Ident(ident), after)) if quote == "\"" => {
                // Writing to a String does not fail.
                let _ = write!(filled, "{ident}");
                rest = after;
            }
            Some((Value::Text(text), after)) if quote == "'" => {
                filled.push_str(&literal(text));
                rest = after;
            }
            _ => {
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
        let values = [("app", Value::Ident(&app)), ("b", Value::Text("it's".into()))];
        assert_eq!(fill("GRANT TO :\"app\" :'b' :'c';", &values), "GRANT TO \"a:'b'\"\"\" 'it''s' :'c';");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
    }
}
