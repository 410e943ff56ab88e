//! The schema's rules, as queries over PostgreSQL's catalog that name the offender. A new table is covered without
//! being listed: what counts as scoped is every table that has the tenant column.

use sea_orm::DatabaseConnection;

use super::texts;

/// Tables of tenants: those with a column `organization_id`, and `organizations` itself.
const SCOPED: &str = "
    scoped AS (
        SELECT c.oid, c.oid::regclass::text AS name, c.relrowsecurity, c.relforcerowsecurity, k.attname AS key, k.attnum
        FROM pg_class c JOIN pg_attribute k ON k.attrelid = c.oid AND NOT k.attisdropped
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
          AND (k.attname = 'organization_id' OR c.relname = 'organizations' AND k.attname = 'id'))";

/// What must be true of the schema, and the query that names what breaks it.
pub(crate) const CATALOG_RULES: [(&str, &str); 11] = [
    ("row-level security is enabled and forced", "
        SELECT name FROM scoped WHERE NOT (relrowsecurity AND relforcerowsecurity)"),
    ("the application is held by a restrictive policy on the tenant column", "
        SELECT name FROM scoped s WHERE NOT EXISTS (
            SELECT FROM pg_policy p WHERE p.polrelid = s.oid AND NOT p.polpermissive AND p.polcmd = '*'
              AND 'tenancy_app'::regrole = ANY (p.polroles)
              AND pg_get_expr(p.polqual, p.polrelid) = format('(%s = ( SELECT tenancy.current_tenant() AS current_tenant))', s.key)
              AND pg_get_expr(p.polwithcheck, p.polrelid) = pg_get_expr(p.polqual, p.polrelid))"),
    ("a permissive policy shows the application its own rows, on the same condition", "
        SELECT name FROM scoped s WHERE NOT EXISTS (
            SELECT FROM pg_policy p WHERE p.polrelid = s.oid AND p.polpermissive AND p.polcmd = '*'
              AND 'tenancy_app'::regrole = ANY (p.polroles)
              AND pg_get_expr(p.polqual, p.polrelid) = format('(%s = ( SELECT tenancy.current_tenant() AS current_tenant))', s.key)
              AND pg_get_expr(p.polwithcheck, p.polrelid) = pg_get_expr(p.polqual, p.polrelid))"),
    ("no permissive policy for the application has another condition", "
        SELECT name || ' ' || p.polname FROM scoped s JOIN pg_policy p ON p.polrelid = s.oid
        WHERE p.polpermissive AND (0 = ANY (p.polroles) OR 'tenancy_app'::regrole = ANY (p.polroles))
          AND pg_get_expr(p.polqual, p.polrelid) <> format('(%s = ( SELECT tenancy.current_tenant() AS current_tenant))', s.key)"),
    ("the tenant column is a uuid and never NULL", "
        SELECT name FROM scoped s JOIN pg_attribute a ON a.attrelid = s.oid AND a.attnum = s.attnum
        WHERE NOT a.attnotnull OR a.atttypid <> 'uuid'::regtype"),
    ("every primary key, unique and exclusion index is led by the tenant column", "
        SELECT name || ' ' || i.indexrelid::regclass FROM scoped s JOIN pg_index i ON i.indrelid = s.oid
        WHERE (i.indisunique OR i.indisexclusion) AND i.indkey[0] <> s.attnum"),
    ("every index is led by the tenant column and valid", "
        SELECT name || ' ' || i.indexrelid::regclass FROM scoped s JOIN pg_index i ON i.indrelid = s.oid
        WHERE i.indkey[0] <> s.attnum OR NOT i.indisvalid"),
    ("the owner is the owner role, and PUBLIC has no right", "
        SELECT name FROM scoped s JOIN pg_class c USING (oid)
        WHERE c.relowner <> 'tenancy_owner'::regrole
           OR EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = 0)"),
    ("every foreign key between tables of tenants pairs their tenant columns", "
        SELECT s.name || ' ' || c.conname FROM scoped s JOIN pg_constraint c ON c.conrelid = s.oid JOIN scoped t ON t.oid = c.confrelid
        WHERE c.contype = 'f' AND NOT EXISTS (
            SELECT FROM unnest(c.conkey, c.confkey) AS pair (own, other) WHERE own = s.attnum AND other = t.attnum)"),
    ("the application has no right that goes round the policies", "
        SELECT name || ' ' || p FROM scoped, unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p
        WHERE has_table_privilege('tenancy_app', oid, p)"),
    ("the application can't write what all tenants share", "
        SELECT c.relname || ' ' || p FROM pg_class c, unnest(ARRAY['INSERT', 'UPDATE']) AS p
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND c.oid NOT IN (SELECT oid FROM scoped)
          AND (has_any_column_privilege('tenancy_app', c.oid, p) OR has_table_privilege('tenancy_app', c.oid, 'DELETE, TRUNCATE'))"),
];

/// What breaks a rule.
pub(crate) async fn offenders(admin: &DatabaseConnection, rule: &str) -> Vec<String> {
    texts(admin, &format!("WITH {SCOPED} {rule}")).await
}
