//! A move, stage by stage.

use std::sync::Arc;
use std::time::Instant;

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tenant_core::{OrganizationStatus, TenantId};

use super::error::MoveError;
use super::event::{MoveEvent, MoveObserver};
use super::request::{MoveRequest, Pace};
use super::{cleaning, comparison, copying, fencing, followable, following, preflight, verified};
use crate::catalog::{CatalogEditor, DeployUrls, MoveRecord, OrganizationRecord, Outcome, Stage, TenantName, Wish};
use crate::holdings::Holdings;
use crate::migrator::TenantMigrator;
use crate::replication::apply::Follower;
use crate::site::Site;

/// An organisation that is being moved, and who moves it.
#[derive(Debug)]
#[must_use = "nothing is done before `run` is called"]
pub struct Mover {
    pub(super) catalog: CatalogEditor,
    pub(super) source: Site,
    pub(super) target: Site,
    pub(super) record: MoveRecord,
    pub(super) pace: Pace,
    pub(super) observer: Arc<dyn MoveObserver>,
    /// Since when the organisation's statements wait, if this run made them.
    pub(super) paused: Option<Instant>,
    /// Whether this run has found all rows alike but for those that its follower noted since.
    pub(super) is_verified: bool,
}

/// Where a run came to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Somebody wanted a pause.
    Paused,
    /// The move has ended.
    Ended(Outcome),
}

/// The sessions of a run, and what they work on.
pub(super) struct Work {
    pub(super) source: PgConnection,
    pub(super) target: PgConnection,
    pub(super) holdings: Holdings,
    pub(super) there: Holdings,
    /// Who follows what the organisation writes, where somebody does.
    pub(super) follower: Option<Follower>,
}

/// Tells `tracing`, for who watches nothing else.
#[derive(Debug)]
struct Lines;

impl MoveObserver for Lines {
    fn notice(&self, event: &MoveEvent) {
        tracing::info!(?event, "a move goes on");
    }
}

impl Mover {
    /// Looks at both placements and records the move, or finds the one that was begun to the same placement. No row is touched.
    ///
    /// # Errors
    /// [`MoveError`] says what is in the way.
    pub async fn begin(
        migrator: &TenantMigrator,
        mut catalog: CatalogEditor,
        urls: &DeployUrls,
        request: &MoveRequest,
    ) -> Result<Self, MoveError> {
        let organization = catalog.organization(&request.tenant).await?;
        if let Some(record) = catalog.open_move(organization.id).await? {
            if record.target != request.target {
                return Err(MoveError::OtherMove { tenant: organization.id, target: record.target });
            }
            return Self::of(migrator, catalog, urls, record).await;
        }
        preflight::organization(&mut catalog, &organization, &request.target).await?;
        let source = Site::find(migrator, &mut catalog, urls, &organization.placement).await?;
        let target = Site::find(migrator, &mut catalog, urls, &request.target).await?;
        let holdings = preflight::sides(&source, &target, organization.id).await?;
        let follows = followable::look(&source, &holdings, request.method).await?;
        let Some(record) = catalog.begin_move(&organization, &request.target, follows).await? else {
            // Somebody else was faster.
            return Err(MoveError::OtherMove { tenant: organization.id, target: request.target.clone() });
        };
        Ok(Self::new(catalog, source, target, record))
    }

    fn new(catalog: CatalogEditor, source: Site, target: Site, record: MoveRecord) -> Self {
        let (pace, observer) = (Pace::default(), Arc::new(Lines));
        Self { catalog, source, target, record, pace, observer, paused: None, is_verified: false }
    }

    /// The organisation's move that was begun and has not ended.
    ///
    /// # Errors
    /// [`MoveError::NoMove`] and others.
    pub async fn resume(
        migrator: &TenantMigrator,
        mut catalog: CatalogEditor,
        urls: &DeployUrls,
        tenant: &TenantName,
    ) -> Result<Self, MoveError> {
        let tenant = catalog.organization(tenant).await?.id;
        let record = catalog.open_move(tenant).await?.ok_or(MoveError::NoMove { tenant })?;
        Self::of(migrator, catalog, urls, record).await
    }

    async fn of(
        migrator: &TenantMigrator,
        mut catalog: CatalogEditor,
        urls: &DeployUrls,
        record: MoveRecord,
    ) -> Result<Self, MoveError> {
        let source = Site::find(migrator, &mut catalog, urls, &record.source).await?;
        let target = Site::find(migrator, &mut catalog, urls, &record.target).await?;
        Ok(Self::new(catalog, source, target, record))
    }

    /// How it goes about it.
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Who is told how it goes on.
    pub fn observer(mut self, observer: Arc<dyn MoveObserver>) -> Self {
        self.observer = observer;
        self
    }

    /// The move, as it is recorded.
    #[must_use]
    pub const fn record(&self) -> &MoveRecord {
        &self.record
    }

    /// Says what is wanted of the move. A process that runs it looks for that; where none does, [`Self::run`] does it.
    ///
    /// # Errors
    /// [`MoveError::TooLate`] where the move is past that, and others.
    pub async fn wish(&mut self, wish: Wish) -> Result<(), MoveError> {
        if wish == Wish::Abort && !self.is_before_the_switch() {
            let (tenant, stage, home) = (self.record.organization, self.record.stage, self.record.source.clone());
            return Err(MoveError::TooLate { tenant, stage, home });
        }
        self.catalog.wish(&self.record.id, wish).await?;
        self.record.wish = wish;
        Ok(())
    }

