  INSERT INTO tenancy.access_log
    VALUES (entry, at, organization_id, bound_tenant, user_id, request_id, database_role, transaction, kind, alarm, tables, touched,
      statement, duration, reason, commitment, tenancy.entry_hash(entry, at, organization_id, bound_tenant, user_id, request_id,
        database_role, transaction, kind, alarm, tables, touched, statement, duration, reason, commitment));
