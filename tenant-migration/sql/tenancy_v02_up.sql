-- The access log: who did what with which organisation's rows. It only ever grows: rows come by the functions below, and go
-- with the partition of their month.

CREATE SEQUENCE IF NOT EXISTS tenancy.access_log_entries;

-- How many entries could not be written where a deploy lets the writers go on. A sequence counts whatever is rolled back; its
-- last value is how many there were.
CREATE SEQUENCE IF NOT EXISTS tenancy.access_log_lost MINVALUE 0 START 0;
SELECT setval('tenancy.access_log_lost', 0) FROM tenancy.access_log_lost WHERE NOT is_called;

-- What an entry is known by: the digest of all that it says, as a JSON array, so that every program can work it out again. Without
-- a search_path, as a body that is bound when it is defined needs none: so it is a part of the statement that asks for it, and costs
-- no call.
CREATE OR REPLACE FUNCTION tenancy.entry_hash(
  entry bigint, at timestamptz, organization_id uuid, bound_tenant uuid, user_id uuid, request_id text, database_role text,
  transaction bigint, kind text, alarm boolean, tables text[], touched bigint, statement text, duration bigint, reason text,
  commitment bytea
) RETURNS bytea
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY INVOKER
  RETURN sha256(convert_to(CAST(json_build_array(entry, CAST(extract(epoch FROM at) * 1000000 AS bigint), organization_id,
    bound_tenant, user_id, request_id, database_role, transaction, kind, alarm, tables, touched, statement, duration, reason,
    encode(commitment, 'hex')) AS text), 'UTF8'));

CREATE TABLE IF NOT EXISTS tenancy.access_log (
  entry bigint NOT NULL,
  -- By the database's clock.
  at timestamptz NOT NULL,
  -- Whose rows; NULL where it is about no organisation's.
  organization_id uuid,
  -- Who was bound; NULL where nobody was.
  bound_tenant uuid,
  user_id uuid,
  request_id text,
  -- The role that had logged in.
  database_role text NOT NULL,
  -- That wrote this entry.
  transaction bigint NOT NULL,
  -- One of insert, update, delete, truncate, read, denial, system, refused start, erasure, retention. A CHECK would be parsed anew
  -- for each statement.
  kind text NOT NULL,
  -- Whether rows of another organisation than the bound one were touched.
  alarm boolean NOT NULL,
  -- Each with its schema, quoted where that is needed.
  tables text[] NOT NULL,
  -- How many rows.
  touched bigint,
  -- The first 16 hexadecimal digits of the SHA-256 of the statement's text.
  statement text,
  -- In microseconds.
  duration bigint,
  -- Why it was refused, or what somebody worked across tenants for.
  reason text,
  -- To what the rows held: the digest of a salt and of the values in tenancy.access_log_values, which can be erased.
  commitment bytea,
  -- What tenancy.entry_hash gives.
  hash bytea NOT NULL
) PARTITION BY RANGE (at);
CREATE INDEX IF NOT EXISTS access_log_of_tenant ON tenancy.access_log (organization_id, at, entry);
-- What was written since a transaction, for the sealer: a hundredth of a tree's cost to whoever writes.
CREATE INDEX IF NOT EXISTS access_log_by_transaction ON tenancy.access_log USING brin (transaction)
  WITH (pages_per_range = 16, autosummarize = on);

-- What rows held before and after, of entities whose rows are logged.
CREATE TABLE IF NOT EXISTS tenancy.access_log_values (
  entry bigint NOT NULL,
  at timestamptz NOT NULL,
  organization_id uuid,
  salt bytea NOT NULL,
  -- An array of {"key": {…}, "before": {…}, "after": {…}}: `before` alone of a row that was deleted, `after` alone of one that
  -- was inserted, and of one that was updated the columns that are different.
  changes jsonb NOT NULL,
  PRIMARY KEY (entry, at)
) PARTITION BY RANGE (at);

-- Makes the partitions that are missing of the months from this one on, in UTC, and names them. Each is made aside and attached,
-- which waits for no writer, and open to nobody: what is read is read through the whole log, by its policies.
CREATE OR REPLACE FUNCTION tenancy.prepare_months(ahead integer) RETURNS SETOF text
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  -- A clock that goes back may not go back out of the log.
  first constant timestamp := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC' - interval '1 day');
  month timestamp;
  parent text;
  part text;
