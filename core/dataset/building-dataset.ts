import type { BuildDatasetInput, Dataset } from '../../contracts/datasets.ts';

/** A dataset version whose build has begun and has said nothing yet. `at`: when, as an ISO time. */
export function buildingDataset(input: BuildDatasetInput, version: number, sourceHash: string, at: string): Dataset {
  return {
    ...input,
    version,
    hash: '',
    status: 'building',
    sourceHash,
    rows: { train: 0, validation: 0, test: 0 },
    goldRows: 0,
    labels: {},
    skipped: {},
    warnings: [],
    error: null,
    createdAt: at,
    updatedAt: at,
  };
}
