//! The program that has always worked on the shop's tables, and knows no tenants.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::DatabaseConnection;
use tokio::task::JoinHandle;

use super::OldShop;
use crate::support::connect_as;

/// What it does, over and over; `$n` is the number of the round. Orders move within a company alone.
const ROUND: [&str; 11] = [
    "INSERT INTO customers (company_id, email)
        SELECT id, 'new $n' FROM companies ORDER BY random() LIMIT 1 ON CONFLICT (email) DO NOTHING",
    "INSERT INTO orders (customer_id, number) SELECT id, 'new $n' FROM customers ORDER BY random() LIMIT 1
        ON CONFLICT (id) DO NOTHING",
    "CREATE TEMPORARY TABLE IF NOT EXISTS aside (id int)",
    "SELECT pg_advisory_lock(1), pg_advisory_unlock(1)",
    "SELECT currval('orders_id_seq')",
    "INSERT INTO order_lines (order_id, text) SELECT id, 'new $n' FROM orders ORDER BY random() LIMIT 3",
    "UPDATE order_lines SET text = text || '.' WHERE id IN (SELECT id FROM order_lines ORDER BY random() LIMIT 5)",
    "UPDATE orders SET customer_id = (SELECT other.id FROM customers other JOIN customers own ON own.company_id = other.company_id
        WHERE own.id = orders.customer_id ORDER BY random() LIMIT 1)
        WHERE id = (SELECT id FROM orders ORDER BY random() LIMIT 1)",
    "DELETE FROM orders WHERE id = (SELECT id FROM orders ORDER BY random() LIMIT 1)",
    "DELETE FROM customers WHERE id = (SELECT id FROM customers WHERE email LIKE 'new %' ORDER BY random() LIMIT 1)",
    "SELECT o.*, count(*) FROM orders o JOIN order_lines l ON l.order_id = o.id GROUP BY o.id LIMIT 5",
];

pub(crate) struct OldProgram {
    stop: Arc<AtomicBool>,
    working: JoinHandle<(u64, Vec<String>)>,
}

impl OldProgram {
    pub(crate) async fn start(shop: &OldShop) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let db = connect_as(&shop.old_role, &shop.database).await;
        let working = tokio::spawn(work(db, Arc::clone(&stop)));
        Self { stop, working }
    }

    /// Ends it; how many rounds it did, and what failed.
    pub(crate) async fn stop(self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.working.await.expect("it doesn't panic")
    }
}

async fn work(db: DatabaseConnection, stop: Arc<AtomicBool>) -> (u64, Vec<String>) {
    let (mut rounds, mut failed) = (0, Vec::new());
    let pool = db.get_postgres_connection_pool().clone();
    // One session, for its `currval`.
    let mut session = pool.acquire().await.expect("a connection");
    while !stop.load(Ordering::Relaxed) {
        rounds += 1;
        for statement in ROUND {
            let statement = statement.replace("$n", &rounds.to_string());
            if let Err(error) = sqlx::raw_sql(sqlx::AssertSqlSafe(statement.clone())).execute(&mut *session).await {
                failed.push(format!("{statement}: {error}"));
            }
        }
    }
    (rounds, failed)
}
