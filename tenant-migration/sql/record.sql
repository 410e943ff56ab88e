INSERT INTO tenancy.deployment (posture, format, server, registry, program, recorded_at)
VALUES ($1, $2, $3, $4, $5, pg_catalog.now())
ON CONFLICT (singleton) DO UPDATE SET posture = excluded.posture, format = excluded.format, server = excluded.server,
  registry = excluded.registry, program = excluded.program, recorded_at = excluded.recorded_at
