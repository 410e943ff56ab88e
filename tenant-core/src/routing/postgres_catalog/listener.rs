//! Changes as PostgreSQL tells them.

use async_trait::async_trait;
use sqlx::postgres::{PgListener, PgPool};

use super::{CHANNEL, EVERYTHING, PLACEMENTS};
use crate::{CatalogChange, CatalogError, CatalogListener};

/// A session that listens on the catalog's channel.
#[derive(Debug)]
pub(super) struct Listener {
    listener: PgListener,
    server: String,
}

impl Listener {
    pub(super) async fn new(pool: &PgPool, server: &str) -> Result<Self, sqlx::Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        // Lost connections are this module's affair: what was missed meanwhile has to be read.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(Self { listener, server: server.to_owned() })
    }
}

#[async_trait]
impl CatalogListener for Listener {
    async fn next(&mut self) -> Result<CatalogChange, CatalogError> {
        let told = match self.listener.try_recv().await {
            Ok(Some(told)) => told,
            Ok(None) => {
                let source = "the connection that listened was lost".into();
                return Err(CatalogError::Unreachable { server: self.server.clone(), source });
            }
            Err(source) => {
                return Err(CatalogError::Unreachable { server: self.server.clone(), source: Box::new(source) });
            }
        };
        Ok(match told.payload() {
            PLACEMENTS => CatalogChange::Placements,
            EVERYTHING => CatalogChange::Everything,
            // What a later release tells in words of its own is looked for everywhere.
            id => id.parse().map_or(CatalogChange::Everything, CatalogChange::Organization),
        })
    }
}
