/** What the workflow sandbox loads: one export per workflow type of `contracts/names.ts`. */
export { registry } from './registry.ts';
