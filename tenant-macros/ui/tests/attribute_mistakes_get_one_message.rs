//! Each mistake in the use of an attribute gets one message, at the token that is wrong, naming what is allowed.
//!
//! Every file in `mistakes` holds one mistake, on a real SeaORM model; `two_mistakes.rs` shows that a first one doesn't hide a
//! second. `TRYBUILD=overwrite` writes the messages anew.

use std::fs;

#[test]
fn a_mistake_is_reported_where_it_is() {
    trybuild::TestCases::new().compile_fail("tests/mistakes/*.rs");
}

#[test]
fn no_mistake_has_a_second_message() {
    let mut checked = 0;
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mistakes")).expect("the folder of mistakes") {
        let path = entry.expect("a file of that folder").path();
        if path.extension().is_none_or(|extension| extension != "stderr") {
            continue;
        }
        let messages = fs::read_to_string(&path).expect("a readable file");
        let starts = |line: &&str| line.starts_with("error") || line.starts_with("warning");
        let expected = if path.ends_with("two_mistakes.stderr") { 2 } else { 1 };
        assert_eq!(messages.lines().filter(starts).count(), expected, "{}:\n{messages}", path.display());
        checked += 1;
    }
    assert!(checked > 50, "only {checked} files of messages");
}
