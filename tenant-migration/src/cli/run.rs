//! From arguments to an exit code.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use super::adopt::adopt;
use super::arguments::{Arguments, Command, DatabaseCommand, PlanArguments};
use super::audit::{AuditArguments, AuditCommand, audit, retain};
use super::catalog::{catalog, placement, tenant};
use super::connection::{Target, connect};
use super::error::CliError;
use super::fleet;
use super::portability::portability;
use super::terminal::Terminal;
use super::verify::verify;
use crate::engine::Engine;
use crate::migrator::TenantMigrator;
use crate::patience::Patience;

/// Runs the command that the process's arguments name, with SeaORM's options: `up [-n]`, `down [-n]`, `fresh`,
/// `refresh`, `reset`, `status`, `-u`, `-s`, `-v`; `plan`, which prints SQL; `verify`, which looks at a live database;
/// `portability`, which compares servers; `catalog`, `placement` and `tenant`, for who lives where; `audit`, for the access log.
/// Without a command it is `up`.
///
/// Also reads `DATABASE_URL` and `DATABASE_SCHEMA`, from the environment or a `.env` file. What goes wrong, in making the
/// migrator too, is said on stderr; the exit code is then 1, or 2 for arguments that mean nothing. It is 1 too when `verify` finds
/// errors that are not accepted.
pub async fn run(migrator: impl FnOnce() -> Result<TenantMigrator, Box<dyn Error>>) -> ExitCode {
    // A missing file is no error: the environment may say it all.
    dotenvy::dotenv().ok();
    let arguments = match Arguments::read(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are "errors" that go to stdout with exit code 0.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    // Of several databases at once nobody could tell which a line is about.
    let quiet = arguments.command.as_ref().is_some_and(Command::has_fleet);
    let aside = matches!(
        arguments.command,
        Some(Command::Tenant(_) | Command::Catalog(_) | Command::Placement(_) | Command::Audit(_))
    );
    trace(arguments.verbose, quiet, aside);
    let schema = &arguments.database_schema;
    let target = arguments.target();
    let patience = Patience::DEFAULT.total(Duration::from_secs(arguments.patience));
    let done = match &arguments.command {
        // Any database can be looked at, even where the entities make no migrator.
        Some(Command::Verify(how)) if !how.asks_registry() => verify(how, target, None).await,
        Some(Command::Catalog(how)) => catalog(how, patience, Arc::new(Terminal::new(true))).await,
        Some(Command::Placement(how)) => placement(how).await,
        Some(Command::Audit(AuditArguments { command: AuditCommand::Proof(how) })) => audit(how, target).await,
        command => match (migrator(), command) {
            (Ok(migrator), Some(Command::Verify(how))) => verify(how, target, Some(&migrator)).await,
            (Ok(migrator), command) => {
                let migrator = migrator.patience(patience).observer(Arc::new(Terminal::new(!quiet)));
                let migrator = if arguments.allow_rewrites { migrator.allow_rewrites() } else { migrator };
                match command {
                    Some(Command::Tenant(how)) => tenant(&migrator, how, schema).await,
                    Some(Command::Plan(how)) if how.fleet.are_given() => fleet::plan(&migrator, how, schema).await,
                    Some(Command::Database(DatabaseCommand::Up { num, fleet: how })) if how.are_given() => {
                        fleet::up(&migrator, how, schema, *num).await
                    }
                    _ => execute(&migrator, &arguments).await,
                }
            }
            (Err(error), _) => {
                eprintln!("error: {error}");
                return ExitCode::FAILURE;
            }
        },
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        error.exit_code()
    })
}

async fn execute(migrator: &TenantMigrator, arguments: &Arguments) -> Result<ExitCode, CliError> {
    let (target, schema) = (arguments.target(), arguments.database_schema.as_str());
    let command = match &arguments.command {
        None => &DatabaseCommand::Up { num: None, fleet: fleet::FleetArguments::default() },
        Some(Command::Database(command)) => command,
        Some(Command::Plan(how)) => return plan(migrator, how, target, schema).await,
        Some(Command::Adopt(how)) => return adopt(migrator, how, target, schema).await,
        Some(Command::Audit(AuditArguments { command: AuditCommand::Retain(how) })) => {
            return retain(migrator, how, target, schema).await;
        }
        Some(Command::Portability(how)) => {
            portability(migrator, how);
            return Ok(ExitCode::SUCCESS);
        }
        // They were run before: they need no deploy.
        Some(
            Command::Verify(_) | Command::Catalog(_) | Command::Placement(_) | Command::Tenant(_) | Command::Audit(_),
        ) => {
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Init) => return Err(CliError::NoFiles { command: "init" }),
        Some(Command::Generate { .. }) => return Err(CliError::NoFiles { command: "generate" }),
    };
    let db = &connect(target, schema).await?;
    match command {
        DatabaseCommand::Fresh => migrator.fresh(db).await?,
        DatabaseCommand::Refresh => migrator.refresh(db).await?,
        DatabaseCommand::Reset => migrator.reset(db).await?,
        DatabaseCommand::Status => print(&migrator.status(db).await?),
        DatabaseCommand::Up { num, .. } => migrator.up(db, *num).await.map(drop)?,
        DatabaseCommand::Down { num } => migrator.down(db, Some(*num)).await?,
    }
    db.clone().close().await?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what is to be done; fails if that was asked for and there is something.
async fn plan(
    migrator: &TenantMigrator,
    how: &PlanArguments,
    target: Target<'_>,
    schema: &str,
) -> Result<ExitCode, CliError> {
    if how.empty {
        print(&match how.engine {
            Engine::Postgres => migrator.plan_for_empty().to_string(),
            Engine::Citus => migrator.plan_for_citus().to_string(),
        });
        return Ok(ExitCode::SUCCESS);
    }
    let db = connect(target, schema).await?;
    let pending = migrator.pending(&db).await?;
    let plan = migrator.plan(&db).await?;
    db.close().await?;
    let own: String = pending
        .iter()
        .map(|name| format!("\n-- {name}: the application's own, pending; its statements are known when it runs\n"))
        .collect();
    print(&format!("{own}{plan}"));
    let differs = !(plan.is_empty() && pending.is_empty());
    if !differs {
        eprintln!("the database is as the entities say");
    }
    Ok(if how.check && differs { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A reader that has seen enough (`| head`) is no failure.
pub(super) fn print(text: &str) {
    let _ = write!(std::io::stdout(), "{text}");
}

fn trace(verbose: bool, quiet: bool, aside: bool) {
    let filter = EnvFilter::new(match (verbose, quiet) {
        (true, _) => "debug",
        (false, true) => "off",
        (false, false) => "sea_orm_migration=info,tenant_migration=info",
    });
    // What a program reads stands alone on stdout.
    let writer = if aside { BoxMakeWriter::new(std::io::stderr) } else { BoxMakeWriter::new(std::io::stdout) };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    // A subscriber that the binary has set already stays.
    let _ =
        if verbose { lines.try_init() } else { lines.with_target(false).with_level(false).without_time().try_init() };
}
