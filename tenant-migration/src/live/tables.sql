-- One line of JSON for each relation of the given names ($1 schemas, $2 names) and for each partition below them, but for
-- those of an extension. search_path is pg_catalog, so that all that is printed names its schema; $3 is
-- the comment on what the framework made, $4 how the names of the triggers begin that log writes.
WITH RECURSIVE wanted (oid) AS (
  SELECT c.oid
  FROM unnest($1::text[], $2::text[]) AS named (schema, name)
  JOIN pg_namespace n ON n.nspname = named.schema
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = named.name
  UNION
  SELECT i.inhrelid FROM wanted w JOIN pg_inherits i ON i.inhparent = w.oid JOIN pg_class c ON c.oid = i.inhrelid
  WHERE c.relispartition
)
SELECT jsonb_build_object(
  'schema', n.nspname, 'name', c.relname, 'kind', CASE WHEN member.of_extension THEN 'extension' ELSE c.relkind::text END, 'owner', pg_get_userbyid(c.relowner),
  'parent', (SELECT jsonb_build_object('schema', pn.nspname, 'name', p.relname)
    FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
    WHERE i.inhrelid = c.oid AND c.relispartition),
  'relatives', ARRAY(
    SELECT jsonb_build_object('schema', rn.nspname, 'name', r.relname, 'kind', r.relkind, 'parent', relation.is_parent,
      'row_security', r.relrowsecurity)
    FROM (
      SELECT i.inhparent, true FROM pg_inherits i WHERE i.inhrelid = c.oid AND NOT c.relispartition
      UNION ALL
      SELECT i.inhrelid, false FROM pg_inherits i JOIN pg_class child ON child.oid = i.inhrelid
      WHERE i.inhparent = c.oid AND NOT child.relispartition) AS relation (oid, is_parent)
    JOIN pg_class r ON r.oid = relation.oid JOIN pg_namespace rn ON rn.oid = r.relnamespace
    ORDER BY rn.nspname, r.relname),
  'marked', coalesce(obj_description(c.oid, 'pg_class') = $3, false),
  -- A partitioned table has nothing to be logged.
  'unlogged', c.relpersistence = 'u' AND c.relkind = 'r',
  'pages', pg_relation_size(c.oid) / current_setting('block_size')::int8,
  'row_security', c.relrowsecurity, 'forced', c.relforcerowsecurity,
  'partitioned_by', ARRAY(
    SELECT a.attname::text FROM pg_partitioned_table t CROSS JOIN LATERAL unnest(t.partattrs) AS part (attnum)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = part.attnum WHERE t.partrelid = c.oid),
  'columns', ARRAY(
    SELECT jsonb_build_object('name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod) || coalesce((
        SELECT format(' COLLATE %I.%I', ln.nspname, l.collname)
        FROM pg_collation l JOIN pg_namespace ln ON ln.oid = l.collnamespace JOIN pg_type t ON t.oid = a.atttypid
        WHERE l.oid = a.attcollation AND l.oid <> t.typcollation), ''),
      'not_null', a.attnotnull, 'identity', a.attidentity, 'generated', a.attgenerated,
      'default', pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
  'constraints', ARRAY(
    SELECT jsonb_build_object('name', k.conname, 'kind', k.contype, 'definition', pg_get_constraintdef(k.oid) || CASE WHEN EXISTS (
        -- With its triggers disabled a foreign key holds nothing: it is not the wanted one.
        SELECT FROM pg_trigger t WHERE t.tgconstraint = k.oid AND t.tgisinternal AND t.tgenabled <> 'O')
        THEN ' /* disabled */' ELSE '' END,
      'columns', names.columns,
      'valid', k.convalidated,
      'index_valid', k.contype NOT IN ('p', 'u', 'x') OR (
        SELECT i.indisvalid AND i.indisready FROM pg_index i WHERE i.indexrelid = k.conindid),
      'marked', coalesce(obj_description(k.oid, 'pg_constraint') = $3, false),
      'inherited', k.coninhcount > 0 OR k.conparentid <> 0,
      'target', (SELECT jsonb_build_object('schema', tn.nspname, 'name', t.relname)
        FROM pg_class t JOIN pg_namespace tn ON tn.oid = t.relnamespace WHERE t.oid = k.confrelid),
      'target_forced', coalesce((SELECT t.relforcerowsecurity FROM pg_class t WHERE t.oid = k.confrelid), false),
      'target_columns', ARRAY(
        SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS key (attnum, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = key.attnum ORDER BY key.place),
      'target_key', (SELECT t.conname FROM pg_constraint t
        WHERE k.contype = 'f' AND t.conindid = k.conindid AND t.conrelid = k.confrelid AND t.contype IN ('p', 'u')),
      'dependents', ARRAY(
        SELECT jsonb_build_object('name', f.conname, 'table', jsonb_build_object('schema', fn.nspname, 'name', fc.relname))
        FROM pg_constraint f JOIN pg_class fc ON fc.oid = f.conrelid JOIN pg_namespace fn ON fn.oid = fc.relnamespace
        WHERE f.contype = 'f' AND k.contype IN ('p', 'u') AND f.confrelid = k.conrelid AND f.conindid = k.conindid
          AND f.conparentid = 0
        ORDER BY f.oid))
    FROM pg_constraint k CROSS JOIN LATERAL (SELECT ARRAY(
      SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS key (attnum, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = key.attnum ORDER BY key.place) AS columns) AS names
    WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x', 'c', 'f') ORDER BY k.contype, k.conname),
  'indexes', ARRAY(
    SELECT jsonb_build_object('name', ic.relname, 'unique', i.indisunique, 'valid', i.indisvalid AND i.indisready,
      -- Storage parameters are the operator's.
      'definition', regexp_replace(substr(definition.whole, length(definition.head) + 1),
        '\) WITH \([^()]*\)( WHERE |$)', ')\1'),
      'marked', coalesce(obj_description(ic.oid, 'pg_class') = $3, false), 'inherited', ic.relispartition)
    FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
    CROSS JOIN LATERAL (SELECT pg_get_indexdef(i.indexrelid) AS whole,
      format('CREATE %sINDEX %I ON %s%I.%I USING ', CASE WHEN i.indisunique THEN 'UNIQUE ' END, ic.relname,
        CASE c.relkind WHEN 'p' THEN 'ONLY ' END, n.nspname, c.relname) AS head) AS definition
    WHERE i.indrelid = c.oid AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = ic.oid AND k.contype IN ('p', 'u', 'x'))
    ORDER BY ic.relname),
  'policies', ARRAY(
    SELECT jsonb_build_object('name', p.polname, 'permissive', p.polpermissive, 'command', p.polcmd,
      'roles', ARRAY(SELECT CASE role WHEN 0 THEN 'public' ELSE pg_get_userbyid(role)::text END
        FROM unnest(p.polroles) AS role ORDER BY 1),
      'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid),
      'marked', coalesce(obj_description(p.oid, 'pg_policy') = $3, false))
    FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY p.polname),
  'grants', ARRAY(
    SELECT jsonb_build_object('grantee', CASE g.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(g.grantee)::text END,
      'privilege', g.privilege_type, 'grantable', g.is_grantable)
    FROM (
      SELECT g.grantee, g.privilege_type, g.is_grantable FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS g
      UNION ALL
      SELECT g.grantee, format('%s (%I)', g.privilege_type, a.attname), g.is_grantable
      FROM pg_attribute a CROSS JOIN aclexplode(a.attacl) AS g
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS g
    WHERE g.grantee <> c.relowner ORDER BY 1),
  'audit', ARRAY(
    SELECT jsonb_build_object('name', t.tgname, 'event', t.tgtype, 'enabled', t.tgenabled, 'old_table', t.tgoldtable,
      'new_table', t.tgnewtable, 'plain', t.tgqual IS NULL AND t.tgnargs = 0 AND t.tgattr = ''::int2vector,
      'definition', pg_get_triggerdef(t.oid), 'marked', coalesce(obj_description(t.oid, 'pg_trigger') = $3, false),
      'function', jsonb_build_object('schema', fn.nspname, 'name', f.proname, 'owner', pg_get_userbyid(f.proowner),
        'language', l.lanname, 'text', f.prosrc, 'definer', f.prosecdef,
        'ordinary', f.provolatile = 'v' AND NOT f.proleakproof, 'settings', coalesce(f.proconfig, '{}'),
        'executors', ARRAY(
          SELECT CASE g.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(g.grantee)::text END
          FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS g WHERE g.grantee <> f.proowner ORDER BY 1),
        'definition', pg_get_functiondef(f.oid),
        'shared', EXISTS (
          SELECT FROM pg_trigger other WHERE other.tgfoid = f.oid AND other.tgrelid NOT IN (SELECT oid FROM wanted))))
    FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid JOIN pg_namespace fn ON fn.oid = f.pronamespace
    JOIN pg_language l ON l.oid = f.prolang
    WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND starts_with(t.tgname, $4) ORDER BY t.tgname),
  'owner_lacks', ARRAY(
    SELECT privilege_type FROM aclexplode(acldefault('r', c.relowner))
    EXCEPT
    SELECT privilege_type FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) WHERE grantee = c.relowner
    ORDER BY 1)
)::text
FROM wanted w JOIN pg_class c ON c.oid = w.oid JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT EXISTS (
  SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')) AS member (of_extension)
WHERE NOT (member.of_extension AND c.relispartition)
ORDER BY n.nspname, c.relname
