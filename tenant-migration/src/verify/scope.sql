-- What a lint's query may name; it stands in front of each, with `beyond_tenants` (sql/functions_beyond_tenants.sql). $1 to $3: the tables that are known, with their schema and tenant
-- column ('' where rows are shared). $4: the application's role. $5: the role that works across tenants, or NULL.
-- $6: what the registry says of the tables, as JSON, or without one the column that they were found by. The search path is pg_catalog alone.
WITH RECURSIVE
given (schema, name, key) AS (
  SELECT * FROM ROWS FROM (unnest($1::text[]), unnest($2::text[]), unnest($3::text[])) AS given (schema, name, key)
),
live AS (
  SELECT c.oid, g.schema, g.name, g.key, c.relkind, a.attnum, format('%I.%I', g.schema, g.name) COLLATE "C" AS ident
  FROM given g
  JOIN pg_namespace n ON n.nspname = g.schema
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = g.name AND c.relkind IN ('r', 'p')
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = g.key AND NOT a.attisdropped
),
shared AS (SELECT * FROM live WHERE key = ''),
-- Tables with a tenant column, without partitions and children of others among them.
scoped AS (
  SELECT l.* FROM live l
  WHERE l.attnum IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_inherits i JOIN live parent ON parent.oid = i.inhparent
    WHERE i.inhrelid = l.oid AND parent.attnum IS NOT NULL)
),
-- Those, and their partitions and children of any depth.
family (oid, root, key, attnum, relkind, ident) AS (
  SELECT oid, oid, key, attnum, relkind, ident FROM scoped
  UNION
  SELECT c.oid, f.root, f.key, a.attnum, c.relkind, format('%I.%I', n.nspname, c.relname) COLLATE "C"
  FROM family f
  JOIN pg_inherits i ON i.inhparent = f.oid
  JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind IN ('r', 'p')
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = f.key AND NOT a.attisdropped
),
-- The framework's access log and what can be erased of it, with their partitions.
log AS (
  SELECT c.oid, root.oid AS root, root.relname AS root_name, root.relnamespace AS namespace, a.attnum, c.relowner AS owner,
    format('%I.%I', n.nspname, c.relname) COLLATE "C" AS ident
  FROM pg_class root JOIN pg_namespace framework ON framework.oid = root.relnamespace AND framework.nspname = 'tenancy'
  CROSS JOIN LATERAL (SELECT root.oid UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = root.oid) AS part (oid)
  JOIN pg_class c ON c.oid = part.oid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
  WHERE root.relname IN ('access_log', 'access_log_values') AND root.relkind = 'p'
),
-- The months from this one to that in 35 days for which one of the two has no partition.
log_gaps AS (
  SELECT log.ident, log.owner, months.month
  FROM log, (SELECT now() AT TIME ZONE 'UTC', (now() + interval '35 days') AT TIME ZONE 'UTC') AS span (first, last),
    generate_series(date_trunc('month', span.first), date_trunc('month', span.last), interval '1 month') AS months (month)
  WHERE log.oid = log.root AND NOT EXISTS (
    SELECT FROM log part JOIN pg_class c USING (oid), LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS text) AS bound
    WHERE part.root = log.oid AND part.oid <> log.oid AND (bound.text = 'DEFAULT'
      OR coalesce(substring(bound.text, 'FROM \(''([^'']*)'), '-infinity')::timestamptz <= months.month AT TIME ZONE 'UTC'
      AND coalesce(substring(bound.text, 'TO \(''([^'']*)'), 'infinity')::timestamptz
        >= (months.month + interval '1 month') AT TIME ZONE 'UTC'))
),
-- The scoped tables' families, and the views that read them, however far.
readers (oid, base) AS (
  SELECT oid, ident FROM family
  UNION
  SELECT r.ev_class, readers.base
  FROM readers
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = readers.oid AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> readers.oid
),
-- What sessions in this database begin with: of a role, 0 for all.
settings AS (
  SELECT s.setrole AS role, split_part(line, '=', 1) AS name, substr(line, strpos(line, '=') + 1) AS value,
    coalesce(nullif(concat_ws(' in ', 'role ' || quote_ident(r.rolname), 'database ' || quote_ident(d.datname)), ''), 'all roles')
      AS owner,
    CASE WHEN s.setrole = 0 AND s.setdatabase = 0 THEN 'ALTER ROLE ALL RESET '
      WHEN r.oid IS NULL THEN format('ALTER DATABASE %I RESET ', d.datname)
      ELSE format('ALTER ROLE %I%s RESET ', r.rolname, ' IN DATABASE ' || quote_ident(d.datname)) END AS reset
  FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS line
  LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
  WHERE s.setdatabase = 0 OR d.datname = current_database()
),
app AS (SELECT oid, rolname, rolsuper, quote_ident(rolname) AS ident FROM pg_roles WHERE rolname = $4::text),
admin AS (SELECT oid, rolname, quote_ident(rolname) AS ident FROM pg_roles WHERE rolname = $5::text),
-- A superuser passes for a member of every role: of what it was given, the grants tell.
given_roles (oid) AS (
  SELECT oid FROM app UNION SELECT m.roleid FROM given_roles g JOIN pg_auth_members m ON m.member = g.oid
),
-- The roles whose rights the application has, and those that it can become by SET ROLE.
held AS (
  SELECT r.oid, r.rolname FROM pg_roles r, app
  WHERE CASE WHEN app.rolsuper THEN r.oid IN (SELECT oid FROM given_roles) ELSE pg_has_role(app.oid, r.oid, 'USAGE') END
),
reach AS (
  SELECT r.oid, r.rolname, quote_ident(r.rolname) AS ident FROM pg_roles r, app
  WHERE CASE WHEN app.rolsuper THEN r.oid IN (SELECT oid FROM given_roles) ELSE pg_has_role(app.oid, r.oid, 'MEMBER') END
),
-- Those, and PUBLIC: to whom nothing must be given that row-level security doesn't hold. The role across tenants and an owner of
-- tables are meant to have more; that the application can become them is named by lints of its own.
grantees AS (
  SELECT reach.oid, reach.ident, CASE reach.oid WHEN app.oid THEN 'role ' || app.ident
    ELSE format('role %s, which role %s has or can become,', reach.ident, app.ident) END AS who
  FROM reach, app
  WHERE reach.oid = app.oid OR reach.oid NOT IN (
    SELECT oid FROM admin UNION ALL SELECT c.relowner FROM family f JOIN pg_class c ON c.oid = f.oid)
  UNION ALL
  SELECT 0, 'PUBLIC', 'PUBLIC'
),
-- What they were given of tables, sequences and the like, or of columns; an owner's own rights are not among it.
rights AS (
  SELECT c.oid AS relid, g.ident, g.who, acl.privilege_type AS "right"
  FROM pg_class c CROSS JOIN LATERAL (
    SELECT own.grantee, own.privilege_type FROM aclexplode(c.relacl) AS own
    UNION
    SELECT part.grantee, part.privilege_type FROM pg_attribute a, aclexplode(a.attacl) AS part WHERE a.attrelid = c.oid
  ) AS acl
  JOIN grantees g ON g.oid = acl.grantee
  WHERE acl.grantee <> c.relowner
),
-- The functions that they may execute.
callable AS (
  SELECT DISTINCT p.oid, g.oid AS grantee, g.ident, g.who
  FROM pg_proc p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS acl
  JOIN grantees g ON g.oid = acl.grantee
),
-- The trees of policies' expressions; most tables have the same.
trees AS (
  SELECT DISTINCT f.attnum, expression.tree::text AS tree
  FROM (SELECT oid, attnum FROM family UNION SELECT oid, attnum FROM log) f JOIN pg_policy p ON p.polrelid = f.oid, LATERAL (VALUES (p.polqual), (p.polwithcheck)) AS expression (tree)
  WHERE expression.tree IS NOT NULL
),
-- What must all be true of a row that passes: the parts of an AND, or the whole. A backslash keeps a brace in a name from being one
-- of the tree's.
conditions AS (
  SELECT attnum, tree, tree AS condition FROM trees WHERE tree !~ '^\{BOOLEXPR :boolop and '
  UNION ALL
  SELECT attnum, tree, part.condition
  FROM trees, LATERAL (
    SELECT string_agg(token, '' ORDER BY place) AS condition
    FROM (
      SELECT *, count(*) FILTER (WHERE token = '{' AND depth = 2) OVER (ORDER BY place) AS number
      FROM (
        SELECT found[1] AS token, place,
          sum(CASE found[1] WHEN '{' THEN 1 WHEN '}' THEN -1 ELSE 0 END) OVER (ORDER BY place) AS depth
        FROM regexp_matches(tree, '(?:\\.|[^{}\\])+|[{}]', 'g') WITH ORDINALITY AS tokens (found, place)
      ) AS nested
    ) AS numbered
    WHERE depth > 1 OR depth = 1 AND token = '}'
    GROUP BY number
  ) AS part
  WHERE tree ~ '^\{BOOLEXPR :boolop and '
),
-- Not materialized, so that a lint that doesn't ask for it doesn't pay for it.
judged AS NOT MATERIALIZED (
  SELECT c.attnum, c.tree,
    -- Whether one of them is "tenant column = something that no row decides": then no row of another tenant passes.
    bool_or(operator.oid IS NOT NULL AND c.condition ~ shape.equality AND NOT reads.more) AS equals,
    -- Whether one holds the tenant column to several such values, or to what a table says, which is not known here.
    bool_or(operator.oid IS NOT NULL
        AND (c.condition ~ shape.membership AND NOT reads.more OR c.condition ~ shape.lookup AND NOT reads."outer")
      OR c.condition ~ shape.existence AND reads."table") AS looks_up
  FROM conditions c
  -- An operator that somebody made can be called = and compare nothing.
  LEFT JOIN pg_operator operator ON operator.oprname = '=' AND operator.oprnamespace = 'pg_catalog'::regnamespace
    AND operator.oid = substring(c.condition, '^\{(?:SUBLINK :subLinkType 2 [^{}]*\{)?(?:SCALARARRAY)?OPEXPR :opno (\d+) ')::oid,
  LATERAL (SELECT
    format('(\{(RELABELTYPE|COERCEVIAIO) :arg )?\{VAR :varno 1 :varattno %s [^{}]*\}( :resulttype [^{}]*\})?', c.attnum) AS own,
    '\{(FUNCEXPR|SQLVALUEFUNCTION|SUBLINK) ' AS source,
    '\) :location -?\d+\}$' AS "end") AS node,
  LATERAL (SELECT
    format('^\{OPEXPR ([^{}]*:args \(%1$s .*%2$s|.*%2$s.*%1$s%3$s)', node.own, node.source, node."end") AS equality,
    format('^\{SCALARARRAYOPEXPR [^{}]*:useOr true [^{}]*:args \(%s .*%s', node.own, node.source) AS membership,
    format('^\{(SUBLINK :subLinkType 2 [^{}]*:testexpr \{OPEXPR [^{}]*:args \(%1$s \{PARAM '
      || '|OPEXPR [^{}]*:args \((%1$s \{SUBLINK |\{SUBLINK .*%1$s%2$s))', node.own, node."end") AS lookup,
    format('^\{SUBLINK :subLinkType 0 .*\{VAR :varno 1 :varattno %s [^{}]*:varlevelsup 1 ', c.attnum) AS existence) AS shape,
  LATERAL (SELECT
    strpos(regexp_replace(c.condition, '\{VAR ', ''), '{VAR ') > 0 AS more,
    c.condition ~ '\{VAR [^{}]*:varlevelsup [1-9]' AS "outer",
    strpos(c.condition, ' :rtekind 0 ') > 0 AS "table") AS reads
  GROUP BY c.attnum, c.tree
),
policies AS (
  SELECT p.oid, f.oid AS relid, f.ident AS "table", f.key, p.polname, quote_ident(p.polname) AS ident, p.polpermissive AS permissive,
    p.polcmd AS command, p.polroles AS roles, pg_get_expr(p.polqual, p.polrelid) AS "using",
    pg_get_expr(p.polwithcheck, p.polrelid) AS "check",
    -- Whether each expression reads the tenant column of the row that is judged.
    coalesce(p.polqual::text ~ format(':varno 1 :varattno %s ', f.attnum), false) AS using_tenant,
    coalesce(p.polwithcheck::text ~ format(':varno 1 :varattno %s ', f.attnum), false) AS check_tenant,
    coalesce(u.equals, false) AS using_equals,
    coalesce(c.equals, false) AS check_equals,
    coalesce(u.equals OR u.looks_up, false) AS using_held,
    coalesce(c.equals OR c.looks_up, false) AS check_held,
    -- Whether it lets its roles read or write rows whose tenant doesn't decide.
    p.polpermissive AND CASE p.polcmd WHEN 'a' THEN (c.equals OR c.looks_up) IS NOT TRUE AND pg_get_expr(p.polwithcheck, p.polrelid) <> 'false'
      ELSE (u.equals OR u.looks_up) IS NOT TRUE AND pg_get_expr(p.polqual, p.polrelid) IS DISTINCT FROM 'false' END AS shows_all,
    EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = f.oid AND d.refobjsubid = f.attnum) AS on_tenant,
    0 = ANY (p.polroles) OR EXISTS (SELECT FROM held WHERE held.oid = ANY (p.polroles)) AS holds_app
  FROM family f JOIN pg_policy p ON p.polrelid = f.oid
  LEFT JOIN judged u ON u.attnum = f.attnum AND u.tree = p.polqual::text
  LEFT JOIN judged c ON c.attnum = f.attnum AND c.tree = p.polwithcheck::text
),
-- Whom policies of the application on the tenant column ask which tenant is bound: the functions without arguments, and those whose
-- first is a constant.
sources AS (
  SELECT p.oid, p.ident, p."table", p.key, p."using", p."check", ARRAY(
    SELECT DISTINCT call[1]
    FROM regexp_matches(concat_ws(' ', p."using", p."check"), '([[:alnum:]_."]+\((?:\)|''[^'']*''))', 'g') AS call
    ORDER BY 1) AS asked
  FROM policies p WHERE p.holds_app AND p.on_tenant
),
-- The functions that policies ask, by name or through an operator; those of pg_catalog are not recorded as dependencies, and the
-- operators of extensions are not judged.
asked AS (
  SELECT p.oid, p.proname, p.pronamespace, p.proowner, p.provolatile, p.prosecdef, p.proconfig, p.prosrc,
    p.oid::regprocedure::text AS ident, bool_and(by.compares) AS compares, bool_or(policies.holds_app) AS for_app
  FROM policies
  JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = policies.oid
  CROSS JOIN LATERAL (
    SELECT d.refobjid AS oid, false AS compares WHERE d.refclassid = 'pg_proc'::regclass
    UNION ALL
    SELECT o.oprcode, o.oprleft <> 0 FROM pg_operator o
    WHERE d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid AND NOT EXISTS (
      SELECT FROM pg_depend e WHERE e.classid = 'pg_operator'::regclass AND e.objid = o.oid AND e.deptype = 'e')
  ) AS by
  JOIN pg_proc p ON p.oid = by.oid
  GROUP BY p.oid
),
-- The variables that bind a tenant: those that policies and the functions they ask name.
binding AS (
  SELECT DISTINCT lower(found[1]) AS name
  FROM (
    SELECT concat("using", "check") AS text FROM policies UNION ALL SELECT prosrc FROM asked
  ) AS source, regexp_matches(source.text, '''([[:alpha:]_][[:alnum:]_$]*(?:\.[[:alpha:]_][[:alnum:]_$]*)+)''', 'g') AS found
),
described AS (SELECT $6::text::jsonb AS registry)
