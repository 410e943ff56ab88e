//! The access log.

use super::breach::Breach;

/// Does something to each partition of the log that begins in so many months.
macro_rules! to_month {
    ($ahead:literal, $sql:literal) => {
        concat!(
            "DO $$ BEGIN EXECUTE format('",
            $sql,
            "', 'tenancy.access_log_' || to_char(now() AT TIME ZONE 'UTC' + interval '",
            $ahead,
            " months', 'YYYY_MM')); END $$"
        )
    };
}

pub(super) const BREACHES: &[Breach] = &[
    Breach::new("log-without-rls", "ALTER TABLE tenancy.access_log NO FORCE ROW LEVEL SECURITY"),
    Breach::new("log-without-rls", to_month!("0", "ALTER TABLE %s DISABLE ROW LEVEL SECURITY")),
    Breach::new("log-shows-others", "CREATE POLICY wide ON tenancy.access_log FOR SELECT TO tenancy_app USING (true)"),
    Breach::new(
        "log-shows-others",
        "ALTER POLICY tenant_reading ON tenancy.access_log USING (organization_id IS NOT NULL)",
    ),
    Breach::new("log-shows-others", "CREATE POLICY wide ON tenancy.access_log_values TO PUBLIC USING (true)"),
    Breach::new("log-shows-others", "DROP POLICY tenant_floor ON tenancy.access_log"),
    Breach::new("log-shows-others", to_month!("0", "CREATE POLICY wide ON %s TO tenancy_reporting USING (true)")),
    Breach::new("log-writable", "GRANT INSERT ON tenancy.access_log TO tenancy_app"),
    Breach::new("log-writable", "GRANT UPDATE (changes) ON tenancy.access_log_values TO tenancy_admin"),
    Breach::new("log-writable", "GRANT TRUNCATE, DELETE ON tenancy.access_log TO PUBLIC"),
    Breach::new("log-writable", to_month!("1", "GRANT SELECT ON %s TO tenancy_reporting")),
    Breach::new("log-changeable", "ALTER TABLE tenancy.access_log DISABLE TRIGGER keep_log_whole"),
    Breach::new("log-changeable", "DROP TRIGGER keep_log ON tenancy.access_log"),
    Breach::new("log-changeable", to_month!("0", "ALTER TABLE %s DISABLE TRIGGER keep_log")),
    Breach::new("log-month-missing", to_month!("0", "DROP TABLE %s")),
    Breach::new("log-ends-soon", to_month!("1", "DROP TABLE %s")),
];
