"""KPM: encrypted case files, reviewed levels and one named support worker."""

import sys

import pysqlite3

# Debian 12 links SQLite 3.40, which can corrupt a WAL database; the wheel carries a mended one.
# This runs before Django first imports sqlite3.
sys.modules["sqlite3"] = pysqlite3
sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2
