SELECT format('user mapping for %s on server %I', coalesce(quote_ident(reach.rolname), 'PUBLIC'), m.srvname) AS object,
  format('role %s can connect through it to another database, as whoever the mapping says', app.ident) AS detail,
  format('DROP USER MAPPING FOR %s SERVER %I;', coalesce(quote_ident(reach.rolname), 'PUBLIC'), m.srvname) AS repair
FROM app, pg_user_mappings m LEFT JOIN reach ON reach.oid = m.umuser
WHERE m.umuser = 0 OR reach.oid IS NOT NULL
