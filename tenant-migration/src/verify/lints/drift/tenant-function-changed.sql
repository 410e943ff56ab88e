-- The text of the function as the server keeps it, between its quotes.
SELECT 'function ' || w.name AS object,
  CASE WHEN p.oid IS NULL THEN 'it is missing, and every policy asks it' ELSE format('it is not what `migrate plan` prints: %s',
    CASE WHEN p.source <> w.source THEN 'its text differs' WHEN l.lanname <> 'plpgsql' THEN 'it is not plpgsql'
      ELSE 'it returns another type' END)
  END AS detail,
  '-- make it again as `migrate plan` prints it' AS repair
FROM described, jsonb_to_recordset(described.registry -> 'functions') AS w (name text, source text, type text)
-- Which organisations are being moved is no change; `fence-differs` compares what each was given.
LEFT JOIN ((
    SELECT oid, proname, pronamespace, prolang, prorettype, pronargs, regexp_replace(prosrc, '  (IF CAST\(bound AS uuid\) = ANY \(''\{[0-9a-f,-]+\}''\) THEN PERFORM tenancy\.(pass_fence|turn_away)\(bound\); END IF;|PERFORM tenancy\.pass_fence\(CAST\(tenant AS text\)\) FROM unnest\(CAST\(''\{[0-9a-f,-]+\}'' AS uuid\[\]\)\) AS tenant;|RETURN ''\{[0-9a-f,-]+\}'';(?=\n  RETURN ''\{\}'';))\n', '', 'g') AS source
    FROM pg_proc) p
    JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang)
  ON p.pronargs = 0 AND format('%I.%I()', n.nspname, p.proname) = w.name
WHERE p.oid IS NULL OR p.source <> w.source OR l.lanname <> 'plpgsql' OR p.prorettype <> w.type::regtype
