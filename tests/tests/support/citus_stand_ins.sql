-- Stand-ins for the functions of Citus that a plan calls. They move no row; they refuse what Citus' documentation and source
-- say that it refuses, and remember what was spread.
CREATE SCHEMA citus_stand_in;
GRANT USAGE ON SCHEMA citus_stand_in TO PUBLIC;
-- Without a key: on every worker.
CREATE TABLE citus_stand_in.spread (spread regclass PRIMARY KEY, key text, beside regclass);
GRANT SELECT, INSERT ON citus_stand_in.spread TO PUBLIC;

CREATE FUNCTION citus_stand_in.broken_rules() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT format('%s: a unique index must include the distribution column', indexrelid::regclass)
  FROM citus_stand_in.spread JOIN pg_index ON indrelid = spread
    JOIN pg_attribute ON attrelid = spread AND attname = key
  WHERE indisunique AND NOT attnum = ANY (indkey::int2[])
  UNION ALL
  SELECT format('%s: Subqueries are not supported in policies on distributed tables', polname)
  FROM citus_stand_in.spread JOIN pg_policy ON polrelid = spread
  WHERE concat(polqual, polwithcheck) LIKE '%SUBLINK%'
  UNION ALL
  SELECT format('%s: Referenced table must be a distributed table or a reference table', conname)
  FROM citus_stand_in.spread JOIN pg_constraint ON conrelid = spread
  WHERE contype = 'f' AND NOT EXISTS (SELECT FROM citus_stand_in.spread AS target WHERE target.spread = confrelid)
  UNION ALL
  SELECT format('%s: foreign keys from reference tables to distributed tables are not supported', conname)
  FROM citus_stand_in.spread JOIN pg_constraint ON conrelid = spread
    JOIN citus_stand_in.spread AS target ON target.spread = confrelid
  WHERE contype = 'f' AND spread.key IS NULL AND target.key IS NOT NULL
  UNION ALL
  SELECT format('%s: the tables are not colocated, or the key lacks the partition column in the same ordinal', conname)
  FROM citus_stand_in.spread JOIN pg_constraint ON conrelid = spread
    JOIN citus_stand_in.spread AS target ON target.spread = confrelid
  WHERE contype = 'f' AND spread.key IS NOT NULL AND target.key IS NOT NULL
    AND (coalesce(spread.beside, spread.spread) <> coalesce(target.beside, target.spread) OR NOT EXISTS (
      SELECT FROM unnest(conkey, confkey) AS pair (own, other)
        JOIN pg_attribute AS ours ON ours.attrelid = conrelid AND ours.attnum = own AND ours.attname = spread.key
        JOIN pg_attribute AS theirs ON theirs.attrelid = confrelid AND theirs.attnum = other AND theirs.attname = target.key))
  UNION ALL
  SELECT format('%s: SET NULL or SET DEFAULT is not supported in ON DELETE operation when distribution key is included', conname)
  FROM citus_stand_in.spread JOIN pg_constraint ON conrelid = spread
    JOIN pg_attribute ON attrelid = spread AND attname = key AND attnum = ANY (conkey)
  WHERE contype = 'f' AND (confdeltype IN ('n', 'd') OR confupdtype IN ('n', 'd', 'c'))
$$;

CREATE FUNCTION citus_stand_in.keep_rules() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  broken text;
BEGIN
  SELECT string_agg(rule, '; ') INTO broken FROM citus_stand_in.broken_rules() AS rule;
  IF broken IS NOT NULL THEN
    RAISE feature_not_supported USING MESSAGE = broken;
  END IF;
END $$;

CREATE FUNCTION pg_catalog.create_distributed_table(
  table_name regclass, distribution_column text, colocate_with text DEFAULT 'none'
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = table_name AND attname = distribution_column AND attnotnull)
     AND distribution_column <> 'tenant' THEN
    RAISE undefined_column USING MESSAGE = format('%s has no column %s', table_name, distribution_column);
  END IF;
  IF colocate_with <> 'none'
     AND NOT EXISTS (SELECT FROM citus_stand_in.spread WHERE spread = colocate_with::regclass AND key IS NOT NULL) THEN
    RAISE feature_not_supported USING MESSAGE = format('%s is not distributed', colocate_with);
  END IF;
  INSERT INTO citus_stand_in.spread
    SELECT table_name, distribution_column, CASE WHEN colocate_with <> 'none' THEN colocate_with::regclass END;
  PERFORM citus_stand_in.keep_rules();
END $$;

CREATE FUNCTION pg_catalog.create_reference_table(table_name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO citus_stand_in.spread VALUES (table_name);
  PERFORM citus_stand_in.keep_rules();
END $$;

-- One worker: this server.
CREATE FUNCTION pg_catalog.run_command_on_workers(command text)
RETURNS TABLE (nodename text, nodeport int, success bool, result text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE command;
  RETURN QUERY SELECT 'worker', 5432, true, 'done';
END $$;
