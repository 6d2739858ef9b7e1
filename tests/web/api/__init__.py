"""Tests of lines over HTTP, with a clock that is moved by hand and no socket."""
