//! What the server's session says of itself while a tenant's statement runs.

use entities::molecule;
use sea_orm::{ConnectionTrait, EntityTrait};

use super::{World, execute};

/// Has every molecule's name read as what this expression says.
pub(crate) async fn names_tell(world: &World, expression: &str) {
    execute(&world.admin, "ALTER TABLE molecules RENAME TO kept").await;
    let view = format!(
        "CREATE VIEW molecules AS SELECT id, organization_id, external_ref, {expression} AS name, molecule_type, \
         first_approval, smiles, created_at FROM kept"
    );
    execute(&world.admin, &view).await;
    execute(&world.admin, "GRANT SELECT ON molecules TO tenancy_app").await;
}

/// What it says for a read.
pub(crate) async fn what_is_told(db: &impl ConnectionTrait) -> String {
    molecule::Entity::find().one(db).await.expect("an answer").expect("a row").name
}
