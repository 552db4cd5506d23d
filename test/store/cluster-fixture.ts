import type { FoundCluster } from '../../store/clickhouse/clusters.ts';

/** A cluster as a run has stored it. */
export function clusterFixture(values: Partial<FoundCluster>): FoundCluster {
  return {
    project: 'default',
    scope: 'scope',
    runId: 'run',
    id: 'cluster',
    recordedAt: '2026-05-30T12:00:00.000Z',
    name: 'Card not arrived',
    namedBy: 'model',
    description: 'People wait for a card.',
    inclusion: 'Whoever waits.',
    exclusion: 'Lost cards.',
    keywords: ['card', 'arrive'],
    centre: [0.5, 0.25],
    mean: [0.125, 0],
    embedderSha256: 'e'.repeat(64),
    texts: 12,
    coherence: 0.75,
    similarity: 0.5,
    outlierBelow: 0.25,
    system: null,
    x: 0.5,
    y: 0.25,
    keptFrom: 0,
    task: {
      looksLikeOneTask: true,
      kind: 'label',
      reason: 'The answers are one of a few labels.',
      labels: ['a'],
      fields: [],
      student: 'encoder',
    },
    borderline: [{ traceId: '0199f0e0-0000-7000-8000-000000000001', otherId: 'other', margin: 0.125 }],
    ...values,
  };
}
