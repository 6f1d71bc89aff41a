#!/bin/sh
# Run once by the postgres image on an empty volume: the owner, the serving role, the database.
set -eu
: "${RP_OWNER_PASSWORD:?Set RP_OWNER_PASSWORD}" "${RP_APP_PASSWORD:?Set RP_APP_PASSWORD}"

psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v owner_password="$RP_OWNER_PASSWORD" -v app_password="$RP_APP_PASSWORD" <<'SQL'
CREATE ROLE rp_owner LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE rp_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD :'app_password';
CREATE DATABASE returns_portal OWNER rp_owner TEMPLATE template0 ENCODING 'UTF8';
SQL
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname returns_portal -f /roles/grants.sql
