-- What isolation rests on in this database, one line of JSON for each fact, in no order. The same for every role that asks, and
-- in every copy of the database: names, never OIDs.
WITH RECURSIVE
tenancy AS (SELECT oid, nspowner AS owner FROM pg_catalog.pg_namespace WHERE nspname = 'tenancy'),
-- Who runs programs: the roles that may use the framework's schema.
users (oid) AS (
  SELECT DISTINCT item.grantee
  FROM tenancy
  JOIN pg_catalog.pg_namespace n ON n.oid = tenancy.oid
  CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) item
  WHERE item.grantee NOT IN (0, tenancy.owner)
),
-- The schemas of PostgreSQL itself, and of sessions' temporary tables.
system (oid) AS (
  SELECT oid FROM pg_catalog.pg_namespace WHERE nspname ~ '^pg_' OR nspname = 'information_schema'
),
-- An extension answers for its own.
extensions (class, oid) AS (SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'e'),
-- What the framework's owner owns, or its users have a right on, and partitions of it, whoever owns those.
covered (oid) AS (
  SELECT c.oid
  FROM tenancy
  JOIN pg_catalog.pg_class c ON c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  WHERE c.relnamespace NOT IN (SELECT oid FROM system)
    AND ('pg_catalog.pg_class'::pg_catalog.regclass, c.oid) NOT IN (SELECT class, oid FROM extensions)
    AND (c.relowner = tenancy.owner OR EXISTS (
      SELECT FROM users u
      WHERE pg_catalog.has_schema_privilege(u.oid, c.relnamespace, 'USAGE')
        AND (pg_catalog.has_any_column_privilege(u.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
          OR pg_catalog.has_table_privilege(u.oid, c.oid, 'DELETE, TRUNCATE, TRIGGER'))))
  UNION
  SELECT i.inhrelid
  FROM covered
  JOIN pg_catalog.pg_inherits i ON i.inhparent = covered.oid
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
),
relations AS (
  SELECT c.oid, c.relnamespace AS namespace, c.relkind AS kind, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
    c.relowner AS owner, c.relrowsecurity, c.relforcerowsecurity, c.relacl, c.reloptions, c.relispartition AS is_partition,
    CASE WHEN c.relispartition THEN (SELECT i.inhparent FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) END AS parent
  FROM covered
  JOIN pg_catalog.pg_class c ON c.oid = covered.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
),
-- How a relation's rows are protected. Nothing here names the relation, so that a partition can be compared with its parent.
protection (oid, kind, fact) AS (
  SELECT oid, 'row security',
    pg_catalog.jsonb_build_array(pg_catalog.pg_get_userbyid(owner), relrowsecurity, relforcerowsecurity)
  FROM relations
  UNION ALL
  SELECT r.oid, 'policy', pg_catalog.jsonb_build_array(p.polname, p.polpermissive, p.polcmd,
    ARRAY(SELECT CASE role WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(role)) END COLLATE "C"
          FROM pg_catalog.unnest(p.polroles) role ORDER BY 1),
    pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
  FROM relations r JOIN pg_catalog.pg_policy p ON p.polrelid = r.oid
),
-- The rights on a relation, and those on a column of it. What was never granted is NULL, and means the default.
rights (oid, "column", acl) AS (
  SELECT oid, NULL::name, coalesce(relacl, pg_catalog.acldefault(CASE kind WHEN 'S' THEN 's' ELSE 'r' END::"char", owner))
  FROM relations
  UNION ALL
  SELECT r.oid, a.attname, a.attacl
  FROM relations r
  JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
),
-- What a partition has beside its parent's: its own, or the parent's and switched otherwise.
own (oid, kind, fact) AS (
  SELECT r.oid, 'constraint',
    pg_catalog.jsonb_build_array(c.conname, pg_catalog.pg_get_constraintdef(c.oid), c.convalidated, neglected.so)
  FROM relations r
  -- Constraint triggers are triggers, and NOT NULL is one of these only since 18.
  JOIN pg_catalog.pg_constraint c ON c.conrelid = r.oid AND c.contype NOT IN ('t', 'n')
  -- A foreign key is looked after by triggers, which can be switched off, or left to replicas.
  CROSS JOIN LATERAL (SELECT EXISTS (
    SELECT FROM pg_catalog.pg_trigger t WHERE t.tgconstraint = c.oid AND t.tgenabled NOT IN ('O', 'A'))) AS neglected (so)
  -- A constraint with a parent is one for a partition, here or of the table referred to. A check can only take away from what a
  -- partition holds.
  WHERE neglected.so OR c.conparentid = 0 AND (NOT r.is_partition OR c.coninhcount = 0 AND c.contype <> 'c')
  UNION ALL
  SELECT r.oid, 'trigger', pg_catalog.jsonb_build_array(t.tgname, t.tgenabled, pg_catalog.pg_get_triggerdef(t.oid))
  FROM relations r
  JOIN pg_catalog.pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
  -- Months of the access log come and go, each with the trigger of the whole that a TRUNCATE of the month alone would pass by.
  LEFT JOIN pg_catalog.pg_trigger parent ON parent.oid = t.tgparentid OR parent.tgrelid = r.parent AND parent.tgname = t.tgname
    AND parent.tgtype = t.tgtype AND parent.tgfoid = t.tgfoid AND t.tgfoid = pg_catalog.to_regprocedure('tenancy.keep_log()')
  WHERE parent.tgenabled IS DISTINCT FROM t.tgenabled
  UNION ALL
  -- What a view reads is its rule.
  SELECT r.oid, 'rule', pg_catalog.jsonb_build_array(w.rulename, w.ev_enabled, pg_catalog.pg_get_ruledef(w.oid))
  FROM relations r JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.oid
),
functions (oid) AS (
  SELECT p.oid FROM tenancy JOIN pg_catalog.pg_proc p ON p.pronamespace = tenancy.oid
  UNION
  -- What policies ask.
  SELECT d.refobjid
  FROM relations r
  JOIN pg_catalog.pg_policy p ON p.polrelid = r.oid
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = p.oid
    AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
  UNION
  -- What users can have run with other rights than theirs, or on rows that no policy has judged yet.
  SELECT p.oid
  FROM pg_catalog.pg_proc p
  WHERE (p.prosecdef OR p.proleakproof) AND p.pronamespace NOT IN (SELECT oid FROM system)
    AND ('pg_catalog.pg_proc'::pg_catalog.regclass, p.oid) NOT IN (SELECT class, oid FROM extensions)
    AND (
      EXISTS (
        SELECT FROM users u
        WHERE pg_catalog.has_schema_privilege(u.oid, p.pronamespace, 'USAGE')
          AND pg_catalog.has_function_privilege(u.oid, p.oid, 'EXECUTE'))
      OR EXISTS (SELECT FROM relations r JOIN pg_catalog.pg_trigger t ON t.tgrelid = r.oid WHERE t.tgfoid = p.oid))
),
-- The rights on what PostgreSQL brings with it, and those that it had when the server was made.
system_rights (name, acl, first) AS (
  SELECT object.name, object.acl, i.initprivs
  FROM (
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0, 'function ' || p.oid::pg_catalog.regprocedure, p.pronamespace, p.proacl
    FROM pg_catalog.pg_proc p
    UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0, c.oid::pg_catalog.regclass::text, c.relnamespace, c.relacl
    FROM pg_catalog.pg_class c
    UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, a.attnum,
      pg_catalog.format('%s.%I', c.oid::pg_catalog.regclass, a.attname), c.relnamespace, a.attacl
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
  ) AS object (class, oid, part, name, namespace, acl)
  LEFT JOIN pg_catalog.pg_init_privs i ON i.classoid = object.class AND i.objoid = object.oid AND i.objsubid = object.part
  WHERE object.acl IS NOT NULL
    AND object.namespace IN ('pg_catalog'::pg_catalog.regnamespace, 'information_schema'::pg_catalog.regnamespace)
),
facts (name, kind, fact) AS (
  SELECT r.name, p.kind, p.fact FROM relations r JOIN protection p ON p.oid = r.oid WHERE r.parent IS NULL
  UNION ALL
  SELECT r.name, 'grant', pg_catalog.jsonb_build_array(g."column", item)
  FROM relations r JOIN rights g ON g.oid = r.oid, pg_catalog.unnest(g.acl) item
  WHERE r.parent IS NULL
  UNION ALL
  SELECT r.name, own.kind, own.fact FROM relations r JOIN own ON own.oid = r.oid
  UNION ALL
  SELECT name, 'kind', pg_catalog.to_jsonb(kind) FROM relations WHERE parent IS NULL
  UNION ALL
  -- A table's options are for who tunes it; a view's say whose rights it reads with.
  SELECT r.name, 'option', pg_catalog.to_jsonb(option) FROM relations r, pg_catalog.unnest(r.reloptions) option WHERE r.kind = 'v'
  UNION ALL
  -- Partitions come and go: one that is protected as its parent is, and is open to nobody else, is no fact.
  SELECT r.name, 'partition with ' || f.kind, f.fact
  FROM relations r JOIN protection f ON f.oid = r.oid
  WHERE r.parent IS NOT NULL
    AND NOT EXISTS (SELECT FROM protection p WHERE p.oid = r.parent AND p.kind = f.kind AND p.fact = f.fact)
  UNION ALL
  SELECT r.name, 'partition without ' || p.kind, p.fact
  FROM relations r JOIN protection p ON p.oid = r.parent
  WHERE NOT EXISTS (SELECT FROM protection f WHERE f.oid = r.oid AND f.kind = p.kind AND f.fact = p.fact)
    -- Without any policy it shows nothing at all to who names it.
    AND NOT (p.kind = 'policy' AND r.relrowsecurity AND r.relforcerowsecurity
      AND NOT EXISTS (SELECT FROM protection f WHERE f.oid = r.oid AND f.kind = 'policy'))
  UNION ALL
  SELECT r.name, 'partition with grant', pg_catalog.jsonb_build_array(g."column", item)
  FROM relations r JOIN rights g ON g.oid = r.oid, pg_catalog.unnest(g.acl) item
  WHERE r.parent IS NOT NULL AND NOT EXISTS (
    SELECT FROM rights p
    WHERE p.oid = r.parent AND (p."column" IS NULL OR p."column" = g."column")
      AND p.acl OPERATOR(pg_catalog.@>) item)
  UNION ALL
  SELECT 'schema ' || pg_catalog.quote_ident(n.nspname), part.kind, part.fact
  FROM pg_catalog.pg_namespace n
  CROSS JOIN LATERAL (
    SELECT 'owner', pg_catalog.to_jsonb(pg_catalog.pg_get_userbyid(n.nspowner))
    UNION ALL
    SELECT 'grant', pg_catalog.to_jsonb(item)
    FROM pg_catalog.unnest(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) item
  ) AS part (kind, fact)
  WHERE n.oid IN (SELECT oid FROM tenancy UNION ALL SELECT namespace FROM relations WHERE parent IS NULL)
  UNION ALL
  SELECT 'function ' || p.oid::pg_catalog.regprocedure, part.kind, part.fact
  FROM functions
  JOIN pg_catalog.pg_proc p ON p.oid = functions.oid
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  CROSS JOIN LATERAL (
    -- The one place where a function's text comes in, but for who is being moved.
    SELECT 'source', pg_catalog.to_jsonb(coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), CASE
      WHEN p.pronamespace = pg_catalog.to_regnamespace('tenancy') THEN pg_catalog.regexp_replace(p.prosrc, '  (IF CAST\(bound AS uuid\) = ANY \(''\{[0-9a-f,-]+\}''\) THEN PERFORM tenancy\.(pass_fence|turn_away)\(bound\); END IF;|PERFORM tenancy\.pass_fence\(CAST\(tenant AS text\)\) FROM unnest\(CAST\(''\{[0-9a-f,-]+\}'' AS uuid\[\]\)\) AS tenant;|RETURN ''\{[0-9a-f,-]+\}'';(?=\n  RETURN ''\{\}'';))\n', '', 'g')
      ELSE p.prosrc END))
    UNION ALL
    SELECT 'attributes', pg_catalog.jsonb_build_array(pg_catalog.pg_get_userbyid(p.proowner), l.lanname, p.prokind,
      pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_result(p.oid), p.provolatile, p.prosecdef,
      p.proleakproof, p.proisstrict,
      -- No parallel worker asks while a fence is armed.
      CASE WHEN p.proparallel = 'r' AND p.pronamespace = pg_catalog.to_regnamespace('tenancy') AND p.prosrc LIKE '%PERFORM tenancy.pass\_fence(%'
        THEN 's' ELSE p.proparallel END, p.proconfig)
    UNION ALL
    SELECT 'grant', pg_catalog.to_jsonb(item)
    FROM pg_catalog.unnest(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) item
  ) AS part (kind, fact)
  UNION ALL
  -- Who gave it, and who owns it, is the server's superuser, who is called otherwise elsewhere.
  SELECT s.name, 'system grant', pg_catalog.jsonb_build_array(
    CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(item.grantee)) END,
    item.privilege_type, item.is_grantable)
  FROM system_rights s
  CROSS JOIN LATERAL pg_catalog.aclexplode(s.acl) item
  WHERE (item.grantee = 0 OR item.grantee IN (SELECT oid FROM users)) AND NOT EXISTS (
    SELECT FROM pg_catalog.aclexplode(s.first) had
    WHERE had.grantee = item.grantee AND had.privilege_type = item.privilege_type AND had.is_grantable = item.is_grantable)
)
SELECT CASE WHEN kind IN ('policy', 'constraint', 'trigger', 'rule') THEN
  -- A list of values of type varchar is printed with other casts once it was dumped and restored.
  pg_catalog.regexp_replace(pg_catalog.regexp_replace(pg_catalog.regexp_replace(text,
    '::(text|character varying)(\(\d+\))?(\[\])?', '', 'g'),
    '\((''([^'']|'''')*'')\)', '\1', 'g'),
    '\((\(ARRAY\[[^][]*\]\))\)', '\1', 'g')
  ELSE text END AS line
FROM (SELECT kind, pg_catalog.jsonb_build_array(name, kind, fact)::text AS text FROM facts) AS facts
