"""The dashboards of the chart, built with Grafana's own library from queries that are written once.

``python docs/generate.py`` writes them to ``deploy/helm/heartzone/files/dashboards/``.
"""
