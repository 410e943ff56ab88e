DO $record$
BEGIN
  EXECUTE pg_catalog.format('COMMENT ON SCHEMA tenancy_catalog IS %L', :'version' || '; as it was made: ' || (
:state
  ));
END
$record$;
