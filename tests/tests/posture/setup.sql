-- What an application adds to its tables by migrations of its own: a view, a trigger, a partitioned table, a policy that asks
-- a function of its own.
SET ROLE tenancy_owner;
CREATE VIEW approved WITH (security_invoker) AS
  SELECT name FROM molecules WHERE first_approval > 1900 AND molecule_type::varchar(20) IN ('Small molecule', 'Protein');
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE INSERT ON molecules FOR EACH ROW WHEN (NEW.molecule_type::varchar(20) IN ('a', 'b'))
  EXECUTE FUNCTION stamp();
-- Constants that servers print by settings, and lists that they print otherwise once they were restored.
CREATE TABLE events (
  organization_id uuid NOT NULL,
  at date NOT NULL CHECK (at > '2020-02-03'),
  seen timestamptz CHECK (seen > '2020-02-03 04:05:06+07'),
  took interval CHECK (took < '1 day 2 hours'),
  share float8 CHECK (share < 0.1),
  mark bytea CHECK (mark <> '\x01'),
  kind varchar(9) CHECK (kind IN ('a', 'b\c')),
  molecule_id uuid,
  FOREIGN KEY (organization_id, molecule_id) REFERENCES molecules (organization_id, id),
  PRIMARY KEY (organization_id, at)
) PARTITION BY RANGE (at);
CREATE TRIGGER stamp BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION stamp();
GRANT SELECT, INSERT, UPDATE, DELETE ON events TO tenancy_app;
CREATE TABLE events_2030 PARTITION OF events FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['events', 'events_2030'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY own ON %I TO tenancy_app USING (organization_id = (SELECT tenancy.current_tenant()))', name);
    EXECUTE format('CREATE POLICY floor ON %I AS RESTRICTIVE TO tenancy_app, tenancy_reporting
      USING (organization_id = (SELECT tenancy.current_tenant()))', name);
  END LOOP;
END
$$;
CREATE FUNCTION is_open() RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE TABLE notes (organization_id uuid NOT NULL, at date);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY open ON notes TO tenancy_app USING (is_open());
RESET ROLE;
