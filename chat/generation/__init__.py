"""Greenlets that outlive the request which started them."""
