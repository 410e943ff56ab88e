//! The deepest statements that are let through are read without exhausting a stack.

mod sample;

use std::thread;

/// Statements of about this depth, each deep in another way.
fn statements(depth: usize) -> Vec<String> {
    let repeat = |text: &str, cost: usize| text.repeat((depth.saturating_sub(12)) / cost);
    let brackets = ((depth.saturating_sub(12)) / 5).min(190);
    vec![
        format!("SELECT {}true", repeat("NOT ", 1)),
        format!("SELECT {}1", repeat("- ", 1)),
        format!("SELECT {}1", repeat("@ ", 1)),
        format!("SELECT 1{}", repeat(" OR 1", 1)),
        format!("SELECT 1{}", repeat(" = 1", 1)),
        format!("SELECT 1{}", repeat(" @@ 1", 2)),
        format!("SELECT 1{}", repeat(" IS NULL", 2)),
        format!("SELECT 1{}", repeat(" BETWEEN 1 AND 1", 2)),
        format!("SELECT 1{}", repeat("::int", 3)),
        format!("SELECT x{}", repeat("[1]", 1)),
        format!("SELECT 1{}", repeat(" COLLATE \"C\"", 1)),
        format!("SELECT {} 1", repeat("CASE WHEN true THEN ", 4)),
        format!("SELECT {}1{}", repeat("CASE WHEN true THEN ", 5), repeat(" END", 5)),
        format!("SELECT 1{}", repeat(" UNION SELECT 1", 2)),
        format!("SELECT 1 FROM targets{}", repeat(" JOIN targets", 1)),
        format!("SELECT 1 FROM targets{}{}", repeat(" JOIN targets", 3), repeat(" ON true", 3)),
        format!("SELECT 1 FROM targets{}", repeat(" LEFT JOIN targets ON true", 4)),
        format!("SELECT {}1{}", "(".repeat(brackets), ")".repeat(brackets)),
        format!("SELECT {}1{}", "(SELECT ".repeat(brackets / 2), ")".repeat(brackets / 2)),
        format!("SELECT {}1{}", "ARRAY[".repeat(brackets / 2), "]".repeat(brackets / 2)),
        format!("SELECT 1 FROM {}targets{}", "(".repeat(brackets), ")".repeat(brackets)),
        format!("SELECT 1 FROM {}targets{}", "(SELECT 1 FROM ".repeat(brackets / 3), ") x".repeat(brackets / 3)),
        format!("SELECT {}1{}", "lower(".repeat(brackets / 2), ")".repeat(brackets / 2)),
        format!("SELECT {}1", repeat("EXPLAIN ", 1)),
        format!("WITH {}", repeat("WITH ", 1)),
        format!("SELECT {}1", repeat("SELECT ", 1)),
        format!("INSERT INTO targets {}", repeat("INSERT INTO targets ", 3)),
        format!("SELECT 1::{}", repeat("setof ", 1)),
        format!("SELECT {}1", repeat("ARRAY ", 1)),
        format!("SELECT 1 ORDER BY 1 USING {}", repeat("OPERATOR ", 1)),
    ]
}

/// Whether accepted or refused is another test's matter; an overflow would end the whole process.
fn read_all(depth: usize, stack_bytes: usize) {
    let reader = thread::Builder::new().stack_size(stack_bytes).spawn(move || {
        let rewriter = sample::rewriter();
        statements(depth).iter().filter(|sql| rewriter.rewrite(sql).is_ok()).count()
    });
    let read = reader.expect("a thread").join().expect("no panic");
    assert!(read > 5, "only {read} statements of depth {depth} were accepted");
}

#[test]
fn shallow_statements_fit_half_of_a_default_threads_stack() {
    read_all(200, 1 << 20);
}

#[test]
fn statements_that_are_read_on_a_stack_of_their_own_fit_it() {
    read_all(201, 1 << 20);
    read_all(2_000, 1 << 20);
    read_all(10_000, 1 << 20);
}
