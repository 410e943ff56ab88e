//! A list of databases.

use std::collections::BTreeSet;

use tenant_core::Transport;

use super::error::{FleetError, LineFault, SelectionError};
use super::lost::Lost;
use super::member::{Member, is_name};
use super::variables::expand;
use crate::database_url::DatabaseUrl;

/// A list of databases, in the order in which they were named.
#[derive(Clone, Debug)]
pub struct Fleet {
    pub(super) list: String,
    pub(super) members: Vec<Member>,
    pub(super) lost: Vec<Lost>,
}

impl Fleet {
    /// The same over a network that may be trusted.
    #[must_use]
    pub fn over(self, transport: Transport) -> Self {
        let members = self.members.into_iter().map(|member| member.over(transport)).collect();
        Self { members, ..self }
    }

    /// Reads a list: `NAME URL` a line; blank lines and what begins with `#` are remarks. A URL may hold `${VARIABLE}`, for
    /// which `variable` gives the value, percent-encoded as its place in the URL asks for. `list` is what messages call the
    /// list by.
    ///
    /// Two lines that lead to the same database are refused, as far as their texts show it.
    ///
    /// # Errors
    /// [`FleetError`] with all lines that are wrong.
    pub fn parse(text: &str, list: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, FleetError> {
        let mut members: Vec<Member> = Vec::new();
        let mut faults = Vec::new();
        // Some editors begin a file with a mark.
        for (position, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let number = position + 1;
            match member(line, number, &variable).and_then(|member| distinct(member, &members)) {
                Ok(found) => members.extend(found),
                Err(fault) => faults.push((number, fault)),
            }
        }
        let list = list.to_owned();
        match (members.is_empty(), faults.is_empty()) {
            (_, false) => Err(FleetError::Lines { list, faults }),
            (true, true) => Err(FleetError::Empty { list }),
            (false, true) => Ok(Self { list, members, lost: Vec::new() }),
        }
    }

    /// Its databases.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Those of which it isn't known where they are.
    #[must_use]
    pub fn lost(&self) -> &[Lost] {
        &self.lost
    }

    /// Whether it names no database.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.members.is_empty() && self.lost.is_empty()
    }

    /// Only the databases of these names, in the list's order.
    ///
    /// # Errors
    /// [`SelectionError`] with the names that the list doesn't have.
    pub fn only<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Result<Self, SelectionError> {
        let mut wanted: BTreeSet<&str> = names.into_iter().collect();
        let Self { list, mut members, mut lost } = self;
        members.retain(|member| wanted.remove(member.name()));
        lost.retain(|lost| wanted.remove(lost.name()));
        if wanted.is_empty() {
            Ok(Self { list, members, lost })
        } else {
            Err(SelectionError { list, unknown: wanted.into_iter().map(ToOwned::to_owned).collect() })
        }
    }
}

