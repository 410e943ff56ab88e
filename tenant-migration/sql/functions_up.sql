DO $functions$
DECLARE
  wanted record;
  open_functions text[] := '{}';
BEGIN
  FOR wanted IN
    SELECT pg_catalog.format('%I.%I(%s)', nspname, proname, pg_catalog.oidvectortypes(proargtypes)) AS signature,
      pg_catalog.pg_has_role(proowner, 'MEMBER') AS ours,
      proacl IS NULL OR EXISTS (
        SELECT FROM pg_catalog.aclexplode(proacl) AS acl WHERE acl.grantee = 0) AS open,
      is_statistics
    FROM (
:functions_beyond_tenants
    ) AS beyond
      JOIN pg_catalog.pg_proc USING (oid)
      JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pronamespace
    ORDER BY 1
  LOOP
    -- Some are closed from the start, such as those that read the server's files, and stay closed to everybody.
    CONTINUE WHEN NOT wanted.open;
    IF wanted.ours THEN
      EXECUTE pg_catalog.format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', wanted.signature);
      EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO %I, %I', wanted.signature, :'owner', :'admin');
      IF wanted.is_statistics THEN
        EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO pg_monitor', wanted.signature);
      END IF;
    ELSE
      open_functions := open_functions || wanted.signature;
    END IF;
  END LOOP;

  -- Not an error: where nobody is given a superuser's rights, as on a hosted server, the filter alone refuses these.
  IF open_functions <> '{}' THEN
    RAISE WARNING 'PUBLIC may still execute % functions that reach beyond one tenant, such as %',
        pg_catalog.cardinality(open_functions), open_functions[1]
      USING HINT = 'Run `migrate up` once as a superuser on a new database, or revoke EXECUTE by hand.';
  END IF;
END
$functions$;
