-- A role that no policy holds, for SeaORM alone: the superuser doesn't get through the proxy.
CREATE ROLE bench_raw LOGIN BYPASSRLS;
GRANT USAGE ON SCHEMA public TO bench_raw;
GRANT SELECT, UPDATE ON molecules TO bench_raw;

-- A thousand tenants with a few rows, four of them with many.
INSERT INTO molecules (organization_id, id, external_ref, name, molecule_type)
SELECT lpad(to_hex(t), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, 'REF-' || n, 'molecule ' || n, 'Small molecule'
FROM generate_series(1, 1000) AS t, generate_series(1, CASE WHEN t <= 4 THEN 5000 ELSE 20 END) AS n;

-- A statement that takes the server some milliseconds and no processor: there are no cores to spare for one that computes.
-- With its owner's rights, because the application's role may not sleep.
CREATE FUNCTION bench_wait() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ BEGIN PERFORM pg_sleep(0.004); RETURN NEW; END $$;
REVOKE EXECUTE ON FUNCTION bench_wait() FROM PUBLIC;
CREATE TRIGGER bench_wait BEFORE UPDATE ON molecules
    FOR EACH ROW WHEN (NEW.first_approval = 0) EXECUTE FUNCTION bench_wait();
