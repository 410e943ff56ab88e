//! The functions that policies ask, and those that run with another's rights.

use super::breach::{Breach, Look};

/// A policy that asks a function through an operator of its own, which compares two texts or, as `!!`, judges one.
macro_rules! operator {
    ($options:literal, "!!") => {
        operator!($options, "text", "RIGHTARG = text", "!!", "OPERATOR(tenancy.!!) ''::text")
    };
    ($options:literal, $name:literal) => {
        operator!($options, "text, text", "LEFTARG = text, RIGHTARG = text", $name, "name OPERATOR(tenancy.=~=) ''")
    };
    ($options:literal, $arguments:literal, $sides:literal, $name:literal, $use:literal) => {
        concat!(
            "CREATE FUNCTION tenancy.judge(",
            $arguments,
            ") RETURNS boolean LANGUAGE sql ",
            $options,
            " AS 'SELECT true'; CREATE OPERATOR tenancy.",
            $name,
            " (",
            $sides,
            ", FUNCTION = tenancy.judge);
             CREATE POLICY judged ON molecules AS RESTRICTIVE TO tenancy_app USING (",
            $use,
            ")"
        )
    };
}

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
    Breach::new("closed-function-callable", "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO tenancy_app"),
    Breach::new("closed-function-callable", "GRANT EXECUTE ON FUNCTION lo_export(oid, text) TO PUBLIC"),
    Breach::new("closed-function-callable", "GRANT EXECUTE ON FUNCTION pg_ls_dir(text) TO :far; ALTER ROLE :other NOINHERIT; GRANT :far TO :other; GRANT :other TO :role")
        .look(Look::OwnRole),
    Breach::new("function-beyond-tenants", "GRANT EXECUTE ON FUNCTION pg_terminate_backend(integer, bigint) TO tenancy_app"),
    Breach::new("function-beyond-tenants", "GRANT EXECUTE ON FUNCTION pg_stat_get_activity(integer) TO PUBLIC"),
    // What migrated nothing has closed nothing.
    Breach::new(
        "function-beyond-tenants",
        "DO $$ DECLARE closed record; BEGIN
           FOR closed IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
             AND NOT has_function_privilege('public', p.oid, 'EXECUTE')
             AND p.oid NOT IN (SELECT objoid FROM pg_init_privs WHERE classoid = 'pg_proc'::regclass) LOOP
             EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', closed.name);
           END LOOP;
         END $$",
    ),
    // An operator's function is asked as one that is named.
    Breach::new("policy-function-search-path", operator!("", "=~=")),
    Breach::new("policy-function-definer", operator!("SET search_path = pg_catalog, pg_temp SECURITY DEFINER", "=~=")),
    Breach::new("policy-function-immutable", operator!("SET search_path = pg_catalog, pg_temp IMMUTABLE", "!!")),
    Breach::new(
        "definer-function",
        "CREATE FUNCTION count_all() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
           AS 'SELECT count(*) FROM public.molecules';
         REVOKE EXECUTE ON FUNCTION count_all() FROM PUBLIC; GRANT EXECUTE ON FUNCTION count_all() TO :far;
         ALTER ROLE :other NOINHERIT; GRANT :far TO :other; GRANT :other TO :role",
    )
    .look(Look::OwnRole),
];
