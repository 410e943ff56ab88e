-- Roles that the session is, or can become by SET ROLE, and that row-level security would not hold.
SELECT r.rolname::text AS name, r.rolname = current_user AS own, r.rolname = session_user AS logged_in,
       r.rolsuper AS superuser, r.rolbypassrls AS bypasses, r.rolcreaterole AS makes_roles, r.rolreplication AS replicates
FROM pg_catalog.pg_roles r
WHERE (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolreplication
       OR r.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files',
         'pg_read_all_data', 'pg_write_all_data', 'pg_read_all_stats'))
  AND CASE WHEN (SELECT s.rolsuper FROM pg_catalog.pg_roles s WHERE s.rolname = session_user)
           -- A superuser is a member of every role: one message is enough.
           THEN r.rolname IN (session_user, current_user)
           ELSE pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER') OR pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER')
      END
ORDER BY own DESC, logged_in DESC, name
