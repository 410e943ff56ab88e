//! The functions that policies ask, and those that run with another's rights.

use super::breach::Breach;

pub(super) const BREACHES: &[Breach] = &[
    Breach::new("policy-function-immutable", "ALTER FUNCTION tenancy.current_tenant() IMMUTABLE"),
    Breach::new("policy-function-search-path", "ALTER FUNCTION tenancy.current_tenant() RESET search_path"),
    Breach::new(
        "policy-function-search-path",
        "ALTER FUNCTION tenancy.current_tenant() SET search_path = pg_temp, pg_catalog",
    ),
    // One schema of that name, so that pg_temp stays before it.
    Breach::new(
        "policy-function-search-path",
        "ALTER FUNCTION tenancy.current_tenant() SET search_path = 'pg_catalog, pg_temp'",
    ),
    Breach::new("policy-function-definer", "ALTER FUNCTION tenancy.current_tenant() SECURITY DEFINER"),
    Breach::new("policy-function-replaceable", "GRANT CREATE ON SCHEMA tenancy TO tenancy_reporting"),
    Breach::new("policy-function-replaceable", "ALTER FUNCTION tenancy.current_tenant() OWNER TO tenancy_app"),
    Breach::new("policy-function-not-callable", "REVOKE EXECUTE ON FUNCTION tenancy.current_tenant() FROM tenancy_app"),
    Breach::new(
        "definer-function",
        "CREATE FUNCTION count_all() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
           AS 'SELECT count(*) FROM public.molecules'",
    ),
    Breach::new(
        "definer-search-path",
        "CREATE FUNCTION harmless() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
         ALTER FUNCTION harmless() OWNER TO tenancy_reporting",
    ),
    Breach::new(
        "leakproof-function",
        "CREATE FUNCTION peek(text) RETURNS boolean LANGUAGE sql IMMUTABLE LEAKPROOF AS 'SELECT true'",
    ),
    Breach::new("dblink-callable", "CREATE EXTENSION dblink"),
];
