//! What was promised to each tenant.

use std::collections::BTreeSet;

use entities::molecule;
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::{Fault, TENANTS, tenant};

/// Rows each tenant has before anything is tried: different numbers, so that one's answer is never right for another.
const ROWS: [u128; TENANTS] = [3, 5, 8];

/// Long enough that a tenant's rows don't arrive at once.
const LONG_NAME: usize = 3_000;

/// Where the ids of rows that are written later begin.
const WRITTEN: u128 = 1_000;

/// The rows that each tenant must have, and those it may have.
#[derive(Debug)]
pub(crate) struct Books {
    tenants: [Book; TENANTS],
    next: u128,
}

#[derive(Debug, Default)]
struct Book {
    kept: BTreeSet<Uuid>,
    perhaps: BTreeSet<Uuid>,
}

/// What a write's future said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// It is there.
    Kept,
    /// It was cut: it is there, or will be, or not.
    Perhaps,
}

impl Books {
    /// The rows that every tenant has from the beginning.
    pub(crate) fn opened() -> Self {
        let tenants =
            ROWS.map(|rows| Book { kept: (1..=rows).map(Uuid::from_u128).collect(), perhaps: BTreeSet::new() });
        Self { tenants, next: WRITTEN }
    }

    /// The rows of the beginning, to be written.
    pub(crate) fn first_rows(number: usize) -> impl Iterator<Item = molecule::ActiveModel> {
        (1..=ROWS[number]).map(move |id| Self::row(number, Uuid::from_u128(id), LONG_NAME))
    }

    /// A row that no tenant has yet.
    pub(crate) fn new_row(&mut self, number: usize) -> (Uuid, molecule::ActiveModel) {
        self.next += 1;
        let id = Uuid::from_u128(self.next);
        (id, Self::row(number, id, 1))
    }

    fn row(number: usize, id: Uuid, length: usize) -> molecule::ActiveModel {
        molecule::ActiveModel {
            id: Set(id),
            organization_id: Set(tenant(number)),
            // Names its tenant in a way that no policy and no rewriting touches.
            external_ref: Set(format!("{}/{id}", tenant(number))),
            name: Set("n".repeat(length)),
            molecule_type: Set("Small molecule".to_owned()),
            ..Default::default()
        }
    }

    pub(crate) fn promise(&mut self, number: usize, id: Uuid, promise: Promise) {
        let book = &mut self.tenants[number];
        match promise {
            Promise::Kept => book.kept.insert(id),
            Promise::Perhaps => book.perhaps.insert(id),
        };
    }

    /// Takes a promise back that held for a transaction only.
    pub(crate) fn withdraw(&mut self, number: usize, id: Uuid) {
        let book = &mut self.tenants[number];
        book.kept.remove(&id);
        book.perhaps.remove(&id);
    }

    /// Whether these are rows of the tenant.
    pub(crate) fn check_some(&mut self, number: usize, rows: &[molecule::Model]) -> Result<(), Fault> {
        let owner = tenant(number).to_string();
        let mut seen = BTreeSet::new();
        for row in rows {
            let of = row.external_ref.split('/').next().unwrap_or_default();
            if row.organization_id != tenant(number) || of != owner {
                return Err(Fault::WrongTenant { of: of.to_owned(), by: number });
            }
            if !seen.insert(row.id) {
                return Err(Fault::Twice { tenant: number, id: row.id });
            }
            let book = &mut self.tenants[number];
            // Seen once, it stays.
            if book.perhaps.remove(&row.id) {
                book.kept.insert(row.id);
            } else if !book.kept.contains(&row.id) {
                return Err(Fault::Unexpected { tenant: number, id: row.id });
            }
        }
        Ok(())
    }

    /// Whether these are all rows of the tenant, and only these.
    pub(crate) fn check_all(&mut self, number: usize, rows: &[molecule::Model]) -> Result<(), Fault> {
        self.check_some(number, rows)?;
        let read: BTreeSet<Uuid> = rows.iter().map(|row| row.id).collect();
        let missing: Vec<Uuid> = self.tenants[number].kept.difference(&read).copied().collect();
        if missing.is_empty() { Ok(()) } else { Err(Fault::Missing { tenant: number, missing }) }
    }

    /// Forgets what was written since the beginning, when it is deleted; no id is used twice.
    pub(crate) fn forget_written(&mut self) {
        let next = self.next;
        *self = Self { next, ..Self::opened() };
    }

    /// The condition of the rows that were written since the beginning.
    pub(crate) fn written() -> String {
        format!("id > '{}'", Uuid::from_u128(WRITTEN))
    }
}
