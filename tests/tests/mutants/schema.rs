//! Mutants of the schema: the policies alone, the preflight, the catalog's rules and `migrate verify`.

use std::time::Instant;

use sea_orm::Statement;
use sqlx::{Connection, PgConnection};
use tenant_core::{DatabaseError, TenantDatabase, TenantId};
use tenant_migration::verify::Verifier;
use tenant_testkit::oracle::{
    Databases, Effect, Generated, Oracle, OracleError, TENANTS, Wall, data_of, statement, statements_of,
};

use super::DEFAULT_STATEMENTS;
use super::matrix::{Matrix, short};
use super::schema_list::{MUTANTS, NAMED, SchemaMutant};
use crate::support::{CATALOG_RULES, World, application_role, execute, number, offenders};
use crate::verify::{registered, roles_with_app};

/// What looks at a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watch {
    /// The start of a program.
    Preflight,
    /// The rules over the catalog.
    Rules,
    /// The single-tenant oracle behind the policies alone.
    Oracle,
    /// The lints of a live database.
    Verify,
}

const ALL: [Watch; 4] = [Watch::Preflight, Watch::Rules, Watch::Verify, Watch::Oracle];

/// What each of them says; nothing when it notices nothing.
struct Notices {
    preflight: Option<String>,
    rules: Option<String>,
    oracle: Option<String>,
    verify: Option<String>,
}

impl Notices {
    /// What is said of a sound database once `mutant` has changed it.
    async fn of(mutant: &SchemaMutant, statements: usize) -> Self {
        let database = World::empty().await;
        let admin = database.admin().await.expect("a superuser's connection");
        let own_role = mutant.role.map(|_| format!("mutant_{}", uuid::Uuid::new_v4().simple()));
        let role = own_role.clone().unwrap_or_else(application_role);
        if let Some(attributes) = mutant.role {
            let create = format!("CREATE ROLE {role} LOGIN IN ROLE tenancy_app");
            let give = match attributes.strip_prefix("IN ROLE ") {
                Some(group) => format!("GRANT {group} TO {role}"),
                None => format!("ALTER ROLE {role} {attributes}"),
            };
            execute(&admin, &format!("{create}; {give}")).await;
        }
        let (url, superuser_url) = (database.url(&role), database.superuser_url());
        let databases = Databases::create(database, &role).await.expect("databases");
        execute(&admin, mutant.sql).await;
        let preflight = match TenantDatabase::builder(url).build().await {
            Ok(_) => None,
            Err(DatabaseError::Preflight(refusal)) => {
                let said = refusal.to_string();
                // The first line says that something is wrong, the next one what.
                Some(said.lines().nth(1).unwrap_or(&said).trim_start_matches("- ").to_owned())
            }
            Err(other) => panic!("{}: {other}", mutant.name),
        };
        let mut rules = None;
        for (rule, query) in CATALOG_RULES {
            if !offenders(&admin, query).await.is_empty() {
                rules = rules.or(Some(rule.to_owned()));
            }
        }
        let verify = verified(&superuser_url, &role).await;
        let mut behind_policies = Oracle::new(databases, &[Wall::Policies]);
        let oracle = difference(&mut behind_policies, statements).await;
        if own_role.is_some() {
            execute(&admin, &format!("DROP ROLE {role}")).await;
        }
        Self { preflight, rules, oracle, verify }
    }

    const fn by(&self, watch: Watch) -> Option<&String> {
        match watch {
            Watch::Preflight => self.preflight.as_ref(),
            Watch::Rules => self.rules.as_ref(),
            Watch::Oracle => self.oracle.as_ref(),
            Watch::Verify => self.verify.as_ref(),
        }
    }

    fn none(&self) -> bool {
        ALL.iter().all(|watch| self.by(*watch).is_none())
    }
}

/// The first that `migrate verify` finds, the server's version aside, which no mutant changes.
async fn verified(url: &str, role: &str) -> Option<String> {
    let mut connection = PgConnection::connect(url).await.expect("a superuser's connection");
    let report = Verifier::new(registered(&roles_with_app(role))).run(&mut connection).await.expect("a report");
    let found = report.findings().iter().find(|finding| finding.lint != "server-outdated");
    found.map(|finding| format!("{}: {}", finding.lint, finding.object))
}

/// The first statement that does something else than on the tenant's own database, with the number of the random one.
async fn difference(oracle: &mut Oracle, statements: usize) -> Option<String> {
    const SEED: u64 = 1;
    if let Err(failure) = oracle.databases.load(&data_of(SEED).expect("data")).await {
        return Some(format!("its rows don't fit: {failure}"));
    }
    let unchanged = |statement: Statement, _: TenantId| Ok::<_, String>(statement);
    let random = statements_of(SEED, statements, &statement::any()).expect("statements");
    let named = NAMED.iter().map(|sql| (None, Generated::from_text(Effect::Write, sql), 0));
    let random =
        random.into_iter().enumerate().map(|(number, generated)| (Some(number + 1), generated, number % TENANTS));
    for (number, generated, tenant) in random.chain(named) {
        match oracle.check(&generated, tenant, &unchanged).await {
            Ok(()) => {}
            Err(OracleError::Difference(_)) => {
                let number = number.map_or_else(|| "named".to_owned(), |number| number.to_string());
                return Some(format!("{number}: {generated}"));
            }
            Err(failure) => panic!("{generated}: {failure}"),
        }
    }
    None
}

#[tokio::test]
async fn of_the_schema_are_noticed() {
    let start = Instant::now();
    // A mutant of the schema is a database; what random statements see of it, they see soon.
    let statements = usize::try_from(number("MUTANT_STATEMENTS", DEFAULT_STATEMENTS) / 10).expect("few");
    let mut matrix = Matrix::new(&["mutant", "preflight", "catalog's rules", "verify", "policies alone, by statement"]);
    let (mut survivors, mut unnoticed) = (Vec::new(), Vec::new());
    for mutant in MUTANTS {
        let notices = Notices::of(mutant, statements).await;
        let mut row = vec![mutant.name.to_owned()];
        for watch in ALL {
            let said = notices.by(watch).map(|said| said.split_whitespace().collect::<Vec<_>>().join(" "));
            // What breaks the schema, the lints must name, whatever else notices it.
            if said.is_none() && (watch == Watch::Verify || mutant.noticed_by.contains(&watch)) {
                unnoticed.push(format!("{} by {watch:?}", mutant.name));
            }
            row.push(short(&said.unwrap_or_default()));
        }
        matrix.row(row);
        if notices.none() {
            survivors.push(mutant.name);
        }
    }
    println!("{matrix}");
    let seconds = start.elapsed().as_secs_f64();
    println!("{} mutants of the schema, {} noticed, in {seconds:.1} s", MUTANTS.len(), MUTANTS.len() - survivors.len());
    assert!(survivors.is_empty(), "survived: {}", survivors.join("; "));
    assert!(unnoticed.is_empty(), "not noticed: {}", unnoticed.join("; "));
}

#[tokio::test]
async fn and_the_schema_itself_is_not() {
    let sound = SchemaMutant { name: "none", sql: "", role: None, noticed_by: &[] };
    let notices = Notices::of(&sound, 250).await;
    assert!(notices.none(), "{:?} {:?} {:?} {:?}", notices.preflight, notices.rules, notices.oracle, notices.verify);
}
