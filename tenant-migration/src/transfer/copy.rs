//! Copying an organisation's rows of a table, from server to server through this process.

use futures_util::TryStreamExt;
use sqlx::postgres::PgConnection;
use tenant_core::TenantId;

use super::tuples::Format;
use crate::holdings::Holding;
use crate::template::literal;

/// How much is collected before it is sent on. PostgreSQL sends each row by itself; one larger than this goes alone.
const CHUNK: usize = 256 * 1024;

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Copied {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// Which of the two failed.
#[derive(Debug)]
pub(crate) enum CopyError {
    Source(sqlx::Error),
    Target(sqlx::Error),
}

/// Copies the tenant's rows of a table. `told` hears now and then how many bytes it were until then.
///
/// It holds one chunk and one row at a time. Where it fails or is dropped, the target has none of the rows; both sessions are of
/// no more use then.
pub(crate) async fn rows(
    source: &mut PgConnection,
    target: &mut PgConnection,
    holding: &Holding,
    tenant: TenantId,
    told: &mut (dyn FnMut(u64) + Send),
) -> Result<Copied, CopyError> {
    let (table, columns, format) = (&holding.name, holding.column_list(), Format::of(holding).word());
    let whose = format!("{} = {}", holding.tenant, literal(&tenant.to_string()));
    let out = format!("COPY (SELECT {columns} FROM {table} WHERE {whose}) TO STDOUT (FORMAT {format})");
    let into = format!("COPY {table} ({columns}) FROM STDIN (FORMAT {format})");
    let mut rows = source.copy_out_raw(&out).await.map_err(CopyError::Source)?;
    let mut sink = target.copy_in_raw(&into).await.map_err(CopyError::Target)?;
    let (mut chunk, mut bytes) = (Vec::with_capacity(CHUNK), 0);
    while let Some(row) = rows.try_next().await.map_err(CopyError::Source)? {
        chunk.extend_from_slice(&row);
        if chunk.len() >= CHUNK {
            sink.send(&chunk[..]).await.map_err(CopyError::Target)?;
            bytes += chunk.len() as u64;
            told(bytes);
            // One that grew for a large row is not kept.
            chunk.clear();
            chunk.shrink_to(CHUNK);
        }
    }
    bytes += chunk.len() as u64;
    sink.send(&chunk[..]).await.map_err(CopyError::Target)?;
    let rows = sink.finish().await.map_err(CopyError::Target)?;
    told(bytes);
    Ok(Copied { rows, bytes })
}
