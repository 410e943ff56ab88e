-- What a lint's query may name; it stands in front of each. $1 to $3: the tables that are known, with their schema and tenant
-- column ('' where rows are shared). $4: the application's role. $5: the role that works across tenants, or NULL.
-- $6: what the registry says of the tables, as JSON; {} without a registry. The search path is pg_catalog alone.
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
-- Those, and the views that read them, however far.
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
policies AS (
  SELECT p.oid, f.oid AS relid, f.ident AS "table", f.key, p.polname, quote_ident(p.polname) AS ident, p.polpermissive AS permissive,
    p.polcmd AS command, p.polroles AS roles, pg_get_expr(p.polqual, p.polrelid) AS "using",
    pg_get_expr(p.polwithcheck, p.polrelid) AS "check",
    -- Whether each expression reads the tenant column of the row that is judged.
    coalesce(p.polqual::text ~ format(':varno 1 :varattno %s ', f.attnum), false) AS using_tenant,
    coalesce(p.polwithcheck::text ~ format(':varno 1 :varattno %s ', f.attnum), false) AS check_tenant,
    -- Whether it is nothing but "tenant column = something that no row decides": then no row of another tenant passes.
    coalesce(p.polqual::text ~ equality.pattern AND p.polqual::text ~ equality.operator
      AND strpos(regexp_replace(p.polqual::text, '\{VAR ', ''), '{VAR ') = 0, false) AS using_equals,
    coalesce(p.polwithcheck::text ~ equality.pattern AND p.polwithcheck::text ~ equality.operator
      AND strpos(regexp_replace(p.polwithcheck::text, '\{VAR ', ''), '{VAR ') = 0, false) AS check_equals,
    EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = f.oid AND d.refobjsubid = f.attnum) AS on_tenant,
    0 = ANY (p.polroles) OR EXISTS (SELECT FROM held WHERE held.oid = ANY (p.polroles)) AS holds_app
  FROM family f JOIN pg_policy p ON p.polrelid = f.oid,
    LATERAL (SELECT
      format('^\{OPEXPR [^{}]*:args \((\{RELABELTYPE :arg )?\{VAR :varno 1 :varattno %1$s [^{}]*\}.*\{(FUNCEXPR|SUBLINK) '
        || '|^\{OPEXPR .*\{(FUNCEXPR|SUBLINK) .*\{VAR :varno 1 :varattno %1$s [^{}]*\}( :resulttype [^{}]*\})?\) :location -?\d+\}$',
        f.attnum) AS pattern,
      -- An operator that somebody made can be called = and compare nothing.
      (SELECT format('^\{OPEXPR :opno (%s) ', string_agg(o.oid::text, '|')) FROM pg_operator o
        WHERE o.oprname = '=' AND o.oprnamespace = 'pg_catalog'::regnamespace) AS operator) AS equality
),
-- The functions that policies ask; those of pg_catalog are not recorded as dependencies.
asked AS (
  SELECT DISTINCT p.oid, p.proname, p.pronamespace, p.proowner, p.provolatile, p.prosecdef, p.proconfig, p.prosrc,
    p.oid::regprocedure::text AS ident
  FROM policies
  JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = policies.oid AND d.refclassid = 'pg_proc'::regclass
  JOIN pg_proc p ON p.oid = d.refobjid
),
described AS (SELECT $6::text::jsonb AS registry)
