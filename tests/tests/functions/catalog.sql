-- What pg_catalog says of its functions, by name: the filter sees names, not overloads.
SELECT CAST(proname AS text) AS name,
  bool_and(provolatile = 'i') AS immutable,
  bool_or(prosecdef) AS definer,
  -- PostgreSQL's own convention, which its regression tests check: so described is what is not meant to be called by name.
  coalesce(bool_and(description LIKE 'implementation of % operator'), false) AS operator,
  coalesce(bool_and(description IN ('I/O', 'I/O typmod')), false) AS conversion,
  array(SELECT DISTINCT CAST(element.typname AS text)
    FROM pg_catalog.pg_proc AS overload,
      unnest(CAST(overload.proargtypes AS oid[]) || overload.proallargtypes || overload.prorettype) AS used (type)
      JOIN pg_catalog.pg_type ON pg_type.oid = used.type
      -- An array counts as its elements.
      JOIN pg_catalog.pg_type AS element ON element.oid = CASE
        WHEN pg_type.typsubscript = CAST('pg_catalog.array_subscript_handler' AS regproc) THEN pg_type.typelem
        ELSE pg_type.oid END
    WHERE overload.proname = function.proname AND overload.pronamespace = function.pronamespace
    ORDER BY 1) AS types
FROM pg_catalog.pg_proc AS function
  LEFT JOIN pg_catalog.pg_description ON objoid = oid AND classoid = CAST('pg_catalog.pg_proc' AS regclass) AND objsubid = 0
WHERE pronamespace = CAST('pg_catalog' AS regnamespace)
GROUP BY proname, pronamespace
ORDER BY proname COLLATE "C";
