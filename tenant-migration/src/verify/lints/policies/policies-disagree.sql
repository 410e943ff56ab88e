-- A policy that asks nobody is another lint's.
SELECT format('policy %s on table %s', deviant.ident, deviant."table") AS object,
  format('it asks %s for the tenant, and %s', array_to_string(deviant.asked, ' and '), wanted.said) AS detail,
  format('ALTER POLICY %s ON %s%s%s;', deviant.ident, deviant."table",
    CASE WHEN deviant."using" IS NOT NULL THEN format(' USING (%I = …)', deviant.key) END,
    CASE WHEN deviant."check" IS NOT NULL THEN format(' WITH CHECK (%I = …)', deviant.key) END) AS repair
FROM sources deviant, (
  SELECT ARRAY[described.registry ->> 'tenant_function'] AS asked,
    'the framework binds it for ' || (described.registry ->> 'tenant_function') AS said
  FROM described WHERE described.registry ? 'tenant_function'
  UNION ALL
  SELECT most.asked, 'most policies ask ' || array_to_string(most.asked, ' and ')
  FROM described, (SELECT mode() WITHIN GROUP (ORDER BY sources.asked) AS asked FROM sources WHERE sources.asked <> '{}') AS most
  WHERE NOT described.registry ? 'tenant_function'
) AS wanted
WHERE deviant.asked <> '{}' AND deviant.asked <> wanted.asked
