//! Two organisations and a plain connection, before the attempts begin.

use entities::{docking_job, molecule};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, EntityTrait, QueryOrder,
    Statement, Value,
};
use uuid::Uuid;

use crate::SampleOrganization;

/// Who tries to reach whom.
#[derive(Debug)]
pub struct Scene {
    /// The organisation that tries.
    pub(super) attacker: SampleOrganization,
    /// The organisation that is to be reached.
    pub(super) victim: SampleOrganization,
    /// A molecule of the victim's.
    pub(super) prey: molecule::Model,
    /// A molecule of the attacker's own.
    pub(super) own: molecule::Model,
    /// A plain SeaORM connection of the application's role, which no filter touches.
    pub(super) plain: DatabaseConnection,
}

impl Scene {
    /// Sets the scene; each organisation gets a molecule of its own.
    ///
    /// # Errors
    /// The database's error.
    pub async fn set(
        attacker: SampleOrganization,
        victim: SampleOrganization,
        application_url: &str,
    ) -> Result<Self, DbErr> {
        let own = add_molecule(&attacker, "own").await?;
        let prey = add_molecule(&victim, "prey").await?;
        let mut options = sea_orm::ConnectOptions::new(application_url);
        options.max_connections(1).sqlx_logging(false);
        let plain = Database::connect(options).await?;
        Ok(Self { attacker, victim, prey, own, plain })
    }

    /// Every molecule and job of the victim's, as the victim sees them.
    pub(super) async fn victims_rows(&self) -> Result<(Vec<molecule::Model>, Vec<docking_job::Model>), DbErr> {
        let molecules = molecule::Entity::find().order_by_asc(molecule::Column::Id).all(&self.victim.db).await?;
        let jobs = docking_job::Entity::find().order_by_asc(docking_job::Column::Id).all(&self.victim.db).await?;
        Ok((molecules, jobs))
    }

    /// Runs raw SQL through the attacker's connection and counts the rows that are the victim's.
    pub(super) async fn raw_count(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<u64, DbErr> {
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        let rows = self.attacker.db.query_all_raw(statement).await?;
        let mut count = 0;
        for row in rows {
            count += u64::from(row.try_get_by_index::<Uuid>(0)? != self.attacker.id.as_uuid());
        }
        Ok(count)
    }
}

async fn add_molecule(organization: &SampleOrganization, name: &str) -> Result<molecule::Model, DbErr> {
    molecule::ActiveModel {
        id: Set(Uuid::now_v7()),
        external_ref: Set(format!("SCENE-{name}")),
        name: Set(name.to_owned()),
        molecule_type: Set("Small molecule".to_owned()),
        ..Default::default()
    }
    .insert(&organization.db)
    .await
}
