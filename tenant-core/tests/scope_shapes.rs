//! Every construct as a named case, with the text before and after rewriting, to be judged by eye.

mod sample;

use std::fmt::Write as _;

/// `-- name` lines, each followed by a statement.
const SHAPES: &str = include_str!("shapes.sql");

#[test]
fn each_shape_is_rewritten_as_reviewed() {
    let rewriter = sample::rewriter();
    let mut shown = String::new();
    let mut name = "";
    for line in SHAPES.lines().filter(|line| !line.is_empty()) {
        if let Some(title) = line.strip_prefix("-- ") {
            name = title;
            continue;
        }
        let after = match rewriter.rewrite(line) {
            Ok(rewrite) => rewrite.sql().to_owned(),
            Err(error) => format!("REFUSED {error}"),
        };
        writeln!(shown, "-- {name}\n{line}\n{after}\n").expect("a String takes everything");
    }
    insta::assert_snapshot!(shown);
}
