"""One campaign of ``make chaos``, which has a process of its own."""

import shutil
import traceback
from pathlib import Path

from heartzone_testing.chaos.brokers import Brokers
from heartzone_testing.chaos.campaign import Campaign
from heartzone_testing.chaos.result import Result
from heartzone_testing.chaos.schedule import Plan
from heartzone_testing.chaos.services import ServicesCampaign, ServicesPlan

CAMPAIGN_TIME = 1800.0  # seconds within which it has to be done


def run_campaign(plan: Plan | ServicesPlan, folder: Path) -> Result:
    """Run one campaign; its logs stay in the folder where something was wrong."""
    logs = folder / f"seed-{plan.seed}"
    shutil.rmtree(logs, ignore_errors=True)  # of an earlier run
    logs.mkdir(parents=True)
    try:
        with Brokers(plan.brokers, logs) as brokers:
            if isinstance(plan, ServicesPlan):
                result = ServicesCampaign(plan, brokers, logs).run()
            else:
                result = Campaign(plan, brokers, logs).run(within=CAMPAIGN_TIME)
    except Exception as failure:  # of a tool of the campaign: it is not known then whether all is well
        result = Result(plan, problems=["".join(traceback.format_exception(failure))])
    if not (result.findings or result.problems):
        shutil.rmtree(logs)
    return result
