-- What is there already is made as it should be: columns and keys stay, all else is made anew.
CREATE TABLE IF NOT EXISTS tenancy_catalog.placements (name text PRIMARY KEY);
ALTER TABLE tenancy_catalog.placements
  ADD COLUMN IF NOT EXISTS kind text,
  ADD COLUMN IF NOT EXISTS hosts text[],
  ADD COLUMN IF NOT EXISTS max_connections integer,
  -- What the names of the placement's roles begin with, where they aren't those of the deploying program.
  ADD COLUMN IF NOT EXISTS role_prefix text,
  ADD COLUMN IF NOT EXISTS changed_in xid8;
CREATE TABLE IF NOT EXISTS tenancy_catalog.organizations (id uuid PRIMARY KEY);
ALTER TABLE tenancy_catalog.organizations
  ADD COLUMN IF NOT EXISTS name text,
  ADD COLUMN IF NOT EXISTS tier text,
  ADD COLUMN IF NOT EXISTS status text,
  ADD COLUMN IF NOT EXISTS placement text,
  -- The placement's kind again, so that an index can ask for it.
  ADD COLUMN IF NOT EXISTS placement_kind text,
  ADD COLUMN IF NOT EXISTS epoch bigint,
  ADD COLUMN IF NOT EXISTS created_at timestamptz,
  ADD COLUMN IF NOT EXISTS updated_at timestamptz,
  ADD COLUMN IF NOT EXISTS changed_in xid8;

-- A key that is there stays: other tables of the owner's may refer to it.
DO $keys$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_index
      WHERE indrelid = CAST('tenancy_catalog.placements' AS regclass) AND indisprimary) THEN
    ALTER TABLE tenancy_catalog.placements ADD PRIMARY KEY (name);
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_index
      WHERE indrelid = CAST('tenancy_catalog.organizations' AS regclass) AND indisprimary) THEN
    ALTER TABLE tenancy_catalog.organizations ADD PRIMARY KEY (id);
  END IF;
END
$keys$;

-- Of both, in an order in which nothing rests on what is dropped.
ALTER TABLE tenancy_catalog.organizations
  DROP CONSTRAINT IF EXISTS organizations_placement_fkey,
  DROP CONSTRAINT IF EXISTS organizations_name_check,
  DROP CONSTRAINT IF EXISTS organizations_tier_check,
  DROP CONSTRAINT IF EXISTS organizations_status_check;
ALTER TABLE tenancy_catalog.placements
  DROP CONSTRAINT IF EXISTS placements_name_kind_key,
  DROP CONSTRAINT IF EXISTS placements_name_check,
  DROP CONSTRAINT IF EXISTS placements_kind_check,
  DROP CONSTRAINT IF EXISTS placements_hosts_check,
  DROP CONSTRAINT IF EXISTS placements_max_connections_check,
  DROP CONSTRAINT IF EXISTS placements_role_prefix_check;
DROP INDEX IF EXISTS tenancy_catalog.organizations_name_key, tenancy_catalog.organizations_dedicated_key,
  tenancy_catalog.organizations_placement_idx, tenancy_catalog.organizations_changed_in_idx;

-- Nothing hides rows, turns writes aside, or loses the tables in a crash. Triggers of somebody else stay.
DO $rules$
DECLARE
  rule record;
BEGIN
  FOR rule IN
    SELECT rulename, CAST(ev_class AS regclass) AS place FROM pg_catalog.pg_rewrite
    WHERE ev_class IN (CAST('tenancy_catalog.placements' AS regclass), CAST('tenancy_catalog.organizations' AS regclass))
  LOOP
    EXECUTE pg_catalog.format('DROP RULE %I ON %s', rule.rulename, rule.place);
  END LOOP;
END
$rules$;
ALTER TABLE tenancy_catalog.placements SET LOGGED, DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
ALTER TABLE tenancy_catalog.organizations SET LOGGED, DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

ALTER TABLE tenancy_catalog.placements
  ALTER COLUMN kind SET NOT NULL,
  ALTER COLUMN hosts SET NOT NULL,
  ALTER COLUMN hosts SET DEFAULT '{}',
  ALTER COLUMN changed_in SET NOT NULL,
  ALTER COLUMN changed_in SET DEFAULT pg_catalog.pg_current_xact_id(),
  ADD CONSTRAINT placements_name_kind_key UNIQUE (name, kind),
  -- One that ends so would have its URL in the variable of another one's migrator.
  ADD CONSTRAINT placements_name_check CHECK (name ~ '^[a-z][a-z0-9_]{0,47}$' AND name !~ '_migrator$'),
  ADD CONSTRAINT placements_kind_check CHECK (kind IN (:kinds)),
  -- A host or host:port each; a URL with its credentials is none.
  ADD CONSTRAINT placements_hosts_check
    CHECK (hosts = '{}' OR pg_catalog.array_to_string(hosts, '/', '/') ~ '^[^/@,[:space:]]+(/[^/@,[:space:]]+)*$'),
  ADD CONSTRAINT placements_max_connections_check CHECK (max_connections > 0),
  ADD CONSTRAINT placements_role_prefix_check CHECK (role_prefix ~ '^[a-z][a-z0-9_]{0,47}$');
