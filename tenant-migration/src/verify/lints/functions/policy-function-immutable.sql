SELECT 'function ' || ident AS object,
  'a policy asks it and it is marked IMMUTABLE: a plan that is kept keeps the tenant it was planned for' AS detail,
  format('ALTER FUNCTION %s STABLE;', ident) AS repair
-- A comparison is of a row's value, which no plan knows beforehand.
FROM asked WHERE provolatile = 'i' AND NOT compares
