//! Whether an organisation's writes can be followed.

use super::error::MoveError;
use super::request::Method;
use crate::holdings::Holdings;
use crate::site::Site;

/// The level of the server's log, how many slots it may have and has, and whether the mover may read it.
const LOOK: &str = "SELECT current_setting('wal_level'), current_setting('max_replication_slots')::int8,
      (SELECT count(*) FROM pg_replication_slots),
      (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = $1)";

/// Partitions of which an UPDATE or DELETE wouldn't say in the log whose row it changes: then nobody could change rows there.
const UNIDENTIFIED: &str = "SELECT format('%I.%I', n.nspname, c.relname)
    FROM pg_partition_tree($1::regclass) AS part JOIN pg_class c ON c.oid = part.relid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE part.isleaf AND c.relreplident NOT IN ('d', 'f') ORDER BY 1 LIMIT 1";

/// Whether the source's log can be followed; what else is in the way is an error.
pub(super) async fn look(source: &Site, holdings: &Holdings, method: Method) -> Result<bool, MoveError> {
    if method == Method::Waiting {
        return Ok(false);
    }
    let failed = |error| source.failed(error);
    let mut connection = source.open().await?;
    let mover = &source.migrator.roles().mover;
    let look = sqlx::query_as(LOOK).bind(mover.as_str()).persistent(false).fetch_one(&mut connection);
    let (level, most, slots, replicates): (String, i64, i64, Option<bool>) = look.await.map_err(failed)?;
    let placement = source.name().clone();
    let not = |why: String, repair: String| MoveError::NotFollowed { placement: placement.clone(), why, repair };
    if level != "logical" {
        let repair = "set wal_level = logical there, and restart the server".to_owned();
        return if method == Method::Following {
            Err(not(format!("its server's wal_level is {level}"), repair))
        } else {
            Ok(false)
        };
    }
    if slots >= most {
        let repair = "raise max_replication_slots, or drop a slot that nobody reads (pg_replication_slots)".to_owned();
        return Err(not(format!("all {most} replication slots of its server are taken"), repair));
    }
    if replicates != Some(true) {
        let repair = format!("ALTER ROLE {mover} REPLICATION");
        return Err(not(format!("{mover} may not read the server's log"), repair));
    }
    for holding in holdings.iter() {
        let part = sqlx::query_scalar(UNIDENTIFIED).bind(holding.name.to_string()).persistent(false);
        let part: Option<String> = part.fetch_optional(&mut connection).await.map_err(failed)?;
        let part = part.or_else(|| (!holding.is_identified).then(|| holding.name.to_string()));
        if let Some(table) = part {
            let repair = format!("ALTER TABLE {table} REPLICA IDENTITY DEFAULT");
            return Err(not(format!("changes of {table} don't say in the log whose row they change"), repair));
        }
    }
    Ok(true)
}
