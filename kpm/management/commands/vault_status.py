"""Say how the keys stand: provider, suite, versions, counts, what is being changed."""

from typing import Any

from django.core.management.base import BaseCommand

from kpm.custody.states import state


class Command(BaseCommand):
    """Ends with 1 when the root key cannot be used."""

    help = "Say how the keys stand."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it, a line each."""
        found = state()
        say = self.stdout.write
        say(f"root key from: {found.provider}")
        say(f"sealed with: {found.suite}")
        for each in found.versions:
            words = "in use" if each.is_newest else "being replaced"
            root = "" if each.is_current_root else ", under another root key"
            made = f"{each.created_at:%Y-%m-%d %H:%M} UTC"
            say(f"vault key {each.version}: {each.keys} keys, made {made}, {words}{root}")
        oldest = f"{found.oldest_at:%Y-%m-%d %H:%M} UTC" if found.oldest_at else "none"
        say(f"oldest vault key with keys under it: {oldest}")
        say(f"search: {found.search_scopes} districts, {found.search_shards} shards")
        say(f"indexes: {found.index_scopes} districts, {found.index_changing} being changed")
        say(f"old keys of districts that wait to be destroyed: {found.scope_keys_left}")
        for kind, job in found.jobs:
            how = f"{job.state} {job.done}/{job.total} {job.problem}".rstrip() if job else "never"
            say(f"change of {kind.value}: {how}")
        if found.problem:
            self.stderr.write(found.problem)
            raise SystemExit(1)
