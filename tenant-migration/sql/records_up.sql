DO $records$
BEGIN
  IF pg_catalog.to_regclass('seaql_migrations') IS NOT NULL THEN
    ALTER TABLE seaql_migrations OWNER TO :"owner";
    REVOKE ALL ON TABLE seaql_migrations FROM PUBLIC, :"app", :"admin", :"reporting";
  END IF;
END
$records$;
