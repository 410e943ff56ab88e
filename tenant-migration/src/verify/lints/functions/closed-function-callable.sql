-- What a function's rights were when the server, or the extension, was installed. Connections of dblink are another lint's.
SELECT 'function ' || p.oid::regprocedure AS object,
  format('%s may execute it, and %s keeps it from everybody: it reaches files or the server itself', c.who,
    CASE i.privtype WHEN 'e' THEN 'its extension' ELSE 'PostgreSQL' END) AS detail,
  format('REVOKE EXECUTE ON FUNCTION %s FROM %s;', p.oid::regprocedure, c.ident) AS repair
FROM pg_init_privs i JOIN pg_proc p ON p.oid = i.objoid JOIN callable c ON c.oid = p.oid
WHERE i.classoid = 'pg_proc'::regclass AND c.grantee <> p.proowner AND p.proname !~ '^dblink_connect'
  AND NOT EXISTS (SELECT FROM aclexplode(i.initprivs) AS first WHERE first.grantee IN (0, c.grantee))