/// What a line names; nothing if it is a remark.
fn member(line: &str, number: usize, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Member>, LineFault> {
    let mut words = line.split_whitespace();
    let Some(name) = words.next().filter(|word| !word.starts_with('#')) else { return Ok(None) };
    // A line without a name begins with its URL: only what is a name is ever shown.
    if !is_name(name) {
        return Err(LineFault::Name);
    }
    let name = name.to_owned();
    let Some(url) = words.next() else { return Err(LineFault::NoUrl { name }) };
    if words.next().is_some_and(|word| !word.starts_with('#')) {
        return Err(LineFault::Rest { name });
    }
    let url = expand(url, variable).map_err(|fault| LineFault::Variable { name: name.clone(), fault })?;
    let url: DatabaseUrl = url.parse().map_err(|fault| LineFault::Url { name: name.clone(), fault })?;
    Ok(Some(Member::new(name, url, number)))
}

fn distinct(member: Option<Member>, before: &[Member]) -> Result<Option<Member>, LineFault> {
    let Some(member) = member else { return Ok(None) };
    let name = member.name().to_owned();
    let place = member.url().place();
    for other in before {
        let line = other.line();
        if other.name() == name {
            return Err(LineFault::SameName { name, line });
        }
        if other.url().place() == place {
            return Err(LineFault::SamePlace { name, other: other.name().to_owned(), line, place: place.clone() });
        }
    }
    Ok(Some(member))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Fleet, FleetError> {
        Fleet::parse(text, "fleet.txt", |name| (name == "HOST").then(|| "db.example".to_owned()))
    }

    fn names(fleet: &Fleet) -> Vec<&str> {
        fleet.members().iter().map(Member::name).collect()
    }

    #[test]
    fn a_list_has_remarks_and_variables() {
        let fleet =
            parse("\u{feff}# ours\n\n  a\tpostgres://u:p@${HOST}/x   # the first\nb postgres://h/x#1\r\n\t#c x\n")
                .expect("a list");
        assert_eq!(names(&fleet), ["a", "b"]);
        assert_eq!(fleet.members()[0].url().place().to_string(), "db.example:5432 (database x)");
    }

    #[test]
    fn each_bad_line_is_named_and_none_is_shown() {
        let long = format!("{} postgres://u:geheim@h/d", "n".repeat(64));
        for (text, said) in [
            ("postgres://u:geheim@h/d", "fleet.txt:1: the line doesn't begin with a name"),
            ("eu/geheim postgres://h/d", "fleet.txt:1: the line doesn't begin with a name"),
            (&long, "fleet.txt:1: the line doesn't begin with a name"),
            ("\n# eu\na", "fleet.txt:3: `a` has no URL"),
            ("a postgres://u:geheim@h/d geheim", "fleet.txt:1: `a` has more than a URL"),
            ("a mysql://u:geheim@h/d", "fleet.txt:1: `a`: the database URL is not one of PostgreSQL"),
            ("a postgres://u:ge#heim@h/d", "fleet.txt:1: `a`: the database URL is not one of PostgreSQL"),
            (
                "a postgres://u:${PASSWORD}geheim@h/d",
                "fleet.txt:1: the URL of `a`: the environment variable PASSWORD is not set",
            ),
            ("a postgres://u:${geheim@h/d", "fleet.txt:1: the URL of `a`: `${` begins no variable"),
            (
                "a postgres://u:geheim@h/1\na postgres://u:geheim@h/2",
                "fleet.txt:2: the name `a` stands in line 1 already",
            ),
            (
                "a postgres://u:geheim@h/d\n\nb postgres://v@H:5432/d?password=geheim",
                "fleet.txt:3: `b` is the same database as `a` in line 1: h:5432 (database d)",
            ),
            ("# geheim\n", "fleet.txt names no database"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.starts_with(said) && !error.contains("geheim"), "{text}: {error}");
        }
    }

    #[test]
    fn all_bad_lines_are_said_at_once() {
        let error = parse("a\nb postgres://h/d\nc").expect_err("two").to_string();
        assert_eq!(error, "fleet.txt:1: `a` has no URL\nfleet.txt:3: `c` has no URL");
    }

    #[test]
    fn one_server_may_have_many_databases_and_one_name_many_servers() {
        let fleet =
            parse("a postgres://h/1\nb postgres://h/2\nc postgres://h:6000/1\nd postgres://i/1").expect("a list");
        assert_eq!(names(&fleet), ["a", "b", "c", "d"]);
    }

    #[test]
    fn some_are_chosen_by_their_names() {
        let fleet = parse("a postgres://h/1\nb postgres://h/2\nc postgres://h/3").expect("a list");
        assert_eq!(names(&fleet.clone().only(["c", "a", "c"]).expect("known")), ["a", "c"]);
        assert_eq!(
            fleet.only(["b", "x", "y"]).expect_err("two").to_string(),
            "fleet.txt has no database `x`, `y`: name those that are meant with --only"
        );
    }
}
