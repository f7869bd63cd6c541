"""Buttons: make an address for the calendar, withdraw it."""

from kpm.forms import ActionForm


class MakeFeedForm(ActionForm):
    """A new address; the one before ends."""


class WithdrawFeedForm(ActionForm):
    """No address any more."""
