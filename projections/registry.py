"""All read models, in the order in which they are brought up to date."""

from projections.act import ACTS
from projections.activity import ACTIVITIES
from projections.adoption import BASELINES
from projections.approval import APPROVALS
from projections.audit import AUDITS
from projections.batch import BATCHES
from projections.cross_reference import CROSS_REFERENCES
from projections.dead_letter import DEAD_LETTERS
from projections.delivery import DELIVERIES
from projections.direct_cost import DIRECT_COSTS
from projections.drift import DRIFTS
from projections.errand import ERRANDS
from projections.event_log import EVENT_LOGS
from projections.feed import FEEDS
from projections.job_cost import JOB_COSTS
from projections.mapping import MAPPINGS
from projections.mute import MUTES
from projections.notice import NOTICES
from projections.pause import PAUSES
from projections.plan import PLANS
from projections.projection import Projection
from projections.reconciliation import RECONCILIATIONS
from projections.record_state import RECORD_STATES
from projections.run import RUNS

PROJECTIONS: tuple[Projection, ...] = (
    RECORD_STATES,
    CROSS_REFERENCES,
    DELIVERIES,
    FEEDS,
    APPROVALS,
    RUNS,
    PLANS,
    BATCHES,
    MAPPINGS,
    PAUSES,
    MUTES,
    DEAD_LETTERS,
    AUDITS,
    ACTS,
    NOTICES,
    JOB_COSTS,
    DIRECT_COSTS,
    DRIFTS,
    RECONCILIATIONS,
    BASELINES,
    ACTIVITIES,
    ERRANDS,
    EVENT_LOGS,
)
