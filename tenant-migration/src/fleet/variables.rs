//! `${VARIABLE}` in a list's URLs: the credentials needn't stand in the file.

/// What is wrong with a reference to a variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VariableFault {
    /// Nothing gives it a value.
    #[error("the environment variable {name} is not set, or is not UTF-8")]
    Unset {
        /// The variable.
        name: String,
    },
    /// `${` isn't followed by a name and `}`.
    #[error("`${{` begins no variable: `${{NAME}}` takes its value from the environment")]
    Malformed,
}

/// `text` with each `${NAME}` replaced by what `value` gives for it, as it is: what it gives isn't looked through again.
pub(super) fn expand(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, VariableFault> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        let (name, after) = behind.split_once('}').ok_or(VariableFault::Malformed)?;
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            // Not shown: it may be a part of a password.
            return Err(VariableFault::Malformed);
        }
        expanded.push_str(before);
        expanded.push_str(&value(name).ok_or_else(|| VariableFault::Unset { name: name.to_owned() })?);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_one(text: &str) -> Result<String, VariableFault> {
        expand(text, |name| (name == "ONE").then(|| "1 ${ONE}".to_owned()))
    }

    #[test]
    fn variables_are_replaced_once() {
        assert_eq!(with_one("a${ONE}b").as_deref(), Ok("a1 ${ONE}b"));
        assert_eq!(with_one("${ONE}${ONE}").as_deref(), Ok("1 ${ONE}1 ${ONE}"));
        assert_eq!(with_one("a$b $ONE {ONE}").as_deref(), Ok("a$b $ONE {ONE}"));
    }

    #[test]
    fn what_is_no_variable_is_refused() {
        assert_eq!(with_one("${TWO}"), Err(VariableFault::Unset { name: "TWO".to_owned() }));
        for text in ["${", "${ONE", "${}", "${O NE}", "${1}", "${ge-heim}"] {
            assert_eq!(with_one(text), Err(VariableFault::Malformed), "{text}");
        }
    }
}
