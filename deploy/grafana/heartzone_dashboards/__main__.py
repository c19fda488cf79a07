"""`python -m heartzone_dashboards` prints the dashboards."""

from heartzone_dashboards.dashboards import DASHBOARDS

for dashboard in DASHBOARDS.values():
    print(dashboard(), end="")  # noqa: T201 a command
