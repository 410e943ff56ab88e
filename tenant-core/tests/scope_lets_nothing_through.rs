//! No text makes the filter panic, and in no text that it returns does a scoped table stand without its predicate.
//!
//! The second is checked by a reader that shares nothing with the filter: it knows words, brackets and little else.

mod sample;

use proptest::prelude::*;

const SCOPED: [(&str, &str); 5] = [
    ("molecules", "organization_id"),
    ("docking_jobs", "organization_id"),
    ("job_results", "organization_id"),
    ("pipelines", "organization_id"),
    ("organizations", "id"),
];

/// Words after which a relation's name stands.
const BEFORE_RELATION: [&str; 6] = ["from", "join", "into", "update", "using", "only"];

/// Words that can follow a table and are no alias of it.
const AFTER_RELATION: [&str; 26] = [
    "where",
    "on",
    "join",
    "left",
    "right",
    "full",
    "inner",
    "cross",
    "natural",
    "using",
    "group",
    "order",
    "limit",
    "offset",
    "fetch",
    "for",
    "union",
    "intersect",
    "except",
    "having",
    "window",
    "tablesample",
    "returning",
    "select",
    "with",
    "from",
];

fn shapes() -> Vec<Vec<String>> {
    include_str!("shapes.sql").lines().filter(|line| !line.is_empty() && !line.starts_with("--")).map(words).collect()
}

fn words(sql: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut chars = sql.chars().peekable();
    while let Some(first) = chars.next() {
        let mut word = first.to_string();
        match first {
            ' ' | '\t' | '\n' => continue,
            '"' | '\'' => {
                while let Some(next) = chars.next() {
                    word.push(next);
                    if next == first && chars.peek() != Some(&first) {
                        break;
                    }
                    if next == first {
                        word.extend(chars.next());
                    }
                }
            }
            _ if first.is_alphanumeric() || matches!(first, '_' | '$') => {
                while let Some(next) = chars.next_if(|next| next.is_alphanumeric() || *next == '_') {
                    word.push(next);
                }
            }
            _ => {}
        }
        words.push(word);
    }
    words
}

fn name(word: &str) -> String {
    match word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => word.to_lowercase(),
    }
}

/// References and predicates of one pair of brackets, as far as they are not matched yet.
#[derive(Default)]
struct Group {
    is_query: bool,
    references: Vec<(String, String)>,
    predicates: Vec<(String, String)>,
}

impl Group {
    /// What is left over must be matched further out, which only a bracketed join may ask for.
    fn close(self, outer: Option<&mut Group>) -> Result<(), String> {
        let Self { is_query, mut references, predicates } = self;
        for predicate in predicates {
            if let Some(at) = references.iter().position(|reference| *reference == predicate) {
                references.swap_remove(at);
            }
        }
        match outer {
            Some(outer) if !is_query => {
                outer.references.append(&mut references);
                Ok(())
            }
            _ if references.is_empty() => Ok(()),
            _ => Err(format!("without a predicate: {references:?}")),
        }
    }
}

/// Checks a text that the filter returned.
fn check(sql: &str) -> Result<(), String> {
    let words = words(sql);
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let lower = |at: usize| word(at).to_lowercase();
    let common: Vec<String> = (0..words.len())
        .filter(|&at| at > 0 && (matches!(lower(at - 1).as_str(), "with" | "recursive" | ",")))
        .filter(|&at| matches!(lower(at + 1).as_str(), "as" | "("))
        .map(|at| name(word(at)))
        .collect();
    let mut open = vec![Group { is_query: true, ..Group::default() }];
    for at in 0..words.len() {
        let group = open.last_mut().ok_or("brackets")?;
        if lower(at) == "insert" && word(at + 1) == "(" {
            let list: Vec<&String> = words[at..].iter().take_while(|word| *word != ")").collect();
            if !list.iter().any(|column| matches!(name(column).as_str(), "organization_id" | "id")) {
                return Err("MERGE inserts without a tenant".to_owned());
            }
        }
        match word(at) {
            "(" => {
                let is_query = matches!(lower(at + 1).as_str(), "select" | "with" | "insert" | "update" | "delete");
                open.push(Group { is_query, ..Group::default() });
                continue;
            }
            ")" => {
                let closed = open.pop().ok_or("brackets")?;
                closed.close(open.last_mut())?;
                continue;
            }
            _ => {}
        }
        let table = SCOPED.iter().find(|(table, _)| name(word(at)) == *table);
        let is_relation = at > 0
            && BEFORE_RELATION.contains(&lower(at - 1).as_str())
            && word(at + 1) != "."
            // Elsewhere than at a statement's start UPDATE can be a column's name, and what follows its new name.
            && (lower(at - 1) != "update" || at == 1 || matches!(word(at - 2), "(" | ")"));
        if let (Some((table, _)), true) = (table, is_relation)
            && !common.contains(&(*table).to_owned())
        {
            return Err(format!("{table} without its schema"));
        }
        let Some((table, key)) = table.filter(|_| at > 1 && word(at - 1) == "." && word(at - 2) == "\"public\"") else {
            if word(at + 1) == "." && word(at + 3) == "=" && word(at + 4).starts_with('$') {
                group.predicates.push((name(word(at)), name(word(at + 2))));
            }
            continue;
        };
        if word(at + 1) == "." || (at > 2 && word(at - 3) == ".") {
            continue;
        }
        let mut next = at + 1;
        next += usize::from(word(next) == "*");
        // After AS stands a name, whatever the word means elsewhere.
        let named = lower(next) == "as";
        next += usize::from(named);
        let may_follow = AFTER_RELATION.contains(&lower(next).as_str())
            || (lower(next) == "set" && matches!(lower(at - 3).as_str(), "update" | "only"));
        let is_word = word(next).starts_with(|c: char| c == '"' || c.is_alphabetic() || c == '_');
        let alias = is_word && (named || !may_follow);
        let reference = if alias { name(word(next)) } else { (*table).to_owned() };
        if at > 3 && lower(at - 3) == "into" && lower(at - 4) != "merge" {
            let list: Vec<String> = words[at..].iter().take_while(|word| *word != ")").map(|word| name(word)).collect();
            if !list.iter().any(|column| column == key) {
                return Err(format!("INSERT INTO {table} without {key}"));
            }
            continue;
        }
        group.references.push((reference, (*key).to_owned()));
    }
    let outermost = open.pop().filter(|_| open.is_empty()).ok_or("brackets")?;
    outermost.close(None)
}

