DO $body$
BEGIN
  IF EXISTS (SELECT FROM tenancy.access_log WHERE at < :before
             AND transaction >= (SELECT coalesce(max(horizon), 0) FROM tenancy.access_log_seals)) THEN
    RAISE EXCEPTION 'entries that are to be dropped were written meanwhile, and no seal covers them'
      USING HINT = 'Run `migrate audit seal`, and the same command again.';
  END IF;
END
$body$;
