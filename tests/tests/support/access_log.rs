//! The access log in states that take months to come about.

use sea_orm::DatabaseConnection;

use super::execute;

/// How many entries could not be written and were counted.
pub(crate) const LOST: &str = "SELECT last_value::text FROM tenancy.access_log_lost";

/// Drops the months from so many ahead on, as if nobody had deployed for long.
pub(crate) async fn months_gone(admin: &DatabaseConnection, ahead: u32) {
    let gone = format!(
        "DO $$ DECLARE part regclass; BEGIN
           FOR part IN SELECT inhrelid FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
             WHERE inhparent IN ('tenancy.access_log'::regclass, 'tenancy.access_log_values'::regclass)
               AND right(relname, 7) >= to_char(now() AT TIME ZONE 'UTC' + interval '{ahead} months', 'YYYY_MM')
           LOOP EXECUTE format('DROP TABLE %s', part); END LOOP;
         END $$"
    );
    execute(admin, &gone).await;
}

/// The log as it is before anything was written.
pub(crate) async fn empty_log(admin: &DatabaseConnection) {
    months_gone(admin, 0).await;
    execute(admin, "SET ROLE tenancy_owner; SELECT tenancy.prepare_months(3); RESET ROLE").await;
}

/// A month of long ago, with an entry.
pub(crate) async fn old_month(admin: &DatabaseConnection, year: u32) {
    let made = ["access_log", "access_log_values"].map(|table| {
        format!(
            "CREATE TABLE tenancy.{table}_{year}_01 PARTITION OF tenancy.{table}
               FOR VALUES FROM ('{year}-01-01 00:00:00+00') TO ('{year}-02-01 00:00:00+00');
             ALTER TABLE tenancy.{table}_{year}_01 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        )
    });
    execute(admin, &format!("SET ROLE tenancy_owner; {} RESET ROLE", made.concat())).await;
    old_entry(admin, &format!("{year}-01-02 03:04:05+00"), "read").await;
}

/// An entry of that time about no organisation.
pub(crate) async fn old_entry(admin: &DatabaseConnection, at: &str, kind: &str) {
    let entry = format!(
        "SELECT tenancy.write_entry('{at}', NULL, NULL, NULL, NULL, '{kind}', '{{}}', NULL, NULL, NULL, NULL, NULL)"
    );
    execute(admin, &entry).await;
}
