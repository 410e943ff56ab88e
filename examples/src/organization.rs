//! An organisation of the sample, with a first user.

use entities::{membership, organization, user};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, DbErr, TransactionSession, TransactionTrait};
use tenant_core::{TenantConnection, TenantContext, TenantDatabase, TenantId, UserId};
use uuid::Uuid;

/// An organisation that exists in the database, and a connection that works for it.
#[derive(Clone, Debug)]
pub struct SampleOrganization {
    /// The name people know it by.
    pub name: String,
    /// The tenant.
    pub id: TenantId,
    /// The first user.
    pub user: UserId,
    /// A connection for this organisation on behalf of that user.
    pub db: TenantConnection,
}

impl SampleOrganization {
    /// Creates an organisation with an owner in a database.
    ///
    /// # Errors
    /// The database's error; then nothing was created.
    pub async fn create(database: &TenantDatabase, name: &str) -> Result<Self, DbErr> {
        let (id, user) = (TenantId::new(Uuid::now_v7()), UserId::new(Uuid::now_v7()));
        Self::fill(database.connect(TenantContext::new(id).user(user)), user, name).await
    }

    /// Gives the organisation of a connection its first rows, and an owner. All are its own: they are made through its own
    /// connection.
    ///
    /// # Errors
    /// The database's error; then nothing was created.
    pub async fn fill(db: TenantConnection, user: UserId, name: &str) -> Result<Self, DbErr> {
        let id = db.context().tenant();
        let transaction = db.begin().await?;
        organization::ActiveModel { id: Set(id), name: Set(name.to_owned()), ..Default::default() }
            .insert(&transaction)
            .await?;
        user::ActiveModel {
            id: Set(user.as_uuid()),
            email: Set(format!("chief@{}.example", name.to_lowercase().replace(' ', "-"))),
            name: Set("Chief scientist".to_owned()),
            ..Default::default()
        }
        .insert(&transaction)
        .await?;
        membership::ActiveModel {
            id: Set(Uuid::now_v7()),
            user_id: Set(user.as_uuid()),
            role: Set(membership::Role::Owner),
            ..Default::default()
        }
        .insert(&transaction)
        .await?;
        transaction.commit().await?;
        Ok(Self { name: name.to_owned(), id, user, db })
    }
}
