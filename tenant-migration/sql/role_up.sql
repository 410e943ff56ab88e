DO $role$
DECLARE
  group_name constant text := :'group';
  found text;
  setting text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = :'role') THEN
    BEGIN
      EXECUTE pg_catalog.format('CREATE ROLE %I WITH %s', :'role', :'attributes');
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL; -- roles are the cluster's: a migration of another database made it meanwhile
    END;
  END IF;

  -- A role that is more than it should be is not changed behind its user's back: it may be somebody's login.
  SELECT pg_catalog.string_agg(attribute, ', ') INTO found
    FROM pg_catalog.pg_roles,
      LATERAL (VALUES ('SUPERUSER', rolsuper), ('BYPASSRLS', rolbypassrls), ('CREATEROLE', rolcreaterole),
        ('CREATEDB', rolcreatedb), ('REPLICATION', rolreplication), ('LOGIN', rolcanlogin)) AS held (attribute, value)
    WHERE rolname = :'role' AND value AND attribute <> ALL (CAST(:'allowed' AS text[]));
  IF found IS NOT NULL THEN
    RAISE EXCEPTION 'the role % must not have %: run ALTER ROLE % WITH NO%, or configure another role',
      :'role', found, pg_catalog.quote_ident(:'role'), pg_catalog.replace(found, ', ', ' NO')
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;

  SELECT pg_catalog.string_agg(pg_catalog.quote_ident(granted.rolname), ', ') INTO found
    FROM pg_catalog.pg_auth_members AS membership
      JOIN pg_catalog.pg_roles AS granted ON granted.oid = membership.roleid
      JOIN pg_catalog.pg_roles AS member ON member.oid = membership.member
    WHERE member.rolname = :'role' AND granted.rolname <> group_name;
  IF found IS NOT NULL THEN
    RAISE EXCEPTION 'the role % must not be a member of %: run REVOKE % FROM %, or configure another role',
      :'role', found, found, pg_catalog.quote_ident(:'role')
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;

  IF group_name <> '' AND NOT pg_catalog.pg_has_role(:'role', group_name, 'MEMBER') THEN
    BEGIN
      EXECUTE pg_catalog.format('GRANT %I TO %I', group_name, :'role');
    EXCEPTION WHEN unique_violation THEN
      NULL; -- a migration of another database did it meanwhile
    END;
  END IF;

  FOREACH setting IN ARRAY CAST(:'settings' AS text[]) LOOP
    WHILE NOT EXISTS (SELECT FROM pg_catalog.pg_roles, pg_catalog.unnest(rolconfig) AS existing
        WHERE rolname = :'role' AND pg_catalog.split_part(existing, '=', 1) = pg_catalog.split_part(setting, '=', 1))
    LOOP
      BEGIN
        EXECUTE pg_catalog.format('ALTER ROLE %I SET %I = %L', :'role',
          pg_catalog.split_part(setting, '=', 1), pg_catalog.split_part(setting, '=', 2));
        EXIT;
      EXCEPTION
        WHEN invalid_parameter_value THEN
          -- client_connection_check_interval needs a system call that not every server's system has.
          RAISE NOTICE 'the role % goes without %: %', :'role', setting, SQLERRM;
          EXIT;
        WHEN unique_violation THEN
          NULL; -- a migration of another database gave the role a setting meanwhile: maybe not this one
        WHEN internal_error THEN
          -- The same, of a role that had settings. The server translates no message of this kind.
          IF SQLERRM <> 'tuple concurrently updated' THEN
            RAISE;
          END IF;
      END;
    END LOOP;
  END LOOP;
END
$role$;
