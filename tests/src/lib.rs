//! Throw-away PostgreSQL servers and databases for tests.
//!
//! [`Cluster::shared`] starts one server for the whole process from the machine's PostgreSQL programs (15 or newer), or uses
//! the one of `DATABASE_URL`. [`Cluster::template`] migrates one database, and [`Template::database`] clones it for each
//! test. [`Cluster::builder`] starts further servers. [`oracle`] compares what a tenant's statements give with a database that
//! holds only its rows.
//!
//! | Variable | Meaning |
//! |---|---|
//! | `DATABASE_URL` | superuser's URL of a running server, used instead of a throw-away one |
//! | `TENANT_PG_BIN` | the folder with `initdb` and `postgres`, instead of searching |
//! | `TENANT_PG_TMP` | the folder for throw-away servers, instead of memory (`/dev/shm`) or the temporary files; open to everybody if run as root |

mod address;
mod builder;
mod cluster;
mod database;
mod database_name;
mod error;
mod external;
pub mod oracle;
mod os_user;
mod private_folder;
mod programs;
mod proxy;
mod server;
mod template;
mod walls;

pub use builder::ClusterBuilder;
pub use cluster::Cluster;
pub use database::Database;
pub use error::{ClusterError, DatabaseError};
pub use programs::{OLDEST_VERSION, Programs, ProgramsError};
pub use proxy::{Proxy, Upstream};
pub use template::Template;
pub use walls::{FilterOnly, PoliciesOnly, Walled};
