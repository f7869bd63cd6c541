#!/usr/bin/env python3
"""The command line of KPM."""

import os
import sys


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kpm.settings")
    from django.core.management import execute_from_command_line

    from kpm.children import keep_no_core

    keep_no_core()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
