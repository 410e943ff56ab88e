//! What `migrate verify` has found, as text, JSON and SARIF, and what a baseline takes out of it.

use serde_json::Value;
use sqlx::{Connection, PgConnection};
use tenant_migration::RoleNames;
use tenant_migration::verify::{Baseline, Catalogue, Report, Verifier, lints};
use tenant_testkit::Database;

use crate::support::{World, execute};
use crate::verify::registered;

const BROKEN: &str = "ALTER TABLE molecules NO FORCE ROW LEVEL SECURITY; CREATE INDEX ON molecules (name)";

async fn report(database: &Database) -> Report {
    let mut connection = PgConnection::connect(&database.superuser_url()).await.expect("a connection");
    Verifier::new(registered(&RoleNames::default())).run(&mut connection).await.expect("a report")
}

async fn broken() -> (Database, Report) {
    let database = World::empty().await;
    execute(&database.admin().await.expect("a superuser's connection"), BROKEN).await;
    let report = report(&database).await;
    (database, report)
}

#[tokio::test]
async fn a_text_names_lint_object_and_repair_and_ends_with_the_counts() {
    let (_database, report) = broken().await;
    let text = report.to_string();
    for part in [
        "error[rls-not-forced]: table public.molecules\n",
        "  repair: ALTER TABLE public.molecules FORCE ROW LEVEL SECURITY;\n",
        "note[index-not-led-by-tenant]: index public.molecules_name_idx on table public.molecules\n",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let counts = report.counts();
    let last =
        format!("verify: 1 error, {}, 1 note, 0 accepted from {} lints", warnings(counts.warnings), lints().count());
    assert_eq!(text.lines().last(), Some(&*last));
}

/// How many there are depends on the server's version.
fn warnings(count: usize) -> String {
    format!("{count} warning{}", if count == 1 { "" } else { "s" })
}

#[tokio::test]
async fn json_has_a_summary_and_each_finding() {
    let (_database, report) = broken().await;
    let json: Value = serde_json::from_str(&report.to_json().to_string()).expect("JSON");
    assert_eq!(json["summary"]["errors"], 1);
    assert_eq!(json["summary"]["accepted"], 0);
    let first = &json["findings"][0];
    assert_eq!(first["lint"], "rls-not-forced");
    assert_eq!(first["severity"], "error");
    assert_eq!(first["object"], "table public.molecules");
    assert_eq!(first["repair"], "ALTER TABLE public.molecules FORCE ROW LEVEL SECURITY;");
    assert!(first["detail"].as_str().is_some_and(|detail| detail.contains("tenancy_owner")), "{first}");
}

#[tokio::test]
async fn sarif_has_what_version_2_1_0_requires() {
    let (_database, report) = broken().await;
    let accepted = report.clone().accept(&Baseline::of(&report));
    for (report, suppressed) in [(report, false), (accepted, true)] {
        let sarif = report.to_sarif();
        assert_eq!(sarif["version"], "2.1.0");
        assert!(sarif["$schema"].as_str().is_some_and(|schema| schema.ends_with("sarif-schema-2.1.0.json")));
        let run = &sarif["runs"][0];
        assert!(run["tool"]["driver"]["name"].is_string());
        let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
        assert_eq!(rules.len(), lints().count());
        let results = run["results"].as_array().expect("results");
        assert!(results.len() >= 2, "{results:#?}");
        for result in results {
            assert!(["error", "warning", "note"].contains(&result["level"].as_str().expect("a level")), "{result}");
            assert!(
                result["message"]["text"].is_string()
                    && result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].is_string()
            );
            let rule = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
            assert_eq!(rules[rule]["id"], result["ruleId"]);
            assert_eq!(result["suppressions"][0]["kind"] == "external", suppressed, "{result}");
        }
        for rule in rules {
            assert!(
                rule["shortDescription"]["text"].is_string() && rule["fullDescription"]["text"].is_string(),
                "{rule}"
            );
        }
    }
}

#[tokio::test]
async fn a_baseline_accepts_what_was_found_and_says_what_is_gone() {
    let (database, found) = broken().await;
    let baseline: Baseline = Baseline::of(&found).to_string().parse().expect("what was written can be read");
    let accepted = report(&database).await.accept(&baseline);
    assert_eq!(accepted.findings(), [], "all is accepted");
    assert_eq!(accepted.counts().accepted, found.findings().len());
    assert!(!accepted.fails());

    let admin = database.admin().await.expect("a superuser's connection");
    execute(&admin, "ALTER TABLE molecules FORCE ROW LEVEL SECURITY; ALTER TABLE users NO FORCE ROW LEVEL SECURITY")
        .await;
    let later = report(&database).await.accept(&baseline);
    assert!(later.fails(), "the same lint at another object is not accepted");
    let said: Vec<_> = later.findings().iter().map(|finding| (finding.lint, finding.object.as_str())).collect();
    assert_eq!(said, [("rls-not-forced", "table public.users"), ("baseline-stale", "table public.molecules")]);
    assert_eq!(
        Baseline::of(&later).to_string().matches("\nrls-not-forced ").count(),
        1,
        "a stale entry is not written again"
    );
}

#[test]
fn the_catalogue_is_what_the_code_says() {
    let printed = Catalogue.to_string();
    let file = include_str!("../../docs/lints.md");
    assert!(file == printed, "docs/lints.md is old: `cargo run -p examples -- verify --list-lints > docs/lints.md`");
}
