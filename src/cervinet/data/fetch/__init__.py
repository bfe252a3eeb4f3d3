"""Public data sets, brought and unpacked."""
