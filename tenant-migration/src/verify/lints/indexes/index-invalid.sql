SELECT format('index %s on table %s', i.indexrelid::regclass, f.ident) AS object,
  'it is not valid: it costs writes and answers no query, and if it is unique it may not hold' AS detail,
  CASE x.relkind WHEN 'I' THEN format('-- ALTER INDEX %s ATTACH PARTITION …;', i.indexrelid::regclass)
    ELSE format('REINDEX INDEX CONCURRENTLY %s;', i.indexrelid::regclass) END AS repair
FROM family f JOIN pg_index i ON i.indrelid = f.oid JOIN pg_class x ON x.oid = i.indexrelid
WHERE NOT i.indisvalid
