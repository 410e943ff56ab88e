CREATE SCHEMA IF NOT EXISTS tenancy;
REVOKE ALL ON SCHEMA tenancy FROM PUBLIC, :"app", :"admin", :"reporting";
GRANT USAGE ON SCHEMA tenancy TO :"app", :"admin", :"reporting";

-- In plpgsql, so that the planner never inlines it; policies call it in a sub-select, once per statement and table.
-- No exception block: that would be a subtransaction at each call, and none may begin in a parallel worker.
CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid
  LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY INVOKER
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  bound constant text := current_setting(:'tenant_variable', true);
BEGIN
  -- After a transaction-local binding the variable is '', not NULL.
  IF bound IS NULL OR bound = '' THEN
    RAISE insufficient_privilege USING
      MESSAGE = 'no tenant is bound to this session',
      HINT = 'Connect through TenantConnection, which binds its tenant to each transaction.';
  END IF;
  -- The length tells most of what is no UUID by a hundredth of a pattern's cost, which each statement would pay; what is
  -- left fails at the cast.
  IF octet_length(bound) <> 36 THEN
    RAISE insufficient_privilege USING
      MESSAGE = 'what is bound to this session is not a tenant''s UUID',
      HINT = 'Connect through TenantConnection, which binds its tenant to each transaction.';
  END IF;
  RETURN bound::uuid;
END
$function$;

CREATE OR REPLACE FUNCTION tenancy.system_access() RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY INVOKER
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  reason constant text := current_setting(:'reason_variable', true);
BEGIN
  IF reason IS NULL OR reason = '' THEN
    RAISE insufficient_privilege USING
      MESSAGE = 'no reason is bound to this session, and access across tenants needs one',
      HINT = 'Connect through the system connection and say why.';
  END IF;
  RETURN true;
END
$function$;

-- What was made anew has the fences again, in the same transaction.
DO $body$
BEGIN
  IF to_regprocedure('tenancy.raise_fences()') IS NOT NULL AND to_regprocedure('tenancy.moved_away()') IS NOT NULL
    AND to_regclass('tenancy.fences') IS NOT NULL THEN
    PERFORM tenancy.raise_fences();
  END IF;
END
$body$;

REVOKE ALL ON FUNCTION tenancy.current_tenant(), tenancy.system_access() FROM PUBLIC, :"app", :"admin", :"reporting";
GRANT EXECUTE ON FUNCTION tenancy.current_tenant() TO :"app", :"admin", :"reporting";
GRANT EXECUTE ON FUNCTION tenancy.system_access() TO :"admin";

-- Lets a statement of a program that knows no tenants through, and says so once for each table in it. It is in policies
-- only while a database is being adopted.
CREATE OR REPLACE FUNCTION tenancy.observe(observed text) RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY INVOKER
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF coalesce(current_setting(:'tenant_variable', true), '') = '' THEN
    RAISE LOG 'without a tenant: role % on table %', current_user, observed
      USING HINT = 'This statement is refused once `migrate adopt --enforce` has run.';
  END IF;
  RETURN true;
END
$function$;
REVOKE ALL ON FUNCTION tenancy.observe(text) FROM PUBLIC;

-- Marks a relation with its indexes, constraints and policies as the framework's: only what is marked is ever dropped.
CREATE OR REPLACE FUNCTION tenancy.mark(made regclass) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  object text;
BEGIN
  FOR object IN
    SELECT format('TABLE %s', made) WHERE obj_description(made, 'pg_class') IS NULL
    UNION ALL
    SELECT format('INDEX %s', CAST(indexrelid AS regclass)) FROM pg_index
      WHERE indrelid = made AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = made)
    UNION ALL
    SELECT format('CONSTRAINT %I ON %s', conname, made) FROM pg_constraint WHERE conrelid = made AND contype <> 'n'
    UNION ALL
    SELECT format('POLICY %I ON %s', polname, made) FROM pg_policy WHERE polrelid = made
  LOOP
    EXECUTE format('COMMENT ON %s IS %L', object, :'mark');
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION tenancy.mark(regclass) FROM PUBLIC, :"app", :"admin", :"reporting";

-- What runs of `migrate up` did, and how each step is taken back. A run without an end goes on in the next.
CREATE TABLE IF NOT EXISTS tenancy.runs (
  run bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_at timestamptz
);
CREATE TABLE IF NOT EXISTS tenancy.steps (
  step bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run bigint NOT NULL REFERENCES tenancy.runs,
  change text NOT NULL,
  reason text NOT NULL,
  in_transaction boolean NOT NULL,
  up text NOT NULL,
  down text,
  -- Schema and name of each table that it locks, by turns.
  tables text[] NOT NULL,
  begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_at timestamptz
);

-- Where the runs were lost, those of the steps that are left are known again, as ended ones, so that they can be taken back.
DO $body$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'tenancy.steps'::regclass AND contype = 'f') THEN
    INSERT INTO tenancy.runs (run, done_at) OVERRIDING SYSTEM VALUE
      SELECT s.run, clock_timestamp() FROM tenancy.steps s
      WHERE NOT EXISTS (SELECT FROM tenancy.runs r WHERE r.run = s.run) GROUP BY s.run;
    PERFORM setval(pg_get_serial_sequence('tenancy.runs', 'run'), max(run)) FROM tenancy.runs;
    ALTER TABLE tenancy.steps ADD FOREIGN KEY (run) REFERENCES tenancy.runs;
  END IF;
END
$body$;

-- What was found to be as it should, so that the next run need not look closely.
CREATE TABLE IF NOT EXISTS tenancy.known (
  kind text NOT NULL,
  name text NOT NULL,
  desired text NOT NULL,
  live text NOT NULL,
  PRIMARY KEY (kind, name)
);
REVOKE ALL ON TABLE tenancy.runs, tenancy.steps, tenancy.known FROM PUBLIC, :"app", :"admin", :"reporting";

-- What the last deploy left, as one row: programs compare it with what they find when they start.
CREATE TABLE IF NOT EXISTS tenancy.deployment (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  posture text NOT NULL,
  format integer NOT NULL,
  server integer NOT NULL,
  registry text NOT NULL,
  program text NOT NULL,
  recorded_at timestamptz NOT NULL
);
REVOKE ALL ON TABLE tenancy.deployment FROM PUBLIC, :"app", :"admin", :"reporting";
GRANT SELECT ON TABLE tenancy.deployment TO :"app", :"admin", :"reporting";

COMMENT ON SCHEMA tenancy IS 'version 1';
