"""What the process log is told of a fault: its kind and where, never its words."""

import logging
import traceback

logger = logging.getLogger(__name__)


def tell(what: str, error: BaseException) -> None:
    """Say where something went wrong, without the words of the error: they may name somebody."""
    frames = traceback.extract_tb(error.__traceback__)
    places = "".join(f"\n  {each.filename}:{each.lineno} {each.name}" for each in frames)
    logger.error("%s failed: %s%s", what, type(error).__name__, places)
