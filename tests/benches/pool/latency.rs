//! One statement at a time.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement, TransactionTrait};
use tenant_core::session::TENANT_VARIABLE;
use tenant_core::{BindingMode, TenantConnection, TenantContext, TenantId};

use crate::bare::Bare;
use crate::comparison::{Comparison, Target};
use crate::server::{MANY_ROWS, Server, tenant};
use crate::statements::Kind;
use crate::{DELAYS, Failure, is_network, milliseconds};

/// Enough for the server to settle on a plan, too.
const WARM_UP: u128 = 20;

const TENANT: TenantId = tenant(1);

#[derive(Clone, Copy)]
enum Way {
    Tuned,
    Again,
    Defaults,
    Textbook,
    Bound,
    Switch,
    Transaction,
    Unprepared,
    BareWalled,
    Bare,
}

const WAYS: [(Way, &str); 10] = [
    (Way::Tuned, "SeaORM, test_before_acquire(false), filter by hand, no policies"),
    (Way::Again, "the same again"),
    (Way::Defaults, "SeaORM with its defaults, filter by hand, no policies"),
    (Way::Textbook, "textbook: begin, set_config, statement, commit; filter by hand, policies"),
    (Way::Bound, "tenant's connection, bound: both walls"),
    (Way::Switch, "tenant's connection, bound to another tenant: both walls"),
    (Way::Transaction, "tenant's connection, transaction mode, prepared: both walls"),
    (Way::Unprepared, "tenant's connection, transaction mode, not prepared: both walls"),
    (Way::BareWalled, "sqlx alone on a bound connection, no pool: both walls"),
    (Way::Bare, "sqlx alone, no pool, filter by hand, no policies"),
];

struct Ways {
    tuned: DatabaseConnection,
    again: DatabaseConnection,
    defaults: DatabaseConnection,
    application: DatabaseConnection,
    bound: TenantConnection,
    /// Two tenants on a pool of one connection, by turns.
    switch: [TenantConnection; 2],
    turn: usize,
    transaction: TenantConnection,
    unprepared: TenantConnection,
    bare_walled: Bare,
    bare: Bare,
}

impl Ways {
    async fn open(server: &Server) -> Result<Self, Failure> {
        let context = || TenantContext::new(TENANT);
        let one = || server.tenants().max_connections(1);
        let pooled = || one().binding_mode(BindingMode::Transaction);
        let shared = one().build().await?;
        Ok(Self {
            tuned: Database::connect(server.tuned()).await?,
            again: Database::connect(server.tuned()).await?,
            defaults: Database::connect(server.raw()).await?,
            application: server.application().await?,
            bound: one().build().await?.connect(context()),
            switch: [shared.connect(context()), shared.connect(TenantContext::new(tenant(2)))],
            turn: 0,
            transaction: pooled().prepared_statements(true).build().await?.connect(context()),
            unprepared: pooled().build().await?.connect(context()),
            bare_walled: Bare::behind_both_walls(server, TENANT).await?,
            bare: Bare::behind_none(server, TENANT).await?,
        })
    }

    async fn run(&mut self, way: Way, kind: Kind, id: u128) -> Result<(), Failure> {
        let by_hand = Some(TENANT);
        match way {
            Way::Tuned => kind.run(&self.tuned, by_hand, id).await?,
            Way::Again => kind.run(&self.again, by_hand, id).await?,
            Way::Defaults => kind.run(&self.defaults, by_hand, id).await?,
            Way::Textbook => self.textbook(kind, id).await?,
            Way::Bound => kind.run(&self.bound, None, id).await?,
            Way::Switch => {
                self.turn = 1 - self.turn;
                kind.run(&self.switch[self.turn], None, id).await?;
            }
            Way::Transaction => kind.run(&self.transaction, None, id).await?,
            Way::Unprepared => kind.run(&self.unprepared, None, id).await?,
            Way::BareWalled => self.bare_walled.run(kind, id).await?,
            Way::Bare => self.bare.run(kind, id).await?,
        }
        Ok(())
    }

    async fn textbook(&self, kind: Kind, id: u128) -> Result<(), DbErr> {
        let transaction = self.application.begin().await?;
        let values = [TENANT_VARIABLE.into(), TENANT.to_string().into()];
        let bind = Statement::from_sql_and_values(DbBackend::Postgres, "SELECT set_config($1, $2, true)", values);
        transaction.execute_raw(bind).await?;
        kind.run(&transaction, Some(TENANT), id).await?;
        transaction.commit().await
    }
}

pub(crate) async fn measure(server: &Server, rounds: usize) -> Result<(), Failure> {
    let mut ways = Ways::open(server).await?;
    for kind in [Kind::Read, Kind::Write] {
        for (way, _) in WAYS {
            for id in 1..=WARM_UP {
                ways.run(way, kind, id).await?;
            }
        }
        for delay in DELAYS {
            server.proxy.delay(delay);
            compare(server, &mut ways, kind, delay, rounds).await?;
        }
        server.proxy.delay(Duration::ZERO);
    }
    Ok(())
}

async fn compare(server: &Server, ways: &mut Ways, kind: Kind, delay: Duration, rounds: usize) -> Result<(), Failure> {
    let target = |way: Way| match (way, kind) {
        _ if !is_network(delay) => None,
        (Way::Bound, Kind::Read) => Some(Target::Slower(1.05)),
        (Way::Bound, _) => Some(Target::Slower(1.10)),
        (Way::Switch, _) => Some(Target::Slower(2.10)),
        _ => None,
    };
    let mut comparison = Comparison::new(WAYS.map(|(way, name)| (name, target(way))));
    let mut round_trips = [(0, 0); WAYS.len()];
    let mut order: [usize; WAYS.len()] = std::array::from_fn(|arm| arm);
    for round in 0..rounds {
        fastrand::shuffle(&mut order);
        let id = round as u128 * 37 % MANY_ROWS + 1;
        for arm in order {
            let (before, start) = (server.proxy.round_trips(), Instant::now());
            ways.run(WAYS[arm].0, kind, id).await?;
            comparison.add(arm, start.elapsed());
            let waited = server.proxy.round_trips();
            server.settle(delay).await;
            round_trips[arm].0 += waited - before;
            round_trips[arm].1 += server.proxy.round_trips() - before;
        }
    }
    for (arm, (waited, all)) in round_trips.into_iter().enumerate() {
        let each = |count: u64| count as f64 / rounds as f64;
        comparison.note(arm, format!("{:>6.1}  {:>6.1}", each(waited), each(all)));
    }
    let title = format!("{}, {} ms a round trip", kind.name(), milliseconds(delay));
    comparison.print(&title, "waited  in all round trips");
    Ok(())
}
