"""`heartzone transactions`: list the cluster's open transactions, and end one."""
