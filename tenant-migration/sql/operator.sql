-- $1 to $6 are the names of the roles, the owner's first.
SELECT CAST(rolname AS text) AS name,
  rolsuper OR rolcreaterole AS makes_roles,
  (SELECT pg_catalog.string_agg(wanted, ', ' ORDER BY place)
    FROM (VALUES (1, $1), (2, $2), (3, $3), (4, $4), (5, $5), (6, $6)) AS roles (place, wanted)
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE pg_roles.rolname = wanted)) AS missing,
  (SELECT pg_catalog.pg_has_role(owner.oid, 'MEMBER')
    FROM pg_catalog.pg_roles AS owner WHERE owner.rolname = $1) AS owner_member
FROM pg_catalog.pg_roles
WHERE rolname = current_user;
