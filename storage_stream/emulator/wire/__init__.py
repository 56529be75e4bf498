"""Requests and answers as both APIs read and write them."""