ALTER TABLE tenancy_catalog.organizations
  ALTER COLUMN name SET NOT NULL,
  ALTER COLUMN tier SET NOT NULL,
  ALTER COLUMN status SET NOT NULL,
  ALTER COLUMN placement SET NOT NULL,
  ALTER COLUMN placement_kind SET NOT NULL,
  ALTER COLUMN epoch SET NOT NULL,
  ALTER COLUMN created_at SET NOT NULL,
  ALTER COLUMN updated_at SET NOT NULL,
  ALTER COLUMN changed_in SET NOT NULL,
  ALTER COLUMN changed_in SET DEFAULT pg_catalog.pg_current_xact_id(),
  -- A name that reads as an identifier would be taken for that of another organisation.
  ADD CONSTRAINT organizations_name_check
    CHECK (name = pg_catalog.btrim(name) AND pg_catalog.char_length(name) BETWEEN 1 AND 200 AND name !~ '[[:cntrl:]]'
      AND name !~* '^(urn:uuid:)?[{]?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}[}]?$'),
  ADD CONSTRAINT organizations_tier_check CHECK (tier IN (:tiers)),
  ADD CONSTRAINT organizations_status_check CHECK (status IN (:statuses)),
  ADD CONSTRAINT organizations_placement_fkey FOREIGN KEY (placement, placement_kind)
    REFERENCES tenancy_catalog.placements (name, kind) ON UPDATE RESTRICT ON DELETE RESTRICT;
CREATE UNIQUE INDEX organizations_name_key ON tenancy_catalog.organizations (name) WHERE status <> 'archived';
-- A dedicated placement holds one organisation alone.
CREATE UNIQUE INDEX organizations_dedicated_key ON tenancy_catalog.organizations (placement)
  WHERE placement_kind = 'dedicated' AND status <> 'archived';
CREATE INDEX organizations_placement_idx ON tenancy_catalog.organizations (placement, placement_kind);
CREATE INDEX organizations_changed_in_idx ON tenancy_catalog.organizations (changed_in);

CREATE OR REPLACE FUNCTION tenancy_catalog.before_organization() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.status <> 'archived' THEN
      RAISE EXCEPTION 'organisation % is % and is not deleted', OLD.id, OLD.status USING
        ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Archive it first: migrate tenant archive.';
    END IF;
    RETURN OLD;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    IF NEW.id <> OLD.id THEN
      RAISE EXCEPTION 'organisation % keeps its identifier', OLD.id USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (:transitions) THEN
      RAISE EXCEPTION 'organisation % is %, from where there is no way to %', OLD.id, OLD.status, NEW.status USING
        ERRCODE = 'object_not_in_prerequisite_state', HINT = 'The ways are in docs/catalog.md.';
    END IF;
    -- Its rows don't move with the record.
    IF NEW.placement <> OLD.placement AND OLD.status <> 'moving' THEN
      RAISE EXCEPTION 'organisation % is %, and only one that is moving gets another placement', OLD.id, OLD.status
        USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
  END IF;
  NEW.placement_kind := (SELECT kind FROM tenancy_catalog.placements WHERE name = NEW.placement);
  IF NEW.placement_kind IS NULL THEN
    RAISE EXCEPTION 'there is no placement %', NEW.placement USING
      ERRCODE = 'foreign_key_violation', HINT = 'Add it first: migrate placement add.';
  END IF;
  NEW.epoch := CASE TG_OP WHEN 'UPDATE' THEN OLD.epoch + 1 ELSE 1 END;
  NEW.created_at := CASE TG_OP WHEN 'UPDATE' THEN OLD.created_at ELSE now() END;
  NEW.updated_at := now();
  NEW.changed_in := pg_current_xact_id();
  RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION tenancy_catalog.before_placement() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  NEW.changed_in := pg_current_xact_id();
  RETURN NEW;
END
$function$;

