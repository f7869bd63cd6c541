"""Guards of keys: while one key takes over from another, nobody goes on with the old one."""

from kpm.database.guards import Guard, refuse

VAULT_KEY, DATA_KEY, SCOPE_KEY = "vault_vaultkey", "vault_datakey", "vault_scopekey"
SHARD = "vault_searchshard"
NEWEST = f'(SELECT MAX(version) FROM "{VAULT_KEY}")'

GUARDS: list[Guard] = [
    # A process that has not heard of a new vault key yet is told here, and asks again.
    refuse(
        "a_data_key_goes_under_the_newest_vault_key",
        DATA_KEY,
        before="INSERT",
        when=f"NEW.vault_key <> {NEWEST}",
    ),
    refuse(
        "a_scope_key_goes_under_the_newest_vault_key",
        SCOPE_KEY,
        before="INSERT",
        when=f"NEW.vault_key <> {NEWEST}",
    ),
    refuse(
        "a_vault_key_with_keys_under_it_is_never_deleted",
        VAULT_KEY,
        before="DELETE",
        when=(
            f'EXISTS (SELECT 1 FROM "{DATA_KEY}" AS d WHERE d.vault_key = OLD.version) '
            f'OR EXISTS (SELECT 1 FROM "{SCOPE_KEY}" AS s WHERE s.vault_key = OLD.version)'
        ),
    ),
    refuse(
        "a_shard_is_sealed_under_the_newest_key_of_its_scope",
        SHARD,
        before="INSERT",
        when=(
            f'NEW.generation < (SELECT MAX(generation) FROM "{SHARD}" AS s '
            "WHERE s.scope = NEW.scope)"
        ),
    ),
]
