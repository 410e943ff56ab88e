//! Reading and writing the catalog's moves.

use sqlx::postgres::PgRow;
use tenant_core::{OrganizationStatus, PlacementName, TenantId};

use super::edit_error::CatalogEditError;
use super::editor::{CatalogEditor, constraint};
use super::move_record::{Followed, MoveId, MoveRecord, Notes, Stage, Wish};
use super::organization::OrganizationRecord;

const MOVE: &str = r#"id::text, organization_id::text, source, target, stage, wish, status_before, notes::text, failure,
    pg_catalog.to_char(begun_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS begun_at,
    pg_catalog.to_char(switched_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS switched_at,
    pg_catalog.to_char(ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ended_at"#;

/// The class of the locks that a mover holds in the metadata database, one for each move.
const MOVERS: &str = "pg_catalog.hashtextextended($1, 8389187293518844781)";

impl CatalogEditor {
    /// The moves, the newest first; only those of one organisation, only those that have not ended.
    ///
    /// # Errors
    /// [`CatalogEditError`].
    pub async fn moves(&mut self, of: Option<TenantId>, open: bool) -> Result<Vec<MoveRecord>, CatalogEditError> {
        let query = format!(
            "SELECT {MOVE} FROM tenancy_catalog.moves
             WHERE ($1::text IS NULL OR organization_id = $1::uuid) AND (NOT $2 OR ended_at IS NULL)
             ORDER BY moves.begun_at DESC, id"
        );
        let of = of.map(|id| id.to_string());
        let rows = self.rows(&query, |query| query.bind(of).bind(open)).await?;
        rows.iter().map(|row| self.move_of(row)).collect()
    }

    /// The organisation's move that has not ended, or `None`.
    ///
    /// # Errors
    /// [`CatalogEditError`].
    pub async fn open_move(&mut self, of: TenantId) -> Result<Option<MoveRecord>, CatalogEditError> {
        Ok(self.moves(Some(of), true).await?.pop())
    }

    /// Says what is wanted of a move, which its mover looks for.
    ///
    /// # Errors
    /// [`CatalogEditError`].
    pub async fn wish(&mut self, id: &MoveId, wish: Wish) -> Result<(), CatalogEditError> {
        let query = "UPDATE tenancy_catalog.moves SET wish = $2, updated_at = pg_catalog.now()
                     WHERE id = $1::uuid AND ended_at IS NULL";
        self.rows(query, |query| query.bind(id.0.clone()).bind(wish.as_str())).await.map(drop)
    }

    /// Records a move that is to be made. One that the organisation has already is left alone, and `None` is the answer.
    pub(crate) async fn begin_move(
        &mut self,
        organization: &OrganizationRecord,
        target: &PlacementName,
        follows: bool,
    ) -> Result<Option<MoveRecord>, CatalogEditError> {
        let query = format!(
            "INSERT INTO tenancy_catalog.moves (organization_id, source, target, stage, status_before, notes)
             VALUES ($1::uuid, $2, $3, $4, $5, $6::jsonb) RETURNING {MOVE}"
        );
        let stage = if follows { Stage::Following } else { Stage::Fencing };
        let notes = notes_text(&Notes { followed: follows.then(Followed::default), ..Notes::default() });
        let inserted = self.rows(&query, |query| {
            let query = query.bind(organization.id.to_string()).bind(organization.placement.as_str());
            query.bind(target.as_str()).bind(stage.as_str()).bind(organization.status.as_str()).bind(notes)
        });
        match inserted.await {
            Ok(rows) => rows.first().map(|row| self.move_of(row)).transpose(),
            Err(CatalogEditError::Database { source, .. }) if constraint(&source) == Some("moves_open_key") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Records how far a move is.
    pub(crate) async fn save_move(&mut self, record: &MoveRecord) -> Result<(), CatalogEditError> {
        let query = "UPDATE tenancy_catalog.moves SET stage = $2, notes = $3::jsonb, failure = $4, updated_at = pg_catalog.now(),
                       ended_at = CASE WHEN $2 = 'ended' THEN coalesce(ended_at, pg_catalog.now()) END
                     WHERE id = $1::uuid";
        let notes = notes_text(&record.notes);
        let saved = self.rows(query, |query| {
            let query = query.bind(record.id.0.clone()).bind(record.stage.as_str()).bind(notes);
            query.bind(record.failure.clone())
        });
        saved.await.map(drop)
    }

    /// What is wanted of a move now.
    pub(crate) async fn wish_of(&mut self, id: &MoveId) -> Result<Wish, CatalogEditError> {
        let query = "SELECT wish FROM tenancy_catalog.moves WHERE id = $1::uuid";
        let rows = self.rows(query, |query| query.bind(id.0.clone())).await?;
        let Some(row) = rows.first() else { return Ok(Wish::Abort) };
        let text: String = self.column(row, "wish")?;
        text.parse().map_err(|reason| CatalogEditError::Unreadable { what: format!("move {id}"), reason })
    }

    /// Takes the move for this session, until it ends: whether nobody else has it.
    pub(crate) async fn take_move(&mut self, id: &MoveId) -> Result<bool, CatalogEditError> {
        let query = format!("SELECT pg_catalog.pg_try_advisory_lock({MOVERS}) AS taken");
        let rows = self.rows(&query, |query| query.bind(id.to_string())).await?;
        rows.first().map_or(Ok(false), |row| self.column(row, "taken"))
    }

    /// Has programs wait with the organisation's statements, until [`Self::switch`].
    pub(crate) async fn set_moving(&mut self, id: TenantId) -> Result<(), CatalogEditError> {
        let query =
            "UPDATE tenancy_catalog.organizations SET status = 'moving' WHERE id = $1::uuid AND status <> 'moving'";
        self.rows(query, |query| query.bind(id.to_string())).await.map(drop)
    }

    /// Has the organisation live at `home` from now on, with its status of before, and records the move's next stage; both or
    /// neither. Whether it was so already makes no difference.
    pub(crate) async fn switch(&mut self, record: &MoveRecord, home: &PlacementName) -> Result<(), CatalogEditError> {
        let query = "WITH home AS (
               UPDATE tenancy_catalog.organizations SET placement = $2, status = $3 WHERE id = $4::uuid AND status = 'moving')
             UPDATE tenancy_catalog.moves SET stage = $5, notes = $6::jsonb, failure = NULL, wish = 'run',
               updated_at = pg_catalog.now(), switched_at = CASE WHEN target = $2 THEN coalesce(switched_at, pg_catalog.now()) ELSE switched_at END
             WHERE id = $1::uuid";
        let notes = notes_text(&record.notes);
        let switched = self.rows(query, |query| {
            let query = query.bind(record.id.0.clone()).bind(home.as_str()).bind(record.status_before.as_str());
            query.bind(record.organization.to_string()).bind(record.stage.as_str()).bind(notes)
        });
        switched.await.map(drop)
    }

    fn move_of(&self, row: &PgRow) -> Result<MoveRecord, CatalogEditError> {
        let text = |column| self.column::<String>(row, column);
        let id = MoveId(text("id")?);
        let unreadable = |reason: String| CatalogEditError::Unreadable { what: format!("move {id}"), reason };
        let status = |text: String| text.parse::<OrganizationStatus>().map_err(|error| unreadable(error.to_string()));
        let placement = |text: String| text.parse::<PlacementName>().map_err(|error| unreadable(error.to_string()));
        Ok(MoveRecord {
            organization: text("organization_id")?.parse().map_err(|error| unreadable(format!("{error}")))?,
            source: placement(text("source")?)?,
            target: placement(text("target")?)?,
            stage: text("stage")?.parse().map_err(unreadable)?,
            wish: text("wish")?.parse().map_err(unreadable)?,
            status_before: status(text("status_before")?)?,
            notes: serde_json::from_str(&text("notes")?).map_err(|error| unreadable(error.to_string()))?,
            failure: self.column(row, "failure")?,
            begun_at: text("begun_at")?,
            switched_at: self.column(row, "switched_at")?,
            ended_at: self.column(row, "ended_at")?,
            id,
        })
    }
}

fn notes_text(notes: &Notes) -> String {
    serde_json::to_string(notes).unwrap_or_else(|_| unreachable!("names and numbers are always JSON"))
}
