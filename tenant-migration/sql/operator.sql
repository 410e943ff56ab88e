-- $1 to $6 are the names of the roles: the owner's first, the mover's last.
SELECT CAST(me.rolname AS text) AS name,
  -- Those that are missing and that this role can't make. Before 16 only a superuser makes one that passes row-level security,
  -- and who makes the owner has not its rights; later on it takes the attributes that are given.
  (SELECT pg_catalog.string_agg(wanted, ', ' ORDER BY place)
    FROM (VALUES (1, $1), (2, $2), (3, $3), (4, $4), (5, $5), (6, $6)) AS roles (place, wanted)
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE pg_roles.rolname = wanted)
      AND NOT (me.rolsuper OR me.rolcreaterole AND CASE
        WHEN place NOT IN (1, 6) THEN true
        WHEN CAST(pg_catalog.current_setting('server_version_num') AS int) < 160000 THEN false
        ELSE place = 1 OR me.rolbypassrls AND me.rolreplication END)) AS missing,
  (SELECT pg_catalog.pg_has_role(owner.oid, 'MEMBER')
    FROM pg_catalog.pg_roles AS owner WHERE owner.rolname = $1) AS owner_member
FROM pg_catalog.pg_roles AS me
WHERE me.rolname = current_user;
