ALTER ROLE :"app" SET citus.propagate_set_commands = 'local';
ALTER ROLE :"admin" SET citus.propagate_set_commands = 'local';
ALTER ROLE :"reporting" SET citus.propagate_set_commands = 'local';