BEGIN
  FOR month IN SELECT generate_series(first, date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + ahead * interval '1 month',
    interval '1 month')
  LOOP
    FOREACH parent IN ARRAY ARRAY['access_log', 'access_log_values'] LOOP
      part := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
      CONTINUE WHEN EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass(format('tenancy.%I', part))
        AND inhparent = to_regclass(format('tenancy.%I', parent)));
      EXECUTE format('CREATE TABLE tenancy.%I (LIKE tenancy.%I INCLUDING CONSTRAINTS)',
        part, parent);
      EXECUTE format('ALTER TABLE tenancy.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
      -- A TRUNCATE of one partition doesn't ask the whole.
      EXECUTE format('CREATE TRIGGER keep_log_whole BEFORE TRUNCATE ON tenancy.%I FOR EACH STATEMENT
        EXECUTE FUNCTION tenancy.keep_log()', part);
      EXECUTE format('ALTER TABLE tenancy.%I ENABLE ALWAYS TRIGGER keep_log_whole', part);
      EXECUTE format('REVOKE ALL ON tenancy.%I FROM PUBLIC, %I, %I, %I, %I',
        part, :'app', :'admin', :'reporting', :'migrator');
      EXECUTE format('ALTER TABLE tenancy.%I ATTACH PARTITION tenancy.%I FOR VALUES FROM (%L) TO (%L)', parent, part,
        month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
      RETURN NEXT part;
    END LOOP;
  END LOOP;
END
$function$;

-- What is bound to this variable, without an error where that is nothing or no UUID. Without a search_path, as entry_hash.
CREATE OR REPLACE FUNCTION tenancy.bound(variable text) RETURNS uuid
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY INVOKER
  RETURN CASE
    WHEN current_setting(variable, true) LIKE '________-____-____-____-____________'
      AND translate(current_setting(variable, true), '0123456789abcdef', '') = '----'
    THEN CAST(current_setting(variable, true) AS uuid)
  END;

-- An entry of the session's role and the running transaction, and its number. Only the owner may call it, from functions that
-- have set the search_path, which would cost again what the rest does. All is worked out first: what is written is what is hashed.
CREATE OR REPLACE FUNCTION tenancy.write_entry(
  at timestamptz, organization_id uuid, bound_tenant uuid, user_id uuid, request_id text, kind text, tables text[], touched bigint,
  statement text, duration bigint, reason text, commitment bytea
) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER
AS $function$
#variable_conflict use_variable
DECLARE
  -- Given here, because the owner may not read back what it writes.
  entry constant bigint := nextval('tenancy.access_log_entries');
  database_role constant text := session_user;
  transaction constant bigint := CAST(CAST(pg_current_xact_id() AS text) AS bigint);
  alarm constant boolean := organization_id <> bound_tenant IS TRUE;
BEGIN
:write_the_entry
  RETURN entry;
END
$function$;

-- One entry for what a statement did to the rows of one organisation. The triggers' functions call it, as the owner, with a
-- search_path that they have set. It writes the entry itself: calling write_entry would make a write of one row slower by a tenth.
CREATE OR REPLACE FUNCTION tenancy.record_write(
  organization_id uuid, kind text, written text, touched bigint, changes jsonb DEFAULT NULL
) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER
AS $function$
#variable_conflict use_variable
DECLARE
  entry constant bigint := nextval('tenancy.access_log_entries');
  at constant timestamptz := clock_timestamp();
  bound_tenant constant uuid := tenancy.bound(:'tenant_variable');
  user_id constant uuid := tenancy.bound(:'user_variable');
  request_id constant text := nullif(left(current_setting(:'request_variable', true), 200), '');
  database_role constant text := session_user;
  transaction constant bigint := CAST(CAST(pg_current_xact_id() AS text) AS bigint);
  alarm constant boolean := organization_id <> bound_tenant IS TRUE;
  tables constant text[] := ARRAY[written];
  statement constant text;
  duration constant bigint;
  reason constant text := nullif(current_setting(:'reason_variable', true), '');
  salt constant bytea := CASE WHEN changes IS NOT NULL THEN uuid_send(gen_random_uuid()) END;
  commitment constant bytea := sha256(salt || convert_to(CAST(changes AS text), 'UTF8'));
BEGIN
:write_the_entry
  IF changes IS NOT NULL THEN
    INSERT INTO tenancy.access_log_values VALUES (entry, at, organization_id, salt, changes);
  END IF;
:when_a_write_fails
END
$function$;

-- Entries that the program writes for the bound tenant: reads, and what was refused. Each is
-- {"kind", "user_id", "request_id", "tables", "touched", "statement", "duration", "reason", "ago"}; `ago` is how many microseconds
-- ago it was, at most an hour.
CREATE OR REPLACE FUNCTION tenancy.record_accesses(entries jsonb) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  -- Also of one that has moved away since: what it read here is in this log.
  tenant constant uuid := CAST(nullif(current_setting(:'tenant_variable', true), '') AS uuid);
  written bigint;
BEGIN
  IF tenant IS NULL THEN
    RAISE insufficient_privilege USING MESSAGE = 'no tenant is bound to this session';
  END IF;
  SELECT count(tenancy.write_entry(clock_timestamp() - least(greatest(ago, 0), 3600000000) * interval '1 microsecond', tenant, tenant,
      user_id, left(request_id, 200), CASE WHEN kind = 'read' THEN 'read' ELSE 'denial' END,
      ARRAY(SELECT name FROM unnest(tables) AS name WHERE name IS NOT NULL), touched, left(statement, 200), duration,
      left(reason, 10000), NULL))
    INTO written
    FROM jsonb_to_recordset(entries) AS entry (kind text, user_id uuid, request_id text, tables text[], touched bigint,
      statement text, duration bigint, reason text, ago bigint);
  RETURN written;
:when_accesses_fail
END
$function$;

-- That somebody works across tenants, and why; in a transaction of its own, before that begins.
CREATE OR REPLACE FUNCTION tenancy.record_system_access(named_tenant uuid DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM tenancy.system_access();
  RETURN tenancy.write_entry(clock_timestamp(), named_tenant, NULL, tenancy.bound(:'user_variable'),
    nullif(current_setting(:'request_variable', true), ''), 'system', '{}', NULL, NULL, NULL, current_setting(:'reason_variable'),
    NULL);
END
$function$;

-- That a program refused to start on this database, and why.
CREATE OR REPLACE FUNCTION tenancy.record_refused_start(problems text) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN tenancy.write_entry(clock_timestamp(), NULL, NULL, NULL, NULL, 'refused start', '{}', NULL, NULL, NULL,
    left(problems, 10000), NULL);
END
$function$;

-- Nobody changes what is logged, whoever may: the owner would have to drop this first, and the seals would show it.
CREATE OR REPLACE FUNCTION tenancy.keep_log() RETURNS trigger
  LANGUAGE plpgsql SECURITY INVOKER
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RAISE insufficient_privilege USING
    MESSAGE = format('entries of %s.%s are never changed', TG_TABLE_SCHEMA, TG_TABLE_NAME),
    HINT = 'Old ones go with their month: migrate audit retain.';
END
$function$;
CREATE OR REPLACE TRIGGER keep_log BEFORE UPDATE OR DELETE ON tenancy.access_log
  FOR EACH ROW EXECUTE FUNCTION tenancy.keep_log();
CREATE OR REPLACE TRIGGER keep_log_whole BEFORE TRUNCATE ON tenancy.access_log
  FOR EACH STATEMENT EXECUTE FUNCTION tenancy.keep_log();
ALTER TABLE tenancy.access_log ENABLE ALWAYS TRIGGER keep_log, ENABLE ALWAYS TRIGGER keep_log_whole;
-- Values are erased one by one, and never others.
CREATE OR REPLACE TRIGGER keep_log BEFORE UPDATE ON tenancy.access_log_values
  FOR EACH ROW EXECUTE FUNCTION tenancy.keep_log();
CREATE OR REPLACE TRIGGER keep_log_whole BEFORE TRUNCATE ON tenancy.access_log_values
  FOR EACH STATEMENT EXECUTE FUNCTION tenancy.keep_log();
ALTER TABLE tenancy.access_log_values ENABLE ALWAYS TRIGGER keep_log, ENABLE ALWAYS TRIGGER keep_log_whole;

-- A run of the sealer: which batches of entries it closed, signed with a key that the database doesn't have.
CREATE TABLE IF NOT EXISTS tenancy.access_log_seals (
  seal bigint PRIMARY KEY,
  -- The hash of the seal before it; empty in the first.
  previous bytea NOT NULL,
  -- The Merkle tree's root over the batches' hashes, in the order of their organisations.
  root bytea NOT NULL,
  batches bigint NOT NULL,
  entries bigint NOT NULL,
  -- All entries of earlier transactions are sealed.
  horizon bigint NOT NULL,
  -- The highest entry that came with a dump of another server, where transactions had other numbers: all up to it are sealed.
  restored bigint NOT NULL,
  sealed_at timestamptz NOT NULL,
  -- The first 16 hexadecimal digits of the SHA-256 of the public key.
  key text NOT NULL,
  -- Of all the above, as docs/audit.md says.
  hash bytea NOT NULL,
  signature bytea NOT NULL
);

-- The entries of one organisation that one run sealed, in the order in which they are numbered.
CREATE TABLE IF NOT EXISTS tenancy.access_log_batches (
  -- All zeros: of no organisation.
  organization_id uuid NOT NULL,
  batch bigint NOT NULL,
  -- Its root is known when all its batches are written.
  seal bigint NOT NULL REFERENCES tenancy.access_log_seals DEFERRABLE INITIALLY DEFERRED,
  -- The number of its first entry among those of the organisation, from 0 on.
  first bigint NOT NULL,
  -- The hash of the organisation's batch before it; empty in the first.
  previous bytea NOT NULL,
  -- The Merkle tree's root over the leaves.
  root bytea NOT NULL,
  hash bytea NOT NULL,
  -- 48 bytes each: entry (8), at in microseconds since 1970 (8), hash (32).
  leaves bytea NOT NULL,
  PRIMARY KEY (organization_id, batch)
);
-- Digests can't be compressed.
ALTER TABLE tenancy.access_log_batches ALTER COLUMN leaves SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS access_log_batches_of_seal ON tenancy.access_log_batches (seal);

-- Which months were dropped, signed as the seals are where there is a key.
CREATE TABLE IF NOT EXISTS tenancy.access_log_retentions (
  retention bigint PRIMARY KEY,
  -- All entries from before it are gone.
  before timestamptz NOT NULL,
  dropped_at timestamptz NOT NULL,
  key text,
  signature bytea
);

-- Its walls are made anew whenever they are not as here, the partitions' too.
DO $body$
DECLARE
  part record;
  rule record;
BEGIN
  FOR part IN
    SELECT tree.relid AS name, NOT c.relispartition AS is_root, root.name AS root, c.relrowsecurity AND c.relforcerowsecurity AS is_walled
    FROM (VALUES ('access_log'), ('access_log_values')) AS root (name),
      pg_partition_tree(to_regclass('tenancy.' || root.name)) AS tree JOIN pg_class c ON c.oid = tree.relid
  LOOP
    IF NOT part.is_walled THEN
      EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part.name);
    END IF;
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, %I, %I, %I, %I', part.name, :'app', :'admin', :'reporting', :'migrator');
    FOR rule IN SELECT polname AS policy FROM pg_policy WHERE polrelid = part.name LOOP
      EXECUTE format('DROP POLICY %I ON %s', rule.policy, part.name);
    END LOOP;
    CONTINUE WHEN NOT part.is_root;
    FOR rule IN
      SELECT * FROM (VALUES
        ('the_log_grows', format('FOR INSERT TO %I WITH CHECK (true)', :'owner')),
        ('tenant_reading', format('FOR SELECT TO %I, %I USING (organization_id = (SELECT tenancy.current_tenant()))',
          :'app', :'reporting')),
        ('tenant_floor', format('AS RESTRICTIVE TO %I, %I USING (organization_id = (SELECT tenancy.current_tenant()))',
          :'app', :'reporting')),
        ('system_access', format('FOR SELECT TO %I USING ((SELECT tenancy.system_access()))', :'admin')),
        ('the_sealer_reads', format('FOR SELECT TO %I USING (true)', :'migrator')),
        ('values_are_erased', format('FOR DELETE TO %I USING (true)', :'migrator'))) AS p (policy, rule)
      WHERE p.policy <> 'values_are_erased' OR part.root = 'access_log_values'
    LOOP
      EXECUTE format('CREATE POLICY %I ON %s %s', rule.policy, part.name, rule.rule);
    END LOOP;
  END LOOP;
END
$body$;

REVOKE ALL ON TABLE tenancy.access_log_seals, tenancy.access_log_batches, tenancy.access_log_retentions
  FROM PUBLIC, :"app", :"admin", :"reporting", :"migrator";
GRANT SELECT ON TABLE tenancy.access_log, tenancy.access_log_values TO :"app", :"admin", :"reporting", :"migrator";
GRANT DELETE ON TABLE tenancy.access_log_values TO :"migrator";
GRANT SELECT, INSERT ON TABLE tenancy.access_log_seals, tenancy.access_log_batches, tenancy.access_log_retentions TO :"migrator";
REVOKE ALL ON SEQUENCE tenancy.access_log_entries, tenancy.access_log_lost FROM PUBLIC, :"app", :"admin", :"reporting";
GRANT SELECT ON SEQUENCE tenancy.access_log_lost TO :"admin", :"migrator";
REVOKE ALL ON FUNCTION
  tenancy.entry_hash(bigint, timestamptz, uuid, uuid, uuid, text, text, bigint, text, boolean, text[], bigint, text, bigint, text, bytea),
  tenancy.prepare_months(integer), tenancy.bound(text),
  tenancy.write_entry(timestamptz, uuid, uuid, uuid, text, text, text[], bigint, text, bigint, text, bytea), tenancy.record_write(uuid, text, text, bigint, jsonb),
  tenancy.record_accesses(jsonb), tenancy.record_system_access(uuid), tenancy.record_refused_start(text), tenancy.keep_log()
  FROM PUBLIC, :"app", :"admin", :"reporting";
GRANT EXECUTE ON FUNCTION tenancy.record_accesses(jsonb) TO :"app";
GRANT EXECUTE ON FUNCTION tenancy.record_refused_start(text) TO :"app";
GRANT EXECUTE ON FUNCTION tenancy.record_system_access(uuid) TO :"admin";

SELECT tenancy.prepare_months(:'ahead');

COMMENT ON SCHEMA tenancy IS 'version 2';
