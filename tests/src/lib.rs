//! Throw-away PostgreSQL servers and databases for tests.
//!
//! [`Cluster::shared`] starts one server for the whole process from the machine's PostgreSQL programs (15 or newer), or uses
//! the one of `DATABASE_URL`. [`Cluster::template`] migrates one database, and [`Template::database`] clones it for each
//! test. [`Cluster::builder`] starts further servers. [`oracle`] compares what a tenant's statements give with a database that
//! holds only its rows. [`PgBouncer`] and [`Proxy`] stand between a client and a server: the one shares the server's
//! connections among clients, the other counts round trips, delays them and breaks connections. [`cancellation`] drops futures
//! half-way.
//!
//! | Variable | Meaning |
//! |---|---|
//! | `DATABASE_URL` | superuser's URL of a running server, used instead of a throw-away one |
//! | `TENANT_PG_BIN` | the folder with `initdb` and `postgres`, instead of searching |
//! | `TENANT_PG_TMP` | the folder for throw-away servers and PgBouncers, instead of memory (`/dev/shm`) or the temporary files; open to everybody if run as root |
//! | `TENANT_PGBOUNCER` | the path of `pgbouncer`, instead of searching |

mod address;
mod builder;
pub mod cancellation;
mod cluster;
mod database;
mod database_name;
mod error;
mod external;
mod free_port;
pub mod oracle;
mod os_user;
mod pgbouncer;
mod plan;
mod private_folder;
mod programs;
mod proxy;
mod server;
mod template;
mod walls;
mod watchdog;

pub use builder::ClusterBuilder;
pub use cluster::Cluster;
pub use database::Database;
pub use error::{ClusterError, DatabaseError};
pub use pgbouncer::{PgBouncer, PgBouncerBuilder, PgBouncerError, PoolMode};
pub use programs::{OLDEST_VERSION, Programs, ProgramsError};
pub use proxy::{Proxy, Upstream};
pub use template::Template;
pub use walls::{FilterOnly, PoliciesOnly, Walled};