#[test]
fn the_check_finds_what_it_is_for() {
    for sql in [
        r#"SELECT 1 FROM "public"."molecules""#,
        r#"SELECT 1 FROM molecules"#,
        r#"SELECT 1 FROM "public"."molecules" AS m WHERE "molecules"."organization_id" = $1"#,
        r#"SELECT 1 FROM "public"."molecules" a, "public"."molecules" a WHERE "a"."organization_id" = $1"#,
        r#"SELECT 1 FROM (SELECT 1 FROM "public"."molecules") x WHERE "molecules"."organization_id" = $1"#,
        r#"INSERT INTO "public"."molecules" (id) VALUES (1)"#,
        r#"DELETE FROM "public"."organizations" WHERE "organizations"."organization_id" = $1"#,
    ] {
        assert!(check(sql).is_err(), "{sql}");
    }
}

#[test]
fn a_keyword_after_as_is_a_name_to_the_check() {
    for sql in ["UPDATE molecules AS USING SET name = 'x'", "SELECT name FROM molecules AS where WHERE name = 'x'"] {
        if let Ok(rewrite) = sample::rewriter().rewrite(sql) {
            assert_eq!(check(rewrite.sql()), Ok(()), "{sql}");
        }
    }
    let nameless = r#"UPDATE "public"."molecules" AS USING SET name = 'x' WHERE "molecules"."organization_id" = $1"#;
    assert!(check(nameless).is_err(), "the predicate of another name");
}

#[test]
fn each_reviewed_shape_passes_the_check() {
    let rewriter = sample::rewriter();
    for shape in shapes() {
        let rewrite = rewriter.rewrite(&shape.join(" ")).map(|rewrite| rewrite.sql().to_owned());
        if let Ok(sql) = rewrite {
            check(&sql).unwrap_or_else(|problem| panic!("{problem}\n{sql}"));
        }
    }
}

/// A reviewed shape with a few words taken out, put in from another, doubled or swapped.
fn mutated() -> impl Strategy<Value = String> {
    let shapes = shapes();
    let count = shapes.len();
    let change = (0..4_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..count, 1..12_usize);
    (0..count, prop::collection::vec(change, 1..4)).prop_map(move |(start, changes)| {
        let mut words = shapes[start].clone();
        for (kind, at, from, other, length) in changes {
            if words.is_empty() {
                break;
            }
            let at = at.index(words.len());
            let other = &shapes[other];
            let from = from.index(other.len());
            let piece = &other[from..(from + length).min(other.len())];
            match kind {
                0 => drop(words.remove(at)),
                1 => drop(words.splice(at..at, piece.iter().cloned())),
                2 => drop(words.splice(at..(at + length).min(words.len()), piece.iter().cloned())),
                _ => {
                    let to = from % words.len();
                    words.swap(at, to);
                }
            }
        }
        // Words that touched no longer do: `- >` is refused or means something else, which is all the same here.
        words.join(" ").replace("- >", "->").replace(": :", "::").replace(" . ", ".").replace("< =", "<=")
    })
}

proptest! {
    #![proptest_config(tenant_seed::seeded(4_000))]

    #[test]
    fn any_text_is_rewritten_or_refused(sql in r"\PC{0,200}") {
        let _ = sample::rewriter().rewrite(&sql);
    }

    #[test]
    fn any_bytes_of_sql_are_rewritten_or_refused(sql in r#"[ a-z0-9$'"();,.*\-/:=<>\[\]|@\n\\]{0,120}"#) {
        let _ = sample::rewriter().rewrite(&format!("SELECT {sql}"));
    }

    #[test]
    fn mutated_statements_are_scoped_or_refused(sql in mutated()) {
        if let Ok(rewrite) = sample::rewriter().rewrite(&sql) {
            prop_assert_eq!(check(rewrite.sql()), Ok(()), "{}\n{}", sql, rewrite.sql());
        }
    }
}
