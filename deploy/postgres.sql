-- Roles and databases of a site on PostgreSQL 15 or newer, made with data checksums:
--   psql --username=postgres --file=deploy/postgres.sql
-- Give each role a password (\password kpm_owner) or let it in by certificate or peer; then see
-- deploy/env.example. Four roles, so that a break-in on the site cannot take the guards away:
-- the owner migrates and is used by nobody else, the runtime role serves and may neither change
-- tables nor rewrite what is append-only, the sequencer alone puts events into the tree of the log
-- and signs it, the auditor reads the log and nothing else.
-- `manage.py migrate` gives the rights, and refuses to end without them.
\set ON_ERROR_STOP on
CREATE ROLE kpm_owner LOGIN;
CREATE ROLE kpm_app LOGIN;
CREATE ROLE kpm_sequencer LOGIN;
CREATE ROLE kpm_auditor LOGIN;

-- Keys are kept, and backed up, apart from what they open.
CREATE DATABASE kpm OWNER kpm_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
CREATE DATABASE kpm_keys OWNER kpm_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
\connect kpm
ALTER SCHEMA public OWNER TO kpm_owner;
\connect kpm_keys
ALTER SCHEMA public OWNER TO kpm_owner;
