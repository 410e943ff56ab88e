//! What the command line says, compatible with SeaORM's.

use clap::{Parser, Subcommand};

use super::adopt::AdoptArguments;
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

    /// Let big tables be written anew where a change needs it, while all reads and writes of them wait
    #[arg(long, global = true)]
    pub(super) allow_rewrites: bool,

    /// For how many seconds a change is attempted while others hold locks on its table
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 120)]
    pub(super) patience: u64,

    #[command(subcommand)]
    pub(super) command: Option<Command>,
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
    #[arg(long)]
    pub(super) empty: bool,
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
            Some(Command::Database(DatabaseCommand::Up { num: Some(3) }))
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
    fn help_never_shows_the_url_of_the_environment() {
        let mut command = Arguments::command();
        let url = command.get_arguments().find(|argument| argument.get_id() == "database_url").expect("there is one");
        assert!(url.is_hide_env_values_set());
        assert!(command.render_long_help().to_string().contains("[env: DATABASE_URL]"));
    }
}
