//! Rows enough that a plan without an index would show.

use sea_orm::ConnectionTrait;

use super::execute;

/// Tenants beside the two of the world.
const TENANTS: u32 = 20;

/// Rows of each in each table.
const ROWS: u32 = 500;

/// Fills every scoped table of the sample for many tenants, and has it analysed and vacuumed.
pub(crate) async fn crowd(admin: &impl ConnectionTrait) {
    let organizations = format!(
        "INSERT INTO organizations (id, name)
         SELECT ('00000000-0000-4000-8000-' || lpad(t::text, 12, '0'))::uuid, 'crowd ' || t FROM generate_series(1, {TENANTS}) t"
    );
    execute(admin, &organizations).await;
    // Organisations without rows, so that their own table is worth an index too.
    execute(
        admin,
        "INSERT INTO organizations (id, name) SELECT gen_random_uuid(), 'quiet' FROM generate_series(1, 5000)",
    )
    .await;
    for insert in [
        "users (id, organization_id, email, name) SELECT r, o, n || '@example.org', 'user'",
        "memberships (id, organization_id, user_id, role) SELECT r, o, r, 'scientist'",
        "molecules (id, organization_id, external_ref, name, molecule_type, created_at)
         SELECT r, o, 'REF-' || n, 'molecule ' || n, 'Small molecule', '2026-01-01'::timestamptz + n * interval '1 hour'",
        "pipelines (id, organization_id, name, definition, created_by) SELECT r, o, 'pipeline ' || n, '{}', r",
        "docking_jobs (id, organization_id, molecule_id, pipeline_id, target_code, status, created_at)
         SELECT r, o, r, r, 'CDK2', (ARRAY['pending', 'running', 'succeeded', 'failed'])[CASE WHEN n % 20 < 3 THEN n % 20 + 1 ELSE 3 END],
                '2026-01-01'::timestamptz + n * interval '1 hour'",
        "job_results (id, organization_id, job_id, atoms, potential_energy, rms_derivative) SELECT r, o, r, n, -n, 0.1",
    ] {
        let rows = format!(
            "INSERT INTO {insert}
             FROM (SELECT id AS o, n, ('10000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid AS r
                   FROM organizations, generate_series(1, {ROWS}) n WHERE name LIKE 'crowd %') AS rows"
        );
        execute(admin, &rows).await;
    }
    for table in ["organizations", "users", "memberships", "molecules", "pipelines", "docking_jobs", "job_results"] {
        execute(admin, &format!("VACUUM ANALYZE {table}")).await;
    }
}
