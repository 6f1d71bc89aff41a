-- What the serving role may do, run in the product's database by a superuser.
-- rp_owner owns and migrates; rp_app serves: row-level security binds it, and it cannot truncate.
ALTER SCHEMA public OWNER TO rp_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO rp_app;
ALTER DEFAULT PRIVILEGES FOR ROLE rp_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO rp_app;
ALTER DEFAULT PRIVILEGES FOR ROLE rp_owner IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO rp_app;
