"""PromQL with the dashboard's variables in every selector."""

# `.+` and `.*` when everything is chosen. A namespace is empty where Prometheus runs outside of Kubernetes.
CHOSEN = 'namespace=~"$namespace", job=~"$job", instance=~"$instance"'


def select(metric: str, *matchers: str) -> str:
    """The series of a metric that the variables choose.

    Args:
        matchers: more of them, as PromQL writes them: ``status="503"``.
    """
    return f"{metric}{{{', '.join((CHOSEN, *matchers))}}}"


def rate(counter: str, *matchers: str) -> str:
    """What a counter grows by in a second."""
    return f"rate({select(counter, *matchers)}[$__rate_interval])"


def total(vector: str, *by: str) -> str:
    """The sum over all processes, by these labels."""
    return f"sum by ({', '.join(by)}) ({vector})" if by else f"sum({vector})"


def most(vector: str, *by: str) -> str:
    """The largest over all processes, by these labels: of what two may report at a time, as while a partition moves."""
    return f"max by ({', '.join(by)}) ({vector})" if by else f"max({vector})"


def quantile(share: float, histogram: str, *by: str) -> str:
    """A quantile of a classic histogram over all processes, by these labels."""
    return f"histogram_quantile({share}, {total(rate(f'{histogram}_bucket'), 'le', *by)})"


def mean(summary: str, *by: str) -> str:
    """The mean of a histogram over all processes, by these labels."""
    return f"{total(rate(f'{summary}_sum'), *by)} / {total(rate(f'{summary}_count'), *by)}"
