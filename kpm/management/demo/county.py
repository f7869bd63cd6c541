"""The invented county: its units in four levels, with codes of an area that does not exist."""

from dataclasses import dataclass

CITY = ("100100000000", "江州市")
COUNTY = ("100122000000", "云溪县")
DISTRICT = "100122"

# Townships and sub-districts with their villages and communities. Codes follow GB/T 10114:
# 001-099 sub-district, 100-199 town, 200-399 township; villages 001-199 community, 200-399 village.
TOWNSHIPS: dict[tuple[str, str], tuple[str, ...]] = {
    ("001", "石桥街道"): ("新桥社区", "和平社区"),
    ("002", "东门街道"): ("东门社区", "文昌社区", "北苑社区"),
    ("101", "清溪镇"): ("枫林村", "上溪村", "下溪村"),
    ("102", "白马镇"): ("白马社区", "柳塘村", "竹园村", "大桥村"),
    ("201", "南塘乡"): ("塘头村", "塘尾村"),
    ("202", "云岭乡"): ("云岭村", "茶坪村", "石门村"),
}


@dataclass(frozen=True)
class Place:
    """One unit to be: its 12-digit code, name, level 1 to 4 and the code above it."""

    code: str
    name: str
    level: int
    parent: str | None


def places() -> list[Place]:
    """Every unit of the county, parents first."""
    found = [Place(*CITY, 1, None), Place(*COUNTY, 2, CITY[0])]
    for (township, name), villages in TOWNSHIPS.items():
        above = f"{DISTRICT}{township}000"
        found.append(Place(above, name, 3, COUNTY[0]))
        communities = villages_of_kind = 0
        for village in villages:
            if village.endswith("社区"):
                communities += 1
                number = communities
            else:
                villages_of_kind += 1
                number = 200 + villages_of_kind
            found.append(Place(f"{DISTRICT}{township}{number:03d}", village, 4, above))
    return found
