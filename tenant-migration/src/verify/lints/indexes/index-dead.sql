-- The first column after the tenant's decides: its operator class, or the functions of its expression. Under row-level security
-- a condition reaches an index only through functions that are leakproof, lest they see rows that the policies hide.
SELECT format('index %s on table %s', i.indexrelid::regclass, f.ident) AS object,
  format('row-level security keeps queries from using it on %s, because %s is not leakproof',
    pg_get_indexdef(i.indexrelid, part.place + 1, true),
    leaky.function) AS detail,
  format('DROP INDEX %s; -- or index a column of another type: text with a CHECK for an enum, bigint for numeric', i.indexrelid::regclass)
    AS repair
FROM family f JOIN pg_index i ON i.indrelid = f.oid JOIN pg_class x ON x.oid = i.indexrelid
CROSS JOIN LATERAL (
  SELECT place, i.indkey[place] AS attnum, i.indclass[place] AS class FROM generate_series(0, i.indnkeyatts - 1) AS place
  WHERE i.indkey[place] <> f.attnum ORDER BY place LIMIT 1
) AS part
JOIN pg_opclass c ON c.oid = part.class
JOIN pg_am m ON m.oid = c.opcmethod
CROSS JOIN LATERAL (
  SELECT found.oid::regprocedure::text AS function FROM (
    -- An expression's own functions.
    SELECT p.oid FROM regexp_matches(i.indexprs::text, ':(?:op)?funcid (\d+) ', 'g') AS named JOIN pg_proc p ON p.oid = named[1]::oid
    WHERE part.attnum = 0 AND NOT p.proleakproof
    UNION ALL
    -- The operators of the class: equality where the method has it, else the first, when none of them is leakproof.
    SELECT min(o.oprcode::oid) FROM pg_amop a JOIN pg_operator o ON o.oid = a.amopopr JOIN pg_proc p ON p.oid = o.oprcode
    WHERE a.amopfamily = c.opcfamily AND a.amopmethod = c.opcmethod AND a.amoppurpose = 's'
      AND a.amoplefttype = c.opcintype
      AND a.amopstrategy = CASE m.amname WHEN 'btree' THEN 3 WHEN 'hash' THEN 1 ELSE a.amopstrategy END
    HAVING NOT bool_or(p.proleakproof)
  ) AS found WHERE found.oid IS NOT NULL LIMIT 1
) AS leaky
WHERE NOT i.indisunique AND NOT i.indisexclusion AND NOT x.relispartition
