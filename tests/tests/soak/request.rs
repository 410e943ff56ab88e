//! What a tenant asks for.

use entities::molecule;
use futures_util::TryStreamExt;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, StreamTrait, TransactionSession, TransactionTrait,
};
use tenant_core::TenantId;
use uuid::Uuid;

use super::{Mismatch, Seal, Tally, Town};
use crate::support::Dice;

/// One request, of some shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    ById(Uuid),
    List,
    /// The rows up to this one.
    UpTo(Uuid),
    Stream,
    /// A stream that is dropped after so many rows.
    HalfStream(u64),
    InTransaction(Uuid),
    /// A row's name of this version is written and read back, both in one transaction.
    Write(Uuid, u64),
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Mismatch(#[from] Box<Mismatch>),
    #[error("{read} rows instead of {expected}")]
    Count { read: u64, expected: u64 },
    #[error("the row {0} was written in this transaction, and reads otherwise")]
    Unwritten(Uuid),
    #[error(transparent)]
    Database(#[from] DbErr),
}

impl Request {
    pub(crate) fn of(dice: &mut Dice, town: &Town) -> Self {
        let id = Town::id(dice.below(town.rows));
        match dice.below(100) {
            0..20 => Self::ById(id),
            20..45 => Self::List,
            45..60 => Self::UpTo(id),
            60..75 => Self::Stream,
            75..78 => Self::HalfStream(dice.below(town.rows)),
            78..90 => Self::InTransaction(id),
            _ => Self::Write(id, dice.next() >> 16),
        }
    }

    /// Runs it for a tenant, and checks every row as it comes.
    pub(crate) async fn run(
        self,
        db: &(impl ConnectionTrait + StreamTrait + TransactionTrait),
        tenant: TenantId,
        town: &Town,
        tally: &Tally,
    ) -> Result<(), Failure> {
        let check = Check { seal: town.seal, tenant, tally };
        let (read, expected) = match self {
            Self::ById(id) => (check.one(db, id).await?, 1),
            Self::List => (check.all(&molecule::Entity::find().all(db).await?)?, town.rows),
            Self::UpTo(id) => {
                let up_to = molecule::Entity::find().filter(molecule::Column::Id.lte(id));
                (check.all(&up_to.all(db).await?)?, (0..town.rows).filter(|row| Town::id(*row) <= id).count() as u64)
            }
            Self::Stream => (check.stream(db, u64::MAX).await?, town.rows),
            Self::HalfStream(most) => (check.stream(db, most).await?, most),
            Self::InTransaction(id) => {
                let transaction = db.begin().await?;
                let one = check.one(&transaction, id).await?;
                let all = check.all(&molecule::Entity::find().all(&transaction).await?)?;
                transaction.commit().await?;
                (one + all, 1 + town.rows)
            }
            Self::Write(id, version) => {
                let name = town.seal.name(tenant, id, version);
                let transaction = db.begin().await?;
                let update = molecule::Entity::update_many()
                    .col_expr(molecule::Column::Name, Expr::value(&name))
                    .filter(molecule::Column::Id.eq(id));
                let written = update.exec(&transaction).await?.rows_affected;
                let back = molecule::Entity::find_by_id(id).one(&transaction).await?;
                check.all(back.as_slice())?;
                if back.is_none_or(|row| row.name != name) {
                    return Err(Failure::Unwritten(id));
                }
                transaction.commit().await?;
                Tally::add(&tally.writes);
                (written, 1)
            }
        };
        if read == expected { Ok(()) } else { Err(Failure::Count { read, expected }) }
    }
}

/// Looks at every row that a tenant reads.
struct Check<'a> {
    seal: Seal,
    tenant: TenantId,
    tally: &'a Tally,
}

impl Check<'_> {
    async fn one(&self, db: &impl ConnectionTrait, id: Uuid) -> Result<u64, Failure> {
        let row = molecule::Entity::find_by_id(id).one(db).await?;
        let found = row.iter().filter(|row| row.id == id).count() as u64;
        self.all(row.as_slice())?;
        Ok(found)
    }

    async fn stream(&self, db: &(impl ConnectionTrait + StreamTrait), most: u64) -> Result<u64, Failure> {
        let mut rows = molecule::Entity::find().stream(db).await?;
        let mut read = 0;
        while read < most
            && let Some(row) = rows.try_next().await?
        {
            read += self.all(&[row])?;
        }
        Ok(read)
    }

    fn all(&self, rows: &[molecule::Model]) -> Result<u64, Failure> {
        for row in rows {
            self.seal.check(self.tenant, row)?;
            Tally::add(&self.tally.rows);
        }
        Ok(rows.len() as u64)
    }
}
