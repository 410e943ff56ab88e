//! The demonstration shows an organisation its log, and finds the entry that a superuser changed.

use std::process::Command;

/// The cells of a line of a table.
fn cells(line: &str) -> Vec<&str> {
    line.split(['│', '┆']).map(str::trim).collect()
}

#[test]
fn and_finds_what_was_changed_in_it() {
    let demo = Command::new(env!("CARGO_BIN_EXE_demo")).env_remove("DATABASE_URL").output().expect("the program runs");
    let said = String::from_utf8_lossy(&demo.stdout);
    assert!(demo.status.success(), "{said} {}", String::from_utf8_lossy(&demo.stderr));
    let (_, log) = said.split_once("The newest page of Acme Pharma's access log").expect(&said);
    let (page, sealed) = log.split_once("The log is sealed").expect(&said);

    // entry, time, what, tables, rows or times, by, refused because
    let entries: Vec<_> = page.lines().map(cells).filter(|cells| cells.len() == 9).collect();
    let entry = |what: &str, tables: &str, reason: &str| {
        let it = |cells: &&Vec<&str>| cells[3] == what && cells[4] == tables && cells[7].starts_with(reason);
        entries.iter().find(it).unwrap_or_else(|| panic!("no {what} of {tables} {reason}: {page}"))
    };
    assert_eq!(entry("insert", "public.molecules", "")[6], "Chief scientist");
    assert_eq!(entry("delete", "public.molecules", "")[5], "1");
    assert_eq!(entry("read", "public.docking_jobs", "")[6], "Chief scientist");
    entry("denial", "", "TenantMismatch");
    let newest_denial = entry("denial", "", "")[1];

    let (before, after) = sealed.split_once("A superuser").expect(&said);
    assert!(before.contains("audit: 0 findings; checked"), "{said}");
    assert!(after.contains(&format!("entry-changed: entry {newest_denial} of organisation")), "{said}");
    assert!(after.contains(&format!("Verifying named entry {newest_denial} as changed.")), "{said}");
}
