SELECT 'function ' || ident AS object,
  'a policy asks it and it is marked IMMUTABLE: a plan that is kept keeps the tenant it was planned for' AS detail,
  format('ALTER FUNCTION %s STABLE;', ident) AS repair
FROM asked WHERE provolatile = 'i'
