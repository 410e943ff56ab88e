-- Moves of organisations from one placement to another: one line each, which a mover follows and goes on from.
CREATE TABLE IF NOT EXISTS tenancy_catalog.moves (id uuid PRIMARY KEY DEFAULT pg_catalog.gen_random_uuid());
ALTER TABLE tenancy_catalog.moves
  ADD COLUMN IF NOT EXISTS organization_id uuid,
  ADD COLUMN IF NOT EXISTS source text,
  ADD COLUMN IF NOT EXISTS target text,
  ADD COLUMN IF NOT EXISTS stage text,
  -- What somebody wants of it who isn't the mover.
  ADD COLUMN IF NOT EXISTS wish text,
  -- The organisation's status before it, which it has again after it.
  ADD COLUMN IF NOT EXISTS status_before text,
  -- What the stages leave for those that follow, and what they did.
  ADD COLUMN IF NOT EXISTS notes jsonb,
  -- Why the last run ended before its end.
  ADD COLUMN IF NOT EXISTS failure text,
  ADD COLUMN IF NOT EXISTS begun_at timestamptz,
  ADD COLUMN IF NOT EXISTS updated_at timestamptz,
  ADD COLUMN IF NOT EXISTS switched_at timestamptz,
  ADD COLUMN IF NOT EXISTS ended_at timestamptz;

ALTER TABLE tenancy_catalog.moves
  DROP CONSTRAINT IF EXISTS moves_organization_id_fkey,
  DROP CONSTRAINT IF EXISTS moves_stage_check,
  DROP CONSTRAINT IF EXISTS moves_wish_check,
  DROP CONSTRAINT IF EXISTS moves_placements_check;
DROP INDEX IF EXISTS tenancy_catalog.moves_open_key, tenancy_catalog.moves_organization_id_idx;
DO $rules$
DECLARE
  rule record;
BEGIN
  FOR rule IN
    SELECT rulename FROM pg_catalog.pg_rewrite WHERE ev_class = CAST('tenancy_catalog.moves' AS regclass)
  LOOP
    EXECUTE pg_catalog.format('DROP RULE %I ON tenancy_catalog.moves', rule.rulename);
  END LOOP;
END
$rules$;
ALTER TABLE tenancy_catalog.moves SET LOGGED, DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
ALTER TABLE tenancy_catalog.moves
  ALTER COLUMN organization_id SET NOT NULL,
  ALTER COLUMN source SET NOT NULL,
  ALTER COLUMN target SET NOT NULL,
  ALTER COLUMN stage SET NOT NULL,
  ALTER COLUMN wish SET NOT NULL,
  ALTER COLUMN wish SET DEFAULT 'run',
  ALTER COLUMN status_before SET NOT NULL,
  ALTER COLUMN notes SET NOT NULL,
  ALTER COLUMN notes SET DEFAULT '{}',
  ALTER COLUMN begun_at SET NOT NULL,
  ALTER COLUMN begun_at SET DEFAULT pg_catalog.now(),
  ALTER COLUMN updated_at SET NOT NULL,
  ALTER COLUMN updated_at SET DEFAULT pg_catalog.now(),
  -- With the record of the organisation goes that of its moves.
  ADD CONSTRAINT moves_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES tenancy_catalog.organizations (id) ON DELETE CASCADE,
  ADD CONSTRAINT moves_stage_check CHECK (stage IN (:stages)),
  ADD CONSTRAINT moves_wish_check CHECK (wish IN (:wishes)),
  ADD CONSTRAINT moves_placements_check CHECK (source <> target);
-- An organisation is moved once at a time.
CREATE UNIQUE INDEX moves_open_key ON tenancy_catalog.moves (organization_id) WHERE ended_at IS NULL;
CREATE INDEX moves_organization_id_idx ON tenancy_catalog.moves (organization_id);

-- What a move rests on stays until it has ended.
CREATE OR REPLACE FUNCTION tenancy_catalog.keep_what_moves() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  moving record;
BEGIN
  IF TG_TABLE_NAME = 'placements' THEN
    SELECT m.organization_id, m.source, m.target INTO moving FROM tenancy_catalog.moves m
      WHERE m.ended_at IS NULL AND OLD.name IN (m.source, m.target) LIMIT 1;
  ELSE
    SELECT m.organization_id, m.source, m.target INTO moving FROM tenancy_catalog.moves m
      WHERE m.ended_at IS NULL AND OLD.id = m.organization_id AND OLD.status <> 'archived' AND NEW.status = 'archived' LIMIT 1;
  END IF;
  IF FOUND THEN
    RAISE EXCEPTION 'organisation % is being moved from % to %', moving.organization_id, moving.source, moving.target USING
      ERRCODE = 'object_not_in_prerequisite_state',
      HINT = pg_catalog.format('Wait for its end (migrate tenant move %1$s --status), or end it: migrate tenant move %1$s --abort.', moving.organization_id);
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$function$;
CREATE OR REPLACE TRIGGER keep_what_moves BEFORE DELETE ON tenancy_catalog.placements
  FOR EACH ROW EXECUTE FUNCTION tenancy_catalog.keep_what_moves();
CREATE OR REPLACE TRIGGER keep_what_moves BEFORE UPDATE OF status ON tenancy_catalog.organizations
  FOR EACH ROW EXECUTE FUNCTION tenancy_catalog.keep_what_moves();
ALTER TABLE tenancy_catalog.placements ENABLE TRIGGER USER;
ALTER TABLE tenancy_catalog.organizations ENABLE TRIGGER USER;

REVOKE ALL ON TABLE tenancy_catalog.moves FROM PUBLIC, :"router";
REVOKE ALL ON FUNCTION tenancy_catalog.keep_what_moves() FROM PUBLIC, :"router";