-- Each statement tells of the organisations that it changed; of many, that it was many.
CREATE OR REPLACE FUNCTION tenancy_catalog.tell_of_organizations() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF (SELECT count(*) FROM (SELECT FROM changed LIMIT 101) AS told) > 100 THEN
    PERFORM pg_notify(:'channel', :'everything');
  ELSE
    PERFORM pg_notify(:'channel', CAST(id AS text)) FROM changed;
  END IF;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION tenancy_catalog.tell_of_placements() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF EXISTS (SELECT FROM changed) THEN
    PERFORM pg_notify(:'channel', :'placements');
  END IF;
  RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION tenancy_catalog.refuse_truncate() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RAISE EXCEPTION 'the catalog is not emptied' USING
    ERRCODE = 'object_not_in_prerequisite_state', HINT = 'migrate catalog down takes all of it away.';
END
$function$;

CREATE OR REPLACE TRIGGER before_organization BEFORE INSERT OR UPDATE OR DELETE ON tenancy_catalog.organizations
  FOR EACH ROW EXECUTE FUNCTION tenancy_catalog.before_organization();
-- A trigger with the rows of a statement is for one kind of statement.
CREATE OR REPLACE TRIGGER tell_of_inserted AFTER INSERT ON tenancy_catalog.organizations
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy_catalog.tell_of_organizations();
CREATE OR REPLACE TRIGGER tell_of_updated AFTER UPDATE ON tenancy_catalog.organizations
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy_catalog.tell_of_organizations();
CREATE OR REPLACE TRIGGER tell_of_deleted AFTER DELETE ON tenancy_catalog.organizations
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy_catalog.tell_of_organizations();
CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON tenancy_catalog.organizations
  FOR EACH STATEMENT EXECUTE FUNCTION tenancy_catalog.refuse_truncate();
CREATE OR REPLACE TRIGGER before_placement BEFORE INSERT OR UPDATE ON tenancy_catalog.placements
  FOR EACH ROW EXECUTE FUNCTION tenancy_catalog.before_placement();
CREATE OR REPLACE TRIGGER tell_of_inserted AFTER INSERT ON tenancy_catalog.placements
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy_catalog.tell_of_placements();
CREATE OR REPLACE TRIGGER tell_of_updated AFTER UPDATE ON tenancy_catalog.placements
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy_catalog.tell_of_placements();
CREATE OR REPLACE TRIGGER tell_of_deleted AFTER DELETE ON tenancy_catalog.placements
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tenancy_catalog.tell_of_placements();
CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON tenancy_catalog.placements
  FOR EACH STATEMENT EXECUTE FUNCTION tenancy_catalog.refuse_truncate();
ALTER TABLE tenancy_catalog.organizations ENABLE TRIGGER USER;
ALTER TABLE tenancy_catalog.placements ENABLE TRIGGER USER;

-- The list of all organisations is nobody's but the owner's and the router's.
DO $rights$
DECLARE
  given record;
BEGIN
  FOR given IN
    SELECT DISTINCT object, CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(acl.grantee)) END AS role
    FROM (
      SELECT 'SCHEMA tenancy_catalog' AS object, nspacl AS acl FROM pg_catalog.pg_namespace WHERE nspname = 'tenancy_catalog'
      UNION ALL
      SELECT pg_catalog.format('TABLE tenancy_catalog.%I', relname), relacl
        FROM pg_catalog.pg_class WHERE relnamespace = CAST('tenancy_catalog' AS regnamespace) AND relkind IN ('r', 'v')
      UNION ALL
      SELECT pg_catalog.format('TABLE tenancy_catalog.%I', relname), attacl
        FROM pg_catalog.pg_class JOIN pg_catalog.pg_attribute ON attrelid = pg_class.oid
        WHERE relnamespace = CAST('tenancy_catalog' AS regnamespace) AND relkind IN ('r', 'v')
      UNION ALL
      SELECT pg_catalog.format('FUNCTION tenancy_catalog.%I()', proname), coalesce(proacl, pg_catalog.acldefault('f', proowner))
        FROM pg_catalog.pg_proc WHERE pronamespace = CAST('tenancy_catalog' AS regnamespace) AND pronargs = 0
    ) AS objects, pg_catalog.aclexplode(objects.acl) AS acl
    WHERE acl.grantee <> CAST(pg_catalog.quote_ident(:'owner') AS regrole)
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON %s FROM %s CASCADE', given.object, given.role);
  END LOOP;
END
$rights$;
GRANT USAGE ON SCHEMA tenancy_catalog TO :"router";
GRANT SELECT ON TABLE tenancy_catalog.organizations, tenancy_catalog.placements TO :"router";
