import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ClusterActivities, ClusterRecordActivities } from '../activities/cluster-traces.ts';
import type { CheckClustersActivity } from '../activities/check-clusters.ts';
import type { NameClustersActivity } from '../activities/name-clusters.ts';
import type { WebhookActivities } from '../activities/webhooks.ts';

/** Look-ups and records. */
export const records = proxyActivities<ClusterRecordActivities>({
  // Some queries and an insert, each of seconds; a worker that dies in one costs the run this long.
  startToCloseTimeout: '30 seconds',
  // For ever: while ClickHouse or the gateway is down the run waits. A refusal is marked as final by its code.
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});

/** Work on traces, texts and vectors. */
export const clustering = proxyActivities<ClusterActivities>({
  // 20,000 texts take minutes; a hundred million traces to be assigned take a day or more.
  startToCloseTimeout: '7 days',
  // Six heartbeats of 5 s; arithmetic is on a thread of its own, so that they go on.
  heartbeatTimeout: '30 seconds',
  // Each goes on where the last attempt stopped. Many attempts mean a ClickHouse that stays down or a worker that dies of this work.
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 100 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** Calls of the model that looks at borders and names. */
export const naming = proxyActivities<NameClustersActivity & CheckClustersActivity>({
  // Some hundred calls take minutes; a provider that is throttled hard may take hours.
  startToCloseTimeout: '12 hours',
  // Six heartbeats of 5 s.
  heartbeatTimeout: '30 seconds',
  // Each attempt goes on where the last one stopped and is patient itself: this many mean that the model is gone.
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 20 },
  // What is in flight is answered and journalled before a cancellation is complete.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** Who is to be told of what was found. */
export const webhooks = proxyActivities<Pick<WebhookActivities, 'clustersToAnnounce'>>({
  // The clusters' figures: queries of seconds each.
  startToCloseTimeout: '2 minutes',
  // For ever, as records: the run has ended, and only waits for ClickHouse.
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});
