//! What the command line says, compatible with SeaORM's.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tenant_core::Transport;

use super::adopt::AdoptArguments;
use super::audit::AuditArguments;
use super::catalog::{CatalogArguments, CatalogUrl, PlacementArguments, TenantArguments};
use super::connection::Target;
use super::fleet::FleetArguments;
use super::portability::PortabilityArguments;
use super::verify::VerifyArguments;
use crate::engine::Engine;

/// Migrates a multi-tenant database.
#[derive(Debug, Parser)]
#[command(version, about = "Brings a database to what the tenant entities say, and back")]
pub(super) struct Arguments {
    /// Show debug messages
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,

    /// The schema of SeaORM's record and of the application's own migrations; tables are in the schema of their entity
    #[arg(short = 's', long, global = true, env = "DATABASE_SCHEMA", default_value = "public")]
    pub(super) database_schema: String,

    // The value is a credential: clap would print it in --help.
    /// Database URL, postgres://USER:PASSWORD@HOST/DATABASE
    #[arg(short = 'u', long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    pub(super) database_url: Option<String>,

    /// Let the URL's sslmode hold for servers on other machines, however weak: the network itself is trusted
    #[arg(long, global = true)]
    pub(super) trust_network: bool,

    /// Let big tables be written anew where a change needs it, while all reads and writes of them wait
    #[arg(long, global = true)]
    pub(super) allow_rewrites: bool,

    /// For how many seconds a change is attempted while others hold locks on its table
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 120)]
    pub(super) patience: u64,

    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

impl Arguments {
    /// The single database that is named, if one is.
    pub(super) fn target(&self) -> Target<'_> {
        Target { url: self.database_url.as_deref(), transport: self.transport() }
    }

    /// How all databases are reached.
    const fn transport(&self) -> Transport {
        if self.trust_network { Transport::TrustedNetwork } else { Transport::VerifiedTls }
    }

    /// What `line` says.
    ///
    /// A database that the environment names doesn't stand in the way of a fleet: only one that was typed contradicts it.
    pub(super) fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = Self::command();
        let matches = command.try_get_matches_from_mut(line)?;
        let mut arguments = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        let transport = arguments.transport();
        if let Some(catalog) = arguments.command.as_mut().and_then(Command::catalog) {
            catalog.transport = transport;
        }
        let typed = matches.value_source("database_url") == Some(ValueSource::CommandLine);
        if typed && arguments.command.as_ref().is_some_and(Command::has_fleet) {
            let both = "a fleet cannot be used with '--database-url <DATABASE_URL>'";
            return Err(command.error(ErrorKind::ArgumentConflict, both));
        }
        Ok(arguments)
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print what `up` would do to the database as SQL, with the reason of each step and the locks it takes
    Plan(PlanArguments),
    /// Give an existing database its tenants, while the programs that know none go on working on it
    Adopt(AdoptArguments),
    /// Look at a live database for what would let one tenant reach another's rows; fails if there is an error
    Verify(VerifyArguments),
    /// Print what PostgreSQL, Citus, CockroachDB and YugabyteDB have of what the tables use, without a database
    Portability(PortabilityArguments),
    /// The access log: how long it is kept; seal it, look whether it is as it was sealed, export it, erase values from it
    Audit(AuditArguments),
    /// The catalog of organisations and placements: make it, look at it, take it away
    Catalog(CatalogArguments),
    /// The databases that organisations live in
    Placement(PlacementArguments),
    /// Organisations: make them, suspend them, end them
    Tenant(TenantArguments),
    #[command(hide = true)]
    Init,
    #[command(hide = true)]
    Generate {
        /// Name of the new migration
        migration_name: String,
    },
    #[command(flatten)]
    Database(DatabaseCommand),
}

#[derive(Debug, clap::Args)]
pub(super) struct PlanArguments {
    /// Fail if there is something to do
    #[arg(long, conflicts_with = "empty")]
    pub(super) check: bool,

    /// For an empty database, without one
    #[arg(long, conflicts_with = "list")]
    pub(super) empty: bool,

