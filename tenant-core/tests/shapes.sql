-- a finder of SeaORM
SELECT "molecules"."id", "molecules"."organization_id", "molecules"."name" FROM "molecules" WHERE "molecules"."name" LIKE $1 OR "molecules"."first_approval" = $2 ORDER BY "molecules"."created_at" DESC LIMIT $3
-- no condition yet
SELECT * FROM molecules
-- an alias, and a condition that an OR would open
SELECT m.id FROM molecules m WHERE m.id = $1 OR true
-- a cast before BETWEEN, and an OR after it
SELECT m.id FROM molecules m WHERE m.name::int BETWEEN $1 AND $2 OR true
-- a schema
SELECT "molecules"."id" FROM "public"."molecules"
-- a three-part column
SELECT public.molecules.id FROM molecules
-- a name that needs quotes
SELECT 1 FROM molecules AS "a ""quoted"" name"
-- the paginator's count
SELECT COUNT(*) AS num_items FROM (SELECT "molecules"."id" FROM "molecules" WHERE "molecules"."name" = $1) AS "sub_query"
-- a left join, as find_also_related
SELECT "docking_jobs"."id" AS "A_id", "molecules"."id" AS "B_id" FROM "docking_jobs" LEFT JOIN "molecules" ON "docking_jobs"."molecule_id" = "molecules"."id" WHERE "docking_jobs"."status" = $1
-- a right join
SELECT 1 FROM docking_jobs j RIGHT JOIN molecules m ON j.molecule_id = m.id OR j.id = m.id
-- a full join
SELECT 1 FROM docking_jobs j FULL JOIN molecules ON j.molecule_id = molecules.id
-- a self-join
SELECT 1 FROM molecules a JOIN molecules b ON a.name = b.name AND a.id < b.id
-- a cross join and a comma
SELECT 1 FROM molecules a CROSS JOIN docking_jobs, pipelines p WHERE p.id = docking_jobs.pipeline_id
-- an outer join after a cross join and a natural one: joins nest from left to right
SELECT 1 FROM molecules a CROSS JOIN pipelines b NATURAL JOIN pipelines c RIGHT JOIN docking_jobs d ON d.pipeline_id = b.id
-- an inner join by USING
SELECT 1 FROM molecules a JOIN docking_jobs b USING (id)
-- a left join by USING
SELECT 1 FROM molecules a LEFT JOIN docking_jobs b USING (id)
-- a natural left join
SELECT 1 FROM molecules NATURAL LEFT JOIN docking_jobs
-- a natural full join
SELECT 1 FROM ONLY molecules AS a NATURAL FULL JOIN docking_jobs *
-- a left join of a bracketed inner join
SELECT 1 FROM pipelines p LEFT JOIN (docking_jobs j JOIN molecules m ON j.molecule_id = m.id) ON j.pipeline_id = p.id
-- conditions that follow two joins
SELECT 1 FROM pipelines p LEFT JOIN docking_jobs j JOIN molecules m ON j.molecule_id = m.id ON j.pipeline_id = p.id
-- a left join in a left join's missing side
SELECT 1 FROM pipelines p LEFT JOIN (docking_jobs j LEFT JOIN molecules m ON j.molecule_id = m.id) ON j.pipeline_id = p.id
-- a right join after a left join
SELECT 1 FROM pipelines p LEFT JOIN docking_jobs j ON j.pipeline_id = p.id RIGHT JOIN molecules m ON j.molecule_id = m.id
-- a bracketed join with a name of its own
SELECT 1 FROM (docking_jobs j JOIN molecules ON j.molecule_id = molecules.id) AS both_tables
-- a join with a shared table
SELECT t.name FROM docking_jobs j JOIN targets t ON t.code = j.target_code
-- a shared table alone
SELECT * FROM targets AS t(a, b) WHERE a = $1
-- the table of tenants itself
SELECT name FROM organizations
-- EXISTS, IN, ANY and a scalar subquery
SELECT (SELECT count(*) FROM job_results r WHERE r.job_id = j.id) FROM docking_jobs j WHERE EXISTS (SELECT 1 FROM molecules m WHERE m.id = j.molecule_id) AND j.id IN (SELECT job_id FROM job_results) AND j.pipeline_id = ANY (SELECT id FROM pipelines) AND j.id = ANY($1)
-- subqueries in the tail
SELECT name FROM molecules GROUP BY name HAVING count(*) > (SELECT count(*) FROM pipelines) ORDER BY (SELECT max(id) FROM pipelines) LIMIT (SELECT count(*) FROM docking_jobs) OFFSET $1
-- a subquery in ON
SELECT 1 FROM molecules m LEFT JOIN targets t ON t.code IN (SELECT target_code FROM docking_jobs j WHERE j.molecule_id = m.id)
-- LATERAL
SELECT 1 FROM molecules m LEFT JOIN LATERAL (SELECT * FROM docking_jobs j WHERE j.molecule_id = m.id LIMIT 1) last ON true
-- a derived table of a derived table
SELECT 1 FROM (SELECT * FROM (SELECT id FROM molecules) AS a) AS b
-- a common table expression
WITH recent AS (SELECT * FROM molecules WHERE created_at > $1) SELECT recent.* FROM recent JOIN docking_jobs j ON j.molecule_id = recent.id
-- a common table expression that takes a table's name: the inner one is the table
WITH molecules AS (SELECT * FROM molecules) SELECT * FROM molecules
-- the same name with its schema is the table
WITH molecules AS (SELECT 1) SELECT * FROM molecules, public.molecules AS t
-- a later expression does not see a name that follows it
WITH a AS (SELECT * FROM molecules), molecules AS (SELECT * FROM a) SELECT * FROM molecules
-- a name is seen no further than its statement
SELECT 1 FROM (WITH molecules AS (SELECT 1) SELECT * FROM molecules) AS x, molecules
-- a recursive expression sees itself, and takes the table's name
WITH RECURSIVE molecules(id) AS (SELECT id FROM pipelines UNION ALL SELECT m.id FROM molecules m) SELECT * FROM molecules
-- expressions that change rows
WITH gone AS (DELETE FROM docking_jobs WHERE status = $1 RETURNING *), kept AS MATERIALIZED (SELECT * FROM molecules) INSERT INTO pipelines (id, name) SELECT gone.id, kept.name FROM gone, kept
-- WITH before a set operation is seen by all of it
WITH a AS (SELECT id FROM molecules) SELECT id FROM pipelines UNION SELECT id FROM a
-- set operations
SELECT id FROM molecules WHERE name = $1 UNION ALL SELECT id FROM pipelines EXCEPT (SELECT id FROM docking_jobs ORDER BY id LIMIT 3) ORDER BY 1
-- TABLE
TABLE molecules
-- TABLE in a set operation, with a tail
SELECT id FROM targets UNION TABLE ONLY public.molecules ORDER BY 1
-- VALUES
VALUES ($1, 2), (3, (SELECT count(*) FROM molecules)) ORDER BY 1
-- DISTINCT ON, windows and filters
SELECT DISTINCT ON (m.name) m.name, row_number() OVER (PARTITION BY m.name ORDER BY m.id DESC NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), count(*) FILTER (WHERE m.first_approval > $1), sum(m.first_approval) OVER w FROM molecules m WINDOW w AS (PARTITION BY m.name)
-- ordered sets and ordered arguments
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY first_approval), string_agg(DISTINCT name, ',' ORDER BY name) FROM molecules
-- GROUP BY a whole key
SELECT "molecules"."id", "molecules"."name", count(*) FROM "molecules" JOIN "docking_jobs" ON "docking_jobs"."molecule_id" = "molecules"."id" GROUP BY "molecules"."id"
-- GROUP BY a whole key without the table's name
SELECT id, name FROM molecules GROUP BY id
-- GROUP BY a whole key in brackets, and by its number
SELECT id, name, smiles FROM molecules GROUP BY (id, name)
SELECT m.id, m.name FROM molecules m GROUP BY 1
-- GROUP BY a number that no one can count to
SELECT m.*, m.id FROM molecules m GROUP BY 1
-- GROUP BY the tenant's own table
SELECT id, name FROM organizations GROUP BY id
-- GROUP BY what is no key
SELECT name FROM molecules GROUP BY name
-- grouping sets
SELECT name, molecule_type, grouping(name) FROM molecules GROUP BY GROUPING SETS ((name, molecule_type), ()), ROLLUP (molecule_type)
-- FOR UPDATE of one of two
SELECT * FROM docking_jobs JOIN molecules m ON m.id = docking_jobs.molecule_id FOR UPDATE OF docking_jobs SKIP LOCKED
-- TABLESAMPLE
SELECT * FROM molecules TABLESAMPLE BERNOULLI (10) REPEATABLE (1)
-- functions in FROM
SELECT g, u.id, r.a FROM generate_series(1, 3) AS g, unnest($1::uuid[]) WITH ORDINALITY AS u(id, n), jsonb_to_recordset($2) AS r(a int, b text), ROWS FROM (generate_series(1, 2), unnest(ARRAY[1, 2])) AS f(x, y)
-- casts, types and operators
SELECT CAST($1 AS "status"), '2026-01-01'::timestamp(3) with time zone, interval '1 day', '{}'::text[], numeric(10,2) '1.5', m.name COLLATE "C", $2::jsonb -> 'a' ->> 'b', $3 @> $4, 1 OPERATOR(pg_catalog.+) 1, NOT m.id IS NOT DISTINCT FROM $5, (m).name, ROW(1, 2), CASE WHEN m.id = $6 THEN 1 ELSE - 1 END, extract(year FROM now()), substring(name from 1 for 2), trim(both 'x' from name), current_user FROM molecules m
-- comments and blanks go
SELECT  /* one */ 1 -/* two	three */x.first_approval  FROM molecules AS x -- four
-- minus and minus stay two
SELECT - - 1, - /**/ - 2, 'a--b' FROM molecules
-- INSERT without the tenant column
INSERT INTO "molecules" ("id", "name") VALUES ($1, $2), ($3, $4) RETURNING "id", "name"
-- INSERT with the tenant column
INSERT INTO "molecules" ("organization_id", "id", "name") VALUES ($1, $2, $3), (DEFAULT, $4, $5), (NULL, $6, $7)
-- INSERT of nothing but defaults
INSERT INTO pipelines DEFAULT VALUES
-- INSERT of nothing, as SeaORM writes it
INSERT INTO "pipelines" VALUES (DEFAULT), (DEFAULT) RETURNING "id"
-- INSERT of a default, as SeaORM writes it
INSERT INTO "pipelines" ("id") VALUES (DEFAULT) RETURNING "id"
-- INSERT ... SELECT
INSERT INTO molecules (id, name) SELECT DISTINCT m.id, 'copy' FROM molecules m WHERE m.name = $1 OR m.id = $2 ORDER BY 1
-- INSERT ... SELECT with the tenant column of a scoped table
INSERT INTO pipelines (organization_id, id, name) SELECT m.organization_id, m.id, m.name FROM molecules m
-- INSERT ... SELECT with the tenant column as a parameter
INSERT INTO pipelines (id, organization_id) SELECT m.id, $1 FROM molecules m
-- INSERT ... SELECT of a set operation
INSERT INTO pipelines (id) (SELECT id FROM molecules) UNION SELECT $1
-- ON CONFLICT
INSERT INTO "molecules" ("id", "name") VALUES ($1, $2) ON CONFLICT ("id") DO UPDATE SET "name" = "excluded"."name" RETURNING "id"
-- ON CONFLICT with conditions
INSERT INTO molecules AS m (id, external_ref) VALUES ($1, $2) ON CONFLICT (external_ref) WHERE name = 'x' DO UPDATE SET organization_id = excluded.organization_id, name = (SELECT name FROM pipelines LIMIT 1) WHERE m.name = $3 OR m.name = $4
-- ON CONFLICT that names the tenant column already
INSERT INTO molecules (id) VALUES ($1) ON CONFLICT (organization_id, id) DO NOTHING
-- ON CONFLICT without a target, and on an expression, and on a constraint
INSERT INTO molecules (id) VALUES ($1) ON CONFLICT DO NOTHING
INSERT INTO molecules (id) VALUES ($1) ON CONFLICT (lower(name) COLLATE "C" text_ops) DO NOTHING
INSERT INTO molecules (id) VALUES ($1) ON CONFLICT ON CONSTRAINT molecules_pkey DO NOTHING
-- INSERT with a subquery as value, and in RETURNING
INSERT INTO docking_jobs (id, molecule_id) VALUES ($1, (SELECT id FROM molecules LIMIT 1)) RETURNING (SELECT count(*) FROM docking_jobs)
-- UPDATE
UPDATE "molecules" SET "name" = $1 WHERE "molecules"."id" = $2 RETURNING "id", "name"
-- UPDATE of all rows
UPDATE molecules AS m SET name = upper(m.name), (smiles, first_approval) = (SELECT 'C', max(first_approval) FROM molecules)
-- UPDATE ... FROM
UPDATE ONLY docking_jobs SET status = $1 FROM molecules m LEFT JOIN pipelines p ON p.name = m.name WHERE docking_jobs.molecule_id = m.id OR m.id IS NULL
-- UPDATE of the tenant column to itself
UPDATE molecules SET organization_id = $1, name = $2 WHERE id = $3
-- DELETE
DELETE FROM "molecules" WHERE "molecules"."id" IN ($1, $2)
-- DELETE of all rows
DELETE FROM molecules
-- DELETE ... USING
DELETE FROM docking_jobs AS j USING molecules m WHERE j.molecule_id = m.id AND m.name = $1 RETURNING j.*
-- MERGE
MERGE INTO molecules AS m USING (SELECT * FROM pipelines WHERE name = $1) p ON p.name = m.name OR m.id = p.id WHEN MATCHED AND m.smiles IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET name = p.name, organization_id = m.organization_id WHEN NOT MATCHED THEN INSERT (id, name) VALUES (p.id, DEFAULT)
-- MERGE from a scoped table, with rows that no source row matches
MERGE INTO ONLY molecules USING pipelines ON pipelines.id = molecules.id WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN NOT MATCHED BY SOURCE AND name = $1 OR name = $2 THEN UPDATE SET name = $3 WHEN NOT MATCHED BY TARGET THEN INSERT DEFAULT VALUES RETURNING molecules.id
-- SEARCH and CYCLE
WITH RECURSIVE a AS (SELECT id FROM molecules UNION ALL SELECT j.id FROM a JOIN docking_jobs j ON j.molecule_id = a.id) SEARCH DEPTH FIRST BY id SET visited CYCLE id SET is_cycle TO true DEFAULT false USING path SELECT * FROM a ORDER BY visited
-- a semicolon at the end
DELETE FROM molecules;
