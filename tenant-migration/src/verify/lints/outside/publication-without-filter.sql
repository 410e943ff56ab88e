SELECT 'publication ' || quote_ident(p.pubname) AS object,
  format('it sends all tenants'' rows of %s to whoever subscribes',
    CASE WHEN p.puballtables THEN 'all tables' ELSE string_agg(f.ident, ', ' ORDER BY f.ident) END) AS detail,
  format('ALTER PUBLICATION %I SET TABLE … WHERE (…); -- or see that only a replica of the whole subscribes', p.pubname) AS repair
FROM pg_publication p CROSS JOIN family f JOIN pg_class c ON c.oid = f.oid
WHERE p.puballtables
  OR EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = f.oid AND r.prqual IS NULL)
  OR EXISTS (SELECT FROM pg_publication_namespace n WHERE n.pnpubid = p.oid AND n.pnnspid = c.relnamespace)
GROUP BY p.pubname, p.puballtables
