DO $workers$
DECLARE
  failed text;
BEGIN
  SELECT pg_catalog.string_agg(pg_catalog.format('%s:%s: %s', nodename, nodeport, result), '; ') INTO failed
    FROM pg_catalog.run_command_on_workers(:'command') WHERE NOT success;
  IF failed IS NOT NULL THEN
    RAISE EXCEPTION 'not done on every worker: %', failed
      USING HINT = 'Mend what the worker says, and run this step again: it may be done twice.';
  END IF;
END
$workers$;
