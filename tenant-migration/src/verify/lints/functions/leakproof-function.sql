SELECT 'function ' || p.oid::regprocedure AS object,
  'it is marked LEAKPROOF, so the planner may call it with other tenants'' rows before a policy has judged them' AS detail,
  format('ALTER FUNCTION %s NOT LEAKPROOF;', p.oid::regprocedure) AS repair
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.proleakproof AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT EXISTS (
  SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