    /// The server that it is written for; a live database is always taken for PostgreSQL
    #[arg(long, value_enum, default_value_t, requires_if("citus", "empty"))]
    pub(super) engine: Engine,

    #[command(flatten)]
    pub(super) fleet: FleetArguments,
}

impl Command {
    /// The catalog that leads to further databases.
    const fn catalog(&mut self) -> Option<&mut CatalogUrl> {
        Some(match self {
            Self::Catalog(how) => &mut how.url,
            Self::Placement(how) => &mut how.url,
            Self::Tenant(how) => &mut how.url,
            Self::Plan(PlanArguments { fleet, .. }) | Self::Database(DatabaseCommand::Up { fleet, .. }) => {
                &mut fleet.catalog
            }
            Self::Verify(how) => &mut how.fleet.catalog,
            _ => return None,
        })
    }

    /// Whether it is for a list of databases.
    pub(super) const fn has_fleet(&self) -> bool {
        match self {
            Self::Plan(PlanArguments { fleet, .. }) | Self::Database(DatabaseCommand::Up { fleet, .. }) => {
                fleet.are_given()
            }
            Self::Verify(how) => how.fleet.are_given(),
            _ => false,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum DatabaseCommand {
    /// Drop all tables from the database, then reapply all migrations
    Fresh,
    /// Roll back all applied migrations, then reapply all migrations
    Refresh,
    /// Roll back all applied migrations
    Reset,
    /// Check the status of all migrations
    Status,
    /// Apply pending migrations; this is what happens without a command
    Up {
        /// Number of steps to apply: each migration of the application's is one, all tenant tables together are one
        #[arg(short, long)]
        num: Option<u32>,
        #[command(flatten)]
        fleet: FleetArguments,
    },
    /// Roll back applied migrations
    Down {
        /// Number of applied migrations to be rolled back
        #[arg(short, long, default_value_t = 1)]
        num: u32,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_that_sea_orm_cli_passes_are_understood() {
        Arguments::command().debug_assert();
        let parse = |line: &str| Arguments::try_parse_from(line.split(' ')).expect(line);
        assert!(matches!(
            parse("migrate up -n 3 -v").command,
            Some(Command::Database(DatabaseCommand::Up { num: Some(3), .. }))
        ));
        assert!(matches!(parse("migrate down").command, Some(Command::Database(DatabaseCommand::Down { num: 1 }))));
        assert!(parse("migrate -u postgres://h/d -s s").command.is_none());
        assert!(parse("migrate status -v").verbose);
    }

    #[test]
    fn any_database_is_verified_by_a_column_and_a_role() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' ')).is_ok();
        assert!(parse("migrate verify"));
        assert!(parse("migrate verify --tenant-column tenant_id --app-role web --admin-role ops --format sarif"));
        for half in ["--tenant-column tenant_id", "--app-role web", "--admin-role ops", "--format xml"] {
            assert!(!parse(&format!("migrate verify {half}")), "{half}");
        }
    }

    #[test]
    fn another_engine_is_for_an_empty_database_alone() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' ')).is_ok();
        assert!(parse("migrate plan --engine citus --empty"));
        assert!(parse("migrate plan --engine postgres --check"));
        assert!(!parse("migrate plan --engine citus"));
        assert!(parse("migrate portability --format json"));
        assert!(!parse("migrate portability --format sarif"));
    }

    #[test]
    fn what_is_said_of_a_table_is_split_at_its_first_sign() {
        let parse = |line: &[&str]| Arguments::try_parse_from([&["migrate", "adopt"], line].concat());
        assert!(parse(&["--assign", "a=CASE WHEN b = 1 THEN c END", "--via", "d=e,f", "--enforce"]).is_ok());
        for wrong in [&["--assign", "a"][..], &["--batch", "0"], &["--tenant", "x"], &["--observe", "--enforce"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_fleet_takes_the_place_of_a_database() {
        let read = |line: &str| Arguments::read(line.split(' ').map(OsString::from));
        for line in [
            "migrate up -n 3 --fleet f --jobs 8 --time-limit 60 --report r --only a --only b",
            "migrate plan --fleet - --failed-of r",
            "migrate up --fleet-of-catalog --catalog-url postgres://h/d --jobs 2 --only a",
            "migrate verify --fleet f --tenant-column tenant_id --app-role web --baseline b",
        ] {
            assert!(read(line).expect(line).command.expect(line).has_fleet(), "{line}");
        }
        assert!(!read("migrate up -u postgres://h/d").expect("one").command.expect("up").has_fleet());
        for (line, said) in [
            ("migrate up --fleet f -u postgres://u:geheim@h/d", "cannot be used with '--database-url"),
            ("migrate -u postgres://u:geheim@h/d verify --fleet f", "cannot be used with '--database-url"),
            ("migrate up --jobs 3", "--fleet <FILE>|--fleet-of-catalog"),
            ("migrate up --fleet f --fleet-of-catalog", "cannot be used with"),
            ("migrate up --fleet-of-catalog -u postgres://u:geheim@h/d", "cannot be used with '--database-url"),
            ("migrate up --fleet f --jobs 0", "zero"),
            ("migrate up --fleet f --time-limit 0", "zero"),
            ("migrate up --time-limit 60", "--fleet <FILE>"),
            ("migrate up --fleet f --only a --failed-of r", "cannot be used with"),
            ("migrate verify --fleet f --format json", "cannot be used with"),
            ("migrate verify --fleet f --write-baseline b", "cannot be used with"),
            ("migrate verify --fleet f --list-lints", "cannot be used with"),
            ("migrate down --fleet f", "unexpected argument"),
        ] {
            let error = read(line).expect_err(line).to_string();
            assert!(error.contains(said) && !error.contains("geheim"), "{line}: {error}");
        }
    }

    /// Every argument of a command and of those below it.
    fn arguments(command: &clap::Command) -> Vec<&clap::Arg> {
        command.get_arguments().chain(command.get_subcommands().flat_map(arguments)).collect()
    }

    #[test]
    fn help_never_shows_the_url_of_the_environment() {
        let mut command = Arguments::command();
        let from_environment: Vec<_> =
            arguments(&command).into_iter().filter(|argument| argument.get_env().is_some()).collect();
        let urls: Vec<_> =
            from_environment.iter().filter(|argument| argument.get_id().as_str().contains("ur")).collect();
        assert!(urls.iter().all(|url| url.is_hide_env_values_set()), "{urls:?}");
        for variable in ["DATABASE_URL", "TENANT_CATALOG_URL", "TENANT_SERVER_URL"] {
            let argument =
                from_environment.iter().find(|argument| argument.get_env().is_some_and(|env| env == variable));
            assert!(argument.expect(variable).is_hide_env_values_set(), "{variable}");
        }
        assert!(command.render_long_help().to_string().contains("[env: DATABASE_URL]"));
    }

    #[test]
    fn organisations_and_placements_are_named() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        for line in [
            "migrate catalog up --catalog-url postgres://h/d",
            "migrate catalog --catalog-url postgres://h/d plan --check",
            "migrate placement add eu_1 --kind dedicated --host a --host b:1 --max-connections 9 --role-prefix eu",
            "migrate placement set eu_1 --no-hosts",
            "migrate tenant create --name Acme --tier large --placement eu_1",
            "migrate tenant create --name Acme --placement acme --dedicated --server-of eu_1 --database a --role-prefix b",
            "migrate tenant suspend Acme",
            "migrate tenant list --status suspended --format json",
        ] {
            parse(line).expect(line);
        }
        for line in [
            "migrate placement add EU",
            "migrate placement add eu --kind public",
            "migrate placement add eu --max-connections 0",
            "migrate placement set eu --no-hosts --host a",
            "migrate tenant create --name Acme",
            "migrate tenant create --name Acme --placement a --tier huge",
            "migrate tenant create --name Acme --placement a --server-of b",
            "migrate tenant create --name Acme --placement a --database b",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
