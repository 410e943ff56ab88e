DROP TABLE IF EXISTS tenancy.deployment;
-- Without CASCADE: while a policy still depends on a function, this fails instead of removing the policy.
DROP FUNCTION IF EXISTS tenancy.system_access();
DROP FUNCTION IF EXISTS tenancy.current_tenant();
DROP SCHEMA IF EXISTS tenancy;
