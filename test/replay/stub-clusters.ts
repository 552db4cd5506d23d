import type { ClusterActivities, ClusterRecordActivities } from '../../activities/cluster-traces.ts';
import type { CheckClustersActivity } from '../../activities/check-clusters.ts';
import type { NameClustersActivity } from '../../activities/name-clusters.ts';
import type { WebhookActivities } from '../../activities/webhooks.ts';

const artifact = (key: string) => ({ key, sha256: 'a'.repeat(64), bytes: 1 });
export const embedder = { name: 'stub', sha256: 'c'.repeat(64), dimensions: 3 };

export const stubWebhooks: WebhookActivities = {
  clustersToAnnounce: async () => [{ webhook: 'ops', cluster: { id: 'c-1', run: 'announced' } }],
  deliverWebhook: async ({ webhook }) => ({ webhook, event: 'test', id: 'msg_1', status: 204 }),
};

export const stubClusters: ClusterRecordActivities & ClusterActivities & CheckClustersActivity & NameClustersActivity = {
  nameClusterRun: async ({ input }) => ({ name: input.name ?? 'named', scope: 'scope' }),
  planClusters: async ({ input, run }) => ({ input, run, until: run.at, namingPrice: null, predecessor: null }),
  recordClusterState: async () => undefined,
  sampleTraces: async () => ({ portions: [artifact('sample-0.json')], counts: { traces: 9, sampled: 9, texts: 8 } }),
  embedSample: async () => ({ vectors: { portions: [artifact('vectors-0.f32')], rows: 8, columns: 3 }, embedder, cohesion: 0.6 }),
  clusterSample: async () => ({ clustering: artifact('clustering.json'), clusters: 2, warnings: ['a warning'] }),
  checkClusters: async () => ({
    clustering: artifact('checked.json'),
    clusters: 3,
    counts: { clusters: 3, checked: 2, merged: 0, split: 1, unchecked: 0 },
    spentUsd: 0.005,
    warnings: [],
  }),
  matchRun: async () => ({ identities: artifact('identities.json'), kept: 1 }),
  nameClusters: async () => ({ names: artifact('names.json'), named: 1, spentUsd: 0.01, warnings: [] }),
  assignTraces: async () => ({ assigned: 9, outliers: 1, withoutText: 0, embedder }),
  recordClusters: async () => artifact('map.json'),
  forgetWork: async () => undefined,
};
