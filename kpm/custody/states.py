"""How the keys stand: versions, how many keys lie under each, what is being changed."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kpm.custody.kinds import Kind
from kpm.jobs.models import Job
from kpm.vault import providers, rotations
from kpm.vault.ciphers import SUITE_NAMES, suite
from kpm.vault.errors import KeysUnavailable
from kpm.vault.models import IndexScope, ScopeKey, SearchShard, VaultKey

PROVIDERS: dict[str, Promise] = {
    "file": _("a file of its own"),
    "environment": _("the environment of the service"),
    "command": _("a program that is run for it"),
    "pkcs11": _("a security module that never gives it out (PKCS#11)"),
}


@dataclass(frozen=True)
class Version:
    """One vault key."""

    version: int
    created_at: datetime
    keys: int
    is_newest: bool
    # Whether it lies under the root key that the site has now.
    is_current_root: bool


@dataclass(frozen=True)
class State:
    """Everything at a glance; numbers only."""

    provider: str
    suite: str
    problem: str
    versions: list[Version]
    keys: int
    # When the oldest vault key was made that keys still lie under.
    oldest_at: datetime | None
    search_scopes: int
    search_shards: int
    index_scopes: int
    index_changing: int
    # Search and index keys that wait to be destroyed.
    scope_keys_left: int
    jobs: list[tuple[Kind, Job | None]]

    @property
    def provider_words(self) -> Promise:
        """Where the root key comes from, in words."""
        return PROVIDERS[self.provider]


def state() -> State:
    """Look at every key table; no key is opened."""
    provider = providers.configured()
    problem, check = "", b""
    try:
        check = provider.check_value()
    except KeysUnavailable as refused:
        problem = str(refused)
    counts = rotations.keys_under()
    rows = list(VaultKey.objects.order_by("-version"))
    versions = [
        Version(
            version=row.version,
            created_at=row.created_at,
            keys=counts.get(row.version, 0),
            is_newest=row is rows[0],
            is_current_root=bytes(row.root_check) == check,
        )
        for row in rows
    ]
    pairs = ScopeKey.objects.values("scope", "purpose").distinct().count()
    return State(
        provider=provider.name,
        suite=SUITE_NAMES[suite()],
        problem=problem,
        versions=versions,
        keys=sum(counts.values()),
        oldest_at=min((each.created_at for each in versions if each.keys), default=None),
        search_scopes=len(rotations.search_scopes()),
        search_shards=SearchShard.objects.count(),
        index_scopes=IndexScope.objects.count(),
        index_changing=IndexScope.objects.filter(next_generation__isnull=False).count(),
        scope_keys_left=ScopeKey.objects.count() - pairs,
        jobs=[(kind, Job.objects.latest_for(kind.job, "keys")) for kind in Kind],
    )
