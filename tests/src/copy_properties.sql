-- Gives the database testkit.clone the owner, the privileges and the settings of the database testkit.template.
DO $$
DECLARE
    source pg_database;
    clone text := current_setting('testkit.clone');
    entry record;
BEGIN
    SELECT * INTO STRICT source FROM pg_database WHERE datname = current_setting('testkit.template');

    EXECUTE format('ALTER DATABASE %I OWNER TO %s', clone, source.datdba::regrole);

    -- NULL stands for the default privileges, which the clone has already.
    IF source.datacl IS NOT NULL THEN
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %s', clone, source.datdba::regrole);
        FOR entry IN SELECT * FROM aclexplode(source.datacl) LOOP
            EXECUTE format('GRANT %s ON DATABASE %I TO %s %s',
                entry.privilege_type,
                clone,
                CASE WHEN entry.grantee = 0 THEN 'PUBLIC' ELSE entry.grantee::regrole::text END,
                CASE WHEN entry.is_grantable THEN 'WITH GRANT OPTION' END);
        END LOOP;
    END IF;

    INSERT INTO pg_db_role_setting
    SELECT (SELECT oid FROM pg_database WHERE datname = clone), setrole, setconfig
    FROM pg_db_role_setting WHERE setdatabase = source.oid;
END
$$
