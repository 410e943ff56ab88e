-- The statements that give the password $1 to every role that this database knows, directly or through a role it is a
-- member of, and that could not log in to a server that asks for passwords. Roles of other databases stay as they are.
WITH RECURSIVE known (oid) AS (
    SELECT refobjid FROM pg_shdepend
    WHERE refclassid = 'pg_authid'::regclass
      AND (dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
           OR (classid = 'pg_database'::regclass
               AND objid = (SELECT oid FROM pg_database WHERE datname = current_database())))
    UNION
    SELECT m.member FROM pg_auth_members m JOIN known ON m.roleid = known.oid
)
SELECT format('ALTER ROLE %I PASSWORD %L', a.rolname, $1::text)
FROM pg_authid a JOIN known USING (oid)
WHERE a.rolcanlogin AND NOT a.rolsuper AND a.rolpassword IS NULL
