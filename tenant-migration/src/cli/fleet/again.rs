//! The command that repeats a run for those databases alone that aren't well.

use std::path::Path;

/// Stands in place of the catalog's URL, which has a password: the shell puts it in.
const CATALOG: &str = "--catalog-url \"$TENANT_CATALOG_URL\"";

/// `line`, the command line of this run, for the databases that its `report` doesn't call well, or where it has none those
/// named. As it is typed in a shell.
pub(super) fn again(line: impl Iterator<Item = String>, report: Option<&Path>, names: &[&str]) -> String {
    let mut repeated = Vec::new();
    let (mut line, mut has_url) = (line, false);
    while let Some(argument) = line.next() {
        match argument.as_str() {
            // What they choose is chosen anew.
            "--only" | "--failed-of" => drop(line.next()),
            "--catalog-url" => {
                line.next();
                has_url = true;
            }
            url if url.starts_with("--catalog-url=") => has_url = true,
            chosen if chosen.starts_with("--only=") || chosen.starts_with("--failed-of=") => {}
            _ => repeated.push(argument),
        }
    }
    match report {
        Some(report) => repeated.extend(["--failed-of".to_owned(), report.display().to_string()]),
        None => repeated.extend(names.iter().flat_map(|name| ["--only".to_owned(), (*name).to_owned()])),
    }
    let mut repeated: Vec<_> = repeated.iter().map(|argument| quoted(argument)).collect();
    if has_url {
        repeated.push(CATALOG.to_owned());
    }
    repeated.join(" ")
}

fn quoted(argument: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,@%+".contains(&byte);
    if !argument.is_empty() && argument.bytes().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeat(line: &str, report: Option<&str>) -> String {
        again(line.split('|').map(ToOwned::to_owned), report.map(Path::new), &["a", "b"])
    }

    #[test]
    fn all_is_kept_but_the_choice() {
        assert_eq!(repeat("migrate|up|-n|3|--fleet|f", None), "migrate up -n 3 --fleet f --only a --only b");
        for choice in ["--only|a|--only=c", "--failed-of|old", "--failed-of=old"] {
            let line = format!("migrate|up|{choice}|--fleet|f|--report|r");
            assert_eq!(repeat(&line, Some("r")), "migrate up --fleet f --report r --failed-of r", "{choice}");
        }
    }

    #[test]
    fn the_catalogs_url_is_not_shown() {
        for url in ["--catalog-url|postgres://u:geheim@h/d", "--catalog-url=postgres://u:geheim@h/d"] {
            let repeated = repeat(&format!("migrate|up|{url}|--fleet-of-catalog"), Some("r"));
            let expected = "migrate up --fleet-of-catalog --failed-of r --catalog-url \"$TENANT_CATALOG_URL\"";
            assert_eq!(repeated, expected);
        }
    }

    #[test]
    fn a_shell_takes_it_as_it_is() {
        assert_eq!(
            repeat("./migrate|--fleet|my f'; rm", Some("r $1")),
            r"./migrate --fleet 'my f'\''; rm' --failed-of 'r $1'"
        );
    }
}
