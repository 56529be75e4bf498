"""Converters: what makes versions of a picture.

`converter_service` keeps and runs them; `settings` and `operations` are what they are told,
`planning` how to go about it, and `engines` turn pixels into pixels.
"""
