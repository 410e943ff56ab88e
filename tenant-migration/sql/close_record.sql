DO $record$
DECLARE
  record constant oid := pg_catalog.to_regclass('seaql_migrations');
  reader text;
BEGIN
  IF (SELECT pg_catalog.pg_get_userbyid(relowner) FROM pg_catalog.pg_class WHERE oid = record) <> :'owner' THEN
    EXECUTE pg_catalog.format('ALTER TABLE %s OWNER TO %I', CAST(record AS regclass), :'owner');
  END IF;
  FOR reader IN
    SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(grantee)) END
    FROM pg_catalog.pg_class, pg_catalog.aclexplode(relacl)
    WHERE pg_class.oid = record
      AND (grantee = 0 OR pg_catalog.pg_get_userbyid(grantee) IN (:'app', :'admin', :'reporting'))
  LOOP
    EXECUTE pg_catalog.format('REVOKE ALL ON TABLE %s FROM %s', CAST(record AS regclass), reader);
  END LOOP;
END
$record$;
