"""Everything that knows which database engine is underneath: guards, roles, settings."""
