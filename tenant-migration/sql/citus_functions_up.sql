DO $functions$
DECLARE
  signature text;
BEGIN
  FOR signature IN
    SELECT pg_catalog.format('%I.%I(%s)', nspname, proname, pg_catalog.oidvectortypes(proargtypes))
    FROM pg_catalog.pg_proc JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pronamespace
    WHERE nspname = 'pg_catalog' AND proname LIKE 'run\_command\_on\_%'
    ORDER BY 1
  LOOP
    EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC, %I, %I, %I',
      signature, :'app', :'admin', :'reporting');
  END LOOP;
END
$functions$;
