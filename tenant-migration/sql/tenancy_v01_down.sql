DROP TABLE IF EXISTS tenancy.deployment;
-- Without CASCADE: while a policy still depends on a function, this fails instead of removing the policy.
DROP TABLE IF EXISTS tenancy.known, tenancy.steps, tenancy.runs;
DROP FUNCTION IF EXISTS tenancy.mark(regclass);
DROP FUNCTION IF EXISTS tenancy.observe(text);
DROP FUNCTION IF EXISTS tenancy.system_access();
DROP FUNCTION IF EXISTS tenancy.current_tenant();
DROP SCHEMA IF EXISTS tenancy;
