import type { Dataset } from '../../contracts/datasets.ts';
import type { DatasetRow, Split } from '../../contracts/datasets.ts';

/** A dataset version of label rows, ready unless said otherwise. */
export function datasetOf(name: string, rows: Dataset['rows'], status: Dataset['status'] = 'ready'): Dataset {
  const at = new Date().toISOString();
  return {
    project: 'default',
    name,
    version: 1,
    hash: 'a'.repeat(64),
    status,
    source: { traces: {} },
    sourceHash: 's',
    task: { kind: 'label' },
    splits: { train: 0.6, validation: 0.15, test: 0.25 },
    rows,
    goldRows: 0,
    labels: { refund: 1, invoice: 1 },
    skipped: {},
    warnings: [],
    error: null,
    createdAt: at,
    updatedAt: at,
  };
}

/** A row that `lab/oracle-large` answered with 3 bytes, its prompt billed with 40 tokens. */
export function rowOf(split: Split, position: number, traceId = ''): DatasetRow {
  return {
    rowId: `${split}-${position}`,
    promptHash: `p-${split}-${position}`,
    group: `g-${split}-${position}`,
    split,
    position,
    messages: [{ role: 'user', content: 'x'.repeat(80) }],
    tools: null,
    responseFormat: null,
    parameters: {},
    reference: 'abc',
    referenceTarget: 'lab/oracle-large',
    promptTokens: 40,
    traceId,
  };
}
