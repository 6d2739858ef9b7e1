"""Measures of the page, in headless Chromium beside a daemon."""
