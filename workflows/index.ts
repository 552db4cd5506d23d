/** What the workflow sandbox loads: one export per workflow type of `contracts/names.ts`. */
export { buildDataset } from './build-dataset.ts';
export { clusterTraces } from './cluster-traces.ts';
export { deliverWebhook } from './deliver-webhook.ts';
export { distil } from './distil.ts';
export { forgetTraces } from './forget-traces.ts';
export { importTraces } from './import-traces.ts';
export { inspectDataset } from './inspect-dataset.ts';
export { judgeDataset } from './judge-dataset.ts';
export { registry } from './registry.ts';
export { trial } from './trial.ts';
