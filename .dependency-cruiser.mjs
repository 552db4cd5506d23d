// Import directions of the design: each folder may import only what stands beside it.
const MAY_IMPORT = {
  contracts: [],
  platform: ['contracts'],
  core: ['contracts'],
  store: ['contracts', 'core', 'platform'],
  serving: ['contracts', 'core', 'platform', 'store/artifacts'],
  activities: ['contracts', 'core', 'platform', 'store', 'serving'],
  // Types of activities, types of workflows: that they are types only is the linter's rule (no-restricted-imports).
  workflows: ['contracts', 'core', 'activities'],
  gateway: ['contracts', 'core', 'platform', 'store', 'serving', 'workflows'],
  worker: ['contracts', 'core', 'platform', 'store', 'serving', 'workflows', 'activities'],
  'gpu-worker': ['contracts', 'core', 'platform', 'store', 'serving', 'activities', 'worker'],
  'clients/sdk': ['contracts'],
  'clients/cli': ['clients/sdk', 'contracts', 'platform'],
  'clients/console': ['clients/sdk', 'contracts'],
  infra: ['contracts', 'platform'],
};
const OURS = '^(contracts|platform|core|store|serving|workflows|activities|gateway|worker|gpu-worker|clients|infra|test|bench|examples)/';
const escape = (folder) => folder.replaceAll('/', '\\/');

const directions = Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  severity: 'error',
  comment: `${folder}/ may import ${allowed.join(', ') || 'nothing of ours'}`,
  from: { path: `^${escape(folder)}/`, pathNot: '\\.test\\.tsx?$' },
  to: { path: OURS, pathNot: [folder, ...allowed].map((f) => `^${escape(f)}/`) },
}));

export default {
  forbidden: [
    ...directions,
    {
      name: 'contracts-import-zod-only',
      severity: 'error',
      from: { path: '^contracts/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'core'], pathNot: 'node_modules/zod/' },
    },
    {
      name: 'core-is-pure',
      severity: 'error',
      from: { path: '^core/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'nothing-imports-tests-benches-or-mains',
      severity: 'error',
      from: { pathNot: '^(test|bench|examples)/|\\.test\\.tsx?$' },
      to: { path: '^(test|bench|examples)/|/main\\.ts$' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // The swc parser knows no JSX: the console's imports are held by oxlint's no-restricted-imports.
    exclude: { path: '(^|/)(dist|node_modules/\\.vite)/|\\.tsx$' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      extensions: ['.ts', '.tsx', '.mjs', '.js'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
