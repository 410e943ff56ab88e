SELECT 'function ' || ident AS object,
  format('a policy asks it and it is SECURITY DEFINER: it runs with the rights of %I', pg_get_userbyid(proowner)) AS detail,
  format('ALTER FUNCTION %s SECURITY INVOKER;', ident) AS repair
FROM asked WHERE prosecdef
