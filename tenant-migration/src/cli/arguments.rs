//! What the command line says, compatible with SeaORM's.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tenant_core::Transport;

use super::adopt::AdoptArguments;
use super::connection::Target;
use super::fleet::FleetArguments;
use super::verify::VerifyArguments;

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
    /// The single database that is named, if one is, and how all are reached.
    pub(super) fn target(&self) -> Target<'_> {
        let transport = if self.trust_network { Transport::TrustedNetwork } else { Transport::VerifiedTls };
        Target { url: self.database_url.as_deref(), transport }
    }

    /// What `line` says.
    ///
    /// A database that the environment names doesn't stand in the way of a fleet: only one that was typed contradicts it.
    pub(super) fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = Self::command();
        let matches = command.try_get_matches_from_mut(line)?;
        let arguments = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
        let typed = matches.value_source("database_url") == Some(ValueSource::CommandLine);
        if typed && arguments.command.as_ref().is_some_and(Command::has_fleet) {
            let both = "the argument '--fleet <FILE>' cannot be used with '--database-url <DATABASE_URL>'";
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
    #[arg(long, conflicts_with = "fleet")]
    pub(super) empty: bool,

    #[command(flatten)]
    pub(super) fleet: FleetArguments,
}

impl Command {
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
            "migrate up -n 3 --fleet f --jobs 8 --report r --only a --only b",
            "migrate plan --fleet - --failed-of r",
            "migrate verify --fleet f --tenant-column tenant_id --app-role web --baseline b",
        ] {
            assert!(read(line).expect(line).command.expect(line).has_fleet(), "{line}");
        }
        assert!(!read("migrate up -u postgres://h/d").expect("one").command.expect("up").has_fleet());
        for (line, said) in [
            ("migrate up --fleet f -u postgres://u:geheim@h/d", "cannot be used with '--database-url"),
            ("migrate -u postgres://u:geheim@h/d verify --fleet f", "cannot be used with '--database-url"),
            ("migrate up --jobs 3", "--fleet <FILE>"),
            ("migrate up --fleet f --jobs 0", "zero"),
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

    #[test]
    fn help_never_shows_the_url_of_the_environment() {
        let mut command = Arguments::command();
        let url = command.get_arguments().find(|argument| argument.get_id() == "database_url").expect("there is one");
        assert!(url.is_hide_env_values_set());
        assert!(command.render_long_help().to_string().contains("[env: DATABASE_URL]"));
    }
}
