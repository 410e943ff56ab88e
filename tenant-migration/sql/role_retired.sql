-- A role of an earlier configuration keeps nothing in this database; :'successor' has its place. It may still serve others
-- of the cluster.
DO $retired$
DECLARE
  role constant regrole := pg_catalog.to_regrole(pg_catalog.quote_ident(:'role'));
  elsewhere text[];
  object record;
BEGIN
  IF role IS NULL THEN
    RETURN;
  END IF;
  IF :'owned' = 'yes' THEN
    -- REASSIGN OWNED gives away whole databases too.
    SELECT pg_catalog.array_agg(datname) INTO elsewhere
      FROM pg_catalog.pg_database WHERE datdba = role AND datname <> pg_catalog.current_database();
    EXECUTE pg_catalog.format('REASSIGN OWNED BY %s TO %I', role, :'successor');
    FOR object IN SELECT name FROM pg_catalog.unnest(elsewhere) AS name LOOP
      EXECUTE pg_catalog.format('ALTER DATABASE %I OWNER TO %s', object.name, role);
    END LOOP;
  END IF;
  FOR object IN
    SELECT DISTINCT CASE classid
        WHEN CAST('pg_catalog.pg_class' AS regclass) THEN pg_catalog.format('%s %s',
          CASE WHEN (SELECT relkind FROM pg_catalog.pg_class WHERE oid = objid) = 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
          CAST(objid AS regclass))
        WHEN CAST('pg_catalog.pg_namespace' AS regclass) THEN pg_catalog.format('SCHEMA %s', CAST(objid AS regnamespace))
        WHEN CAST('pg_catalog.pg_proc' AS regclass) THEN pg_catalog.format('ROUTINE %s', CAST(objid AS regprocedure))
        WHEN CAST('pg_catalog.pg_type' AS regclass) THEN pg_catalog.format('TYPE %s', CAST(objid AS regtype))
        WHEN CAST('pg_catalog.pg_database' AS regclass) THEN
          (SELECT pg_catalog.format('DATABASE %I', datname) FROM pg_catalog.pg_database
            WHERE oid = objid AND datname = pg_catalog.current_database())
      END AS name,
      classid = CAST('pg_catalog.pg_proc' AS regclass) AND EXISTS (SELECT FROM pg_catalog.pg_proc
        WHERE oid = objid AND pronamespace = CAST('pg_catalog' AS regnamespace)) AS of_server
    FROM pg_catalog.pg_shdepend
    WHERE refclassid = CAST('pg_catalog.pg_authid' AS regclass) AND refobjid = role AND deptype = 'a'
      AND dbid IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
  LOOP
    CONTINUE WHEN object.name IS NULL;
    EXECUTE pg_catalog.format('REVOKE ALL ON %s FROM %s', object.name, role);
    -- The server's functions that were closed to everybody else are not open to be found again.
    IF object.of_server THEN
      EXECUTE pg_catalog.format('GRANT EXECUTE ON %s TO %I', object.name, :'successor');
    END IF;
  END LOOP;
END
$retired$;
