DO $database$
DECLARE
  right_wanted record;
  place text;
BEGIN
  -- A right of PUBLIC is a right of the application role.
  IF pg_catalog.has_database_privilege('public', pg_catalog.current_database(), 'CREATE') THEN
    EXECUTE pg_catalog.format('REVOKE CREATE ON DATABASE %I FROM PUBLIC', pg_catalog.current_database());
  END IF;
  IF pg_catalog.has_database_privilege('public', pg_catalog.current_database(), 'TEMPORARY') THEN
    EXECUTE pg_catalog.format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', pg_catalog.current_database());
  END IF;
  IF pg_catalog.has_database_privilege('public', pg_catalog.current_database(), 'CREATE, TEMPORARY') THEN
    RAISE EXCEPTION 'PUBLIC may still create schemas or temporary tables in database %: run `migrate up` once as a superuser or as the database''s owner',
      pg_catalog.current_database() USING ERRCODE = 'insufficient_privilege';
  END IF;

  FOR right_wanted IN
    SELECT grantee, privilege FROM (VALUES (:'owner', 'CREATE'), (:'app', 'CONNECT'), (:'admin', 'CONNECT'),
        (:'reporting', 'CONNECT'), (:'migrator', 'CONNECT'), (:'mover', 'CONNECT')) AS wanted (grantee, privilege)
      WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_database, pg_catalog.aclexplode(datacl) AS acl
          JOIN pg_catalog.pg_roles ON pg_roles.oid = acl.grantee
        WHERE datname = pg_catalog.current_database() AND rolname = wanted.grantee AND privilege_type = privilege)
  LOOP
    EXECUTE pg_catalog.format('GRANT %s ON DATABASE %I TO %I',
      right_wanted.privilege, pg_catalog.current_database(), right_wanted.grantee);
    -- Who may not grant is only warned.
    IF NOT pg_catalog.has_database_privilege(right_wanted.grantee, pg_catalog.current_database(), right_wanted.privilege) THEN
      RAISE EXCEPTION 'the role % has no % on database %: run `migrate up` once as a superuser or as the database''s owner',
        right_wanted.grantee, right_wanted.privilege, pg_catalog.current_database() USING ERRCODE = 'insufficient_privilege';
    END IF;
  END LOOP;
  FOR right_wanted IN
    SELECT rolname AS grantee, privilege_type AS privilege
    FROM pg_catalog.pg_database, pg_catalog.aclexplode(datacl) AS acl JOIN pg_catalog.pg_roles ON pg_roles.oid = acl.grantee
    WHERE datname = pg_catalog.current_database() AND rolname IN (:'app', :'admin', :'reporting')
      AND privilege_type IN ('CREATE', 'TEMPORARY')
  LOOP
    EXECUTE pg_catalog.format('REVOKE %s ON DATABASE %I FROM %I CASCADE',
      right_wanted.privilege, pg_catalog.current_database(), right_wanted.grantee);
  END LOOP;

  FOR place IN
    SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname IN ('public', pg_catalog.current_schema())
  LOOP
    IF pg_catalog.has_schema_privilege('public', place, 'CREATE') THEN
      EXECUTE pg_catalog.format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', place);
      IF pg_catalog.has_schema_privilege('public', place, 'CREATE') THEN
        RAISE EXCEPTION 'PUBLIC may still create objects in schema %: run `migrate up` once as a superuser or as the schema''s owner',
          place USING ERRCODE = 'insufficient_privilege';
      END IF;
    END IF;
    FOR right_wanted IN
      SELECT grantee, privilege FROM (VALUES (:'owner', 'USAGE'), (:'owner', 'CREATE'), (:'app', 'USAGE'),
          (:'admin', 'USAGE'), (:'reporting', 'USAGE')) AS wanted (grantee, privilege)
        WHERE NOT EXISTS (
          SELECT FROM pg_catalog.pg_namespace, pg_catalog.aclexplode(nspacl) AS acl
            JOIN pg_catalog.pg_roles ON pg_roles.oid = acl.grantee
          WHERE nspname = place AND rolname = wanted.grantee AND privilege_type = privilege)
    LOOP
      EXECUTE pg_catalog.format('GRANT %s ON SCHEMA %I TO %I', right_wanted.privilege, place, right_wanted.grantee);
      IF NOT pg_catalog.has_schema_privilege(right_wanted.grantee, place, right_wanted.privilege) THEN
        RAISE EXCEPTION 'the role % has no % on schema %: run `migrate up` once as a superuser or as the schema''s owner',
          right_wanted.grantee, right_wanted.privilege, place USING ERRCODE = 'insufficient_privilege';
      END IF;
    END LOOP;
    FOR right_wanted IN
      SELECT rolname AS grantee, privilege_type AS privilege
      FROM pg_catalog.pg_namespace, pg_catalog.aclexplode(nspacl) AS acl JOIN pg_catalog.pg_roles ON pg_roles.oid = acl.grantee
      WHERE nspname = place AND rolname IN (:'app', :'admin', :'reporting') AND privilege_type = 'CREATE'
    LOOP
      EXECUTE pg_catalog.format('REVOKE %s ON SCHEMA %I FROM %I CASCADE',
        right_wanted.privilege, place, right_wanted.grantee);
    END LOOP;
  END LOOP;
END
$database$;