    /// Goes on with the move until it has ended or somebody wants a pause. After an error it can be called again, as can a
    /// later run.
    ///
    /// # Errors
    /// [`MoveError`] says what is in the way; it is recorded with the move.
    pub async fn run(&mut self) -> Result<Rest, MoveError> {
        if !self.catalog.take_move(&self.record.id).await? {
            return Err(MoveError::Taken { id: self.record.id.clone() });
        }
        // What was known of it may be of before somebody else ran it.
        if let Some(record) = self.catalog.open_move(self.record.organization).await? {
            self.record = record;
        }
        let ended = self.stages().await;
        if let Err(failure) = &ended {
            self.record.failure = Some(failure.to_string());
            // The failure itself says more than that it could not be written down.
            drop(self.catalog.save_move(&self.record).await);
        }
        ended
    }

    async fn stages(&mut self) -> Result<Rest, MoveError> {
        let mut work = self.work().await?;
        let rest = self.stages_with(&mut work).await;
        let Work { source, target, .. } = work;
        drop(source.close().await);
        drop(target.close().await);
        rest
    }

    async fn work(&self) -> Result<Work, MoveError> {
        let (mut source, mut target) = (self.source.open().await?, self.target.open().await?);
        let holdings = self.source.holdings(&mut source).await?;
        let there = self.target.holdings(&mut target).await?;
        Ok(Work { source, target, holdings, there, follower: None })
    }

    async fn stages_with(&mut self, work: &mut Work) -> Result<Rest, MoveError> {
        loop {
            if let Some(outcome) = self.record.notes.outcome
                && self.record.stage == Stage::Ended
            {
                self.notice(MoveEvent::Ended { outcome });
                return Ok(Rest::Ended(outcome));
            }
            match self.catalog.wish_of(&self.record.id).await? {
                Wish::Pause => return Ok(Rest::Paused),
                Wish::Abort if self.is_before_the_switch() => self.give_up(work).await?,
                _ => {}
            }
            self.notice(MoveEvent::Stage { stage: self.record.stage });
            match self.record.stage {
                Stage::Following => {
                    if following::all(self, work).await? {
                        self.reach(Stage::Fencing).await?;
                    }
                }
                Stage::Fencing => {
                    self.go_on_following(work).await?;
                    fencing::keep_out(self, work).await?;
                    self.reach(Stage::Copying).await?;
                }
                Stage::Copying => {
                    self.go_on_following(work).await?;
                    if work.follower.is_some() {
                        following::now(self, work).await?;
                        copying::numbers(self, work).await?;
                    } else {
                        copying::all(self, work).await?;
                    }
                    self.reach(Stage::Comparing).await?;
                }
                Stage::Comparing => {
                    match verified::end(self, work).await? {
                        Some(rows) => self.notice(MoveEvent::ComparedChanged { rows }),
                        None => comparison::all(self, work).await?,
                    }
                    self.switch().await?;
                }
                Stage::Cleaning => {
                    if self.record.notes.followed.is_some() {
                        following::forget(self, work).await?;
                    }
                    cleaning::left_home(self, work).await?;
                    self.reach(Stage::Ended).await?;
                }
                // Its outcome is not known, which nobody but a hand in the catalog can bring about.
                Stage::Ended => {
                    let tenant = self.record.organization;
                    return Err(MoveError::NoMove { tenant });
                }
            }
        }
    }

    /// Goes on with what an earlier run followed, if nothing of it was lost. All is copied anew where not, while the organisation waits.
    async fn go_on_following(&self, work: &mut Work) -> Result<(), MoveError> {
        if work.follower.is_none() {
            work.follower = following::goes_on(self, work).await?;
        }
        Ok(())
    }

    const fn is_before_the_switch(&self) -> bool {
        matches!(self.record.stage, Stage::Following | Stage::Fencing | Stage::Copying | Stage::Comparing)
    }

    pub(super) fn notice(&self, event: MoveEvent) {
        self.observer.notice(&event);
    }

    async fn reach(&mut self, stage: Stage) -> Result<(), MoveError> {
        self.record.stage = stage;
        self.record.failure = None;
        Ok(self.catalog.save_move(&self.record).await?)
    }

    /// Has the organisation live at the target.
    async fn switch(&mut self) -> Result<(), MoveError> {
        self.record.stage = Stage::Cleaning;
        self.record.notes.outcome = Some(Outcome::Moved);
        self.record.notes.pause_ms = self.paused.and_then(|since| u64::try_from(since.elapsed().as_millis()).ok());
        let home = self.record.target.clone();
        self.catalog.switch(&self.record, &home).await?;
        self.organization_at(&home).await?;
        self.notice(MoveEvent::Switched { pause_ms: self.record.notes.pause_ms });
        Ok(())
    }

    /// Has it live at the source as before, where it is open again; what came to the target goes.
    async fn give_up(&mut self, work: &mut Work) -> Result<(), MoveError> {
        fencing::let_in(self, work).await?;
        self.record.stage = Stage::Cleaning;
        self.record.notes.outcome = Some(Outcome::Aborted);
        let home = self.record.source.clone();
        self.catalog.switch(&self.record, &home).await?;
        self.organization_at(&home).await.map(drop)
    }

    /// The organisation, which must live there: nothing is removed from a home on the word of a move alone.
    pub(super) async fn organization_at(
        &mut self,
        home: &tenant_core::PlacementName,
    ) -> Result<OrganizationRecord, MoveError> {
        let tenant: TenantId = self.record.organization;
        let found = self.catalog.organization(&TenantName::Id(tenant)).await?;
        if found.placement == *home && found.status != OrganizationStatus::Moving {
            return Ok(found);
        }
        let OrganizationRecord { status, placement, .. } = found;
        Err(MoveError::NotSwitched { tenant, status, placement, expected: home.clone() })
    }
}
