DO $schema$
DECLARE
  found text;
BEGIN
  SELECT pg_catalog.pg_get_userbyid(nspowner) INTO found FROM pg_catalog.pg_namespace WHERE nspname = :'schema';
  IF found IS NULL THEN
    EXECUTE pg_catalog.format('CREATE SCHEMA %I AUTHORIZATION %I', :'schema', :'owner');
  ELSIF found <> :'owner' THEN
    RAISE EXCEPTION 'the schema % belongs to %, and not to %: run ALTER SCHEMA % OWNER TO % as a superuser, or configure other roles',
      :'schema', found, :'owner', :'schema', pg_catalog.quote_ident(:'owner')
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;

  -- Everybody may connect to a database, unless that was taken away.
  IF NOT pg_catalog.has_database_privilege(:'router', pg_catalog.current_database(), 'CONNECT') THEN
    EXECUTE pg_catalog.format('GRANT CONNECT ON DATABASE %I TO %I', pg_catalog.current_database(), :'router');
    -- Who may not grant is only warned.
    IF NOT pg_catalog.has_database_privilege(:'router', pg_catalog.current_database(), 'CONNECT') THEN
      RAISE EXCEPTION 'the role % may not connect to database %: run `migrate catalog up` once as a superuser or as the database''s owner',
        :'router', pg_catalog.current_database() USING ERRCODE = 'insufficient_privilege';
    END IF;
  END IF;
END
$schema$;
