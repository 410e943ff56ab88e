//! Each of pg_catalog's functions has a verdict, and no verdict allows what is dangerous.

use tenant_testkit::Cluster;

use crate::functions::{Facts, Review, committed, facts, has_server_types, judge, made, write};
use crate::support::version;

/// The version that the list is made from: the oldest that is supported.
const LISTED_VERSION: u32 = 15;

/// Parts of names that no allowed function has, whatever the review says.
const DANGEROUS: [&str; 26] = [
    "advisory",
    "backend",
    "binary_upgrade",
    "current_setting",
    "currval",
    "cursor_to",
    "database_to",
    "dblink",
    "has_",
    "lastval",
    "lo_",
    "nextval",
    "notify",
    "pg_",
    "privilege",
    "query_to",
    "schema_to",
    "set_config",
    "setseed",
    "setval",
    "sleep",
    "table_to",
    "to_reg",
    "ts_rewrite",
    "ts_stat",
    "txid_",
];

/// Names that contain a dangerous part by chance.
const BY_CHANCE: [&str; 1] = ["hash_"];

async fn server() -> (u32, Vec<Facts>) {
    let cluster = Cluster::shared().await.expect("a PostgreSQL");
    let database = cluster.empty_database().await.expect("a database");
    let admin = database.admin().await.expect("a superuser's connection");
    (version(&admin).await, facts(&admin).await)
}

#[tokio::test]
async fn the_list_says_what_the_rule_and_the_review_make_of_the_server() {
    let (version, facts) = server().await;
    if version != LISTED_VERSION {
        let listed = committed();
        let new = facts.iter().filter(|function| !listed.contains_key(&function.name));
        let new: Vec<&str> = new.map(|function| function.name.as_str()).collect();
        println!("{} functions of version {version} are refused because nobody has judged them: {new:?}", new.len());
        return;
    }
    let made = made(&facts, &Review::committed());
    if std::env::var_os("MAKE_FUNCTIONS").is_some() {
        write(&made);
    }
    let listed = committed();
    let differ = made.iter().filter(|(name, verdict)| listed.get(*name) != Some(*verdict)).map(|(name, _)| name);
    let gone = listed.keys().filter(|name| !made.contains_key(*name));
    let differ: Vec<&String> = differ.chain(gone).collect();
    assert_eq!(differ, Vec::<&String>::new(), "run `make functions` and read what changes");
}

#[tokio::test]
async fn no_allowed_function_is_dangerous() {
    let (version, facts) = server().await;
    let review = Review::committed();
    let mut problems = Vec::new();
    for (name, _) in committed().into_iter().filter(|(_, verdict)| verdict.allowed) {
        let harmless = BY_CHANCE.iter().fold(name.clone(), |name, part| name.replace(part, ""));
        problems.extend(DANGEROUS.iter().find(|part| harmless.contains(*part)).map(|part| format!("{name}: {part}")));
        let Some(function) = facts.iter().find(|function| function.name == name) else { continue };
        if function.definer || has_server_types(function) {
            problems.push(format!("{name}: runs with its owner's rights, or is a part of the server"));
        }
        let reviewed = review.of(&name).is_some_and(|verdict| verdict.allowed);
        if !reviewed && !judge(function).allowed {
            problems.push(format!("{name}: {}", judge(function).reason));
        }
    }
    assert_eq!(problems, Vec::<String>::new(), "allowed, on version {version}");
}

#[tokio::test]
async fn each_refusal_of_the_review_refuses_something() {
    let (version, facts) = server().await;
    if version == LISTED_VERSION {
        let names: Vec<&str> = facts.iter().map(|function| function.name.as_str()).collect();
        assert_eq!(Review::committed().idle(&names), Vec::<&str>::new());
    }
}
