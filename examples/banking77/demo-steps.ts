import { hasEnded, waitFor, type Stillhouse, type Dataset, type Distillation, type StageState } from '../../clients/sdk/index.ts';

/** Parts that restart are waited for this long. */
const PATIENCE_MS = 180_000;

/** Asks again while the gateway, or what stands behind it, is away for a moment. */
export function patient<T>(what: string, ask: () => Promise<T>): Promise<T> {
  return waitFor(what, ask, () => true, { timeoutMs: PATIENCE_MS });
}

/** Builds a dataset from the traces that the app marked with `run`. */
export async function makeDataset(api: Stillhouse, what: { name: string; run: string; alias: string; labels: string[] }): Promise<Dataset> {
  const started = await patient('Starting the dataset', () =>
    api.datasets.create({
      name: what.name,
      source: { traces: { alias: what.alias, metadata: { run: what.run } } },
      task: { kind: 'label', labels: what.labels },
    }),
  );
  const dataset = await api.datasets.waitUntilBuilt(what.name, started.version);
  if (dataset.status !== 'ready') throw new Error(`The dataset failed: ${dataset.error ?? 'no reason recorded'}`);
  return dataset;
}

/** Starts a distillation and tells what happens until it has ended. */
export async function distil(
  api: Stillhouse,
  request: { name: string; dataset: string; datasetVersion: number; teacher: string; student: string },
  say: (line: string) => void,
): Promise<Distillation> {
  await patient('Starting the distillation', () => api.distillations.start(request));
  const told = new Map<string, string>();
  const tell = (stage: StageState) => {
    const tenth = stage.total ? Math.floor((10 * (stage.done ?? 0)) / stage.total) : 0;
    const key = `${stage.status} ${tenth}`;
    if (stage.status === 'pending' || told.get(stage.stage) === key) return;
    told.set(stage.stage, key);
    say(`  ${stage.stage.padEnd(9)} ${describe(stage)}`);
  };
  for (;;) {
    const run = await patient('The distillation', () => api.distillations.get(request.name));
    for (const stage of run.stages) tell(stage);
    if (hasEnded(run)) {
      for (const warning of run.warnings) say(`  ! ${warning}`);
      say(`  spent $${run.spentUsd.toFixed(4)} on the teacher`);
      if (run.status === 'completed') return run;
      throw new Error(`The distillation ${run.name} ${run.status}: ${run.error ?? 'no reason recorded'}`);
    }
    await new Promise((done) => setTimeout(done, 500));
  }
}

function describe(stage: StageState): string {
  const numbers = Object.entries(stage.summary)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toFixed(4)) : String(value)}`)
    .join(', ');
  const share = stage.total ? ` ${stage.done ?? 0} of ${stage.total}` : '';
  switch (stage.status) {
    case 'running':
      return `…${share}`;
    case 'done':
      return `✓ ${numbers}`;
    case 'skipped':
      return `– skipped ${numbers}`;
    case 'failed':
      return `✗ ${numbers}`;
    case 'pending':
      return '';
  }
}

/** Points the alias to the student, and waits until the gateway has seen it: it follows the registry within a second. */
export async function moveAlias(api: Stillhouse, alias: string, target: string, reason: string): Promise<void> {
  const moved = await patient('The alias', () => api.aliases.set(alias, { targets: [{ target, weight: 1 }], reason }));
  await waitFor(
    'The alias',
    () => api.aliases.get(alias),
    (one) => one.version >= moved.version,
    { timeoutMs: 60_000 },
  );
}
