DO $body$
BEGIN
  -- By the newest seal: after a restore on another server the horizons of those before it mean nothing.
  IF EXISTS (SELECT FROM tenancy.access_log l
             LEFT JOIN (SELECT horizon, restored FROM tenancy.access_log_seals ORDER BY seal DESC LIMIT 1) AS last ON true
             WHERE l.at < :before AND l.transaction >= coalesce(last.horizon, 0) AND l.entry > coalesce(last.restored, 0)) THEN
    RAISE EXCEPTION 'entries that are to be dropped were written meanwhile, and no seal covers them'
      USING HINT = 'Run `migrate audit seal`, and the same command again.';
  END IF;
END
$body$;
