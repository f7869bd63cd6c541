-- The three roles of a site (deploy/postgres.sql), on a server that lives as long as the tests.
CREATE ROLE kpm_owner LOGIN CREATEDB;
CREATE ROLE kpm_app LOGIN;
CREATE ROLE kpm_auditor LOGIN;
