import { createRootRoute, createRoute, createRouter, lazyRouteComponent, retainSearchParams } from '@tanstack/react-router';
import { readDatasetStart } from './datasets/dataset-draft.ts';
import { NotFound } from './shell/not-found.tsx';
import { RouteProblem } from './shell/route-problem.tsx';
import { Shell } from './shell/shell.tsx';
import { readForgetSearch } from './traces/forget-draft.ts';
import { readTraceSearch } from './traces/trace-search.ts';
import { readUsageSearch } from './usage/usage-search.ts';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: RouteProblem,
  // Whose data is shown; every link keeps it.
  validateSearch: ({ project }: Record<string, unknown>): { project?: string } =>
    ['string', 'number'].includes(typeof project) && project !== '' ? { project: String(project) } : {},
  search: { middlewares: [retainSearchParams(['project'])] },
});

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./overview/overview-page.tsx'), 'OverviewPage'),
});
const traces = createRoute({
  getParentRoute: () => root,
  path: '/traces',
  validateSearch: readTraceSearch,
  component: lazyRouteComponent(() => import('./traces/traces-page.tsx'), 'TracesPage'),
});
const forget = createRoute({
  getParentRoute: () => root,
  path: '/forget',
  validateSearch: readForgetSearch,
  component: lazyRouteComponent(() => import('./traces/forget-page.tsx'), 'ForgetPage'),
});
const clusters = createRoute({
  getParentRoute: () => root,
  path: '/clusters',
  component: lazyRouteComponent(() => import('./clusters/clusters-page.tsx'), 'ClustersPage'),
});
const cluster = createRoute({
  getParentRoute: () => root,
  path: '/clusters/$id',
  component: lazyRouteComponent(() => import('./clusters/cluster-page.tsx'), 'ClusterPage'),
});
const datasets = createRoute({
  getParentRoute: () => root,
  path: '/datasets',
  component: lazyRouteComponent(() => import('./datasets/datasets-page.tsx'), 'DatasetsPage'),
});
const newDataset = createRoute({
  getParentRoute: () => root,
  path: '/new-dataset',
  validateSearch: readDatasetStart,
  component: lazyRouteComponent(() => import('./datasets/new-dataset-page.tsx'), 'NewDatasetPage'),
});
const dataset = createRoute({
  getParentRoute: () => root,
  path: '/datasets/$name',
  component: lazyRouteComponent(() => import('./datasets/dataset-page.tsx'), 'DatasetPage'),
});
const distillations = createRoute({
  getParentRoute: () => root,
  path: '/distillations',
  component: lazyRouteComponent(() => import('./distillations/distillations-page.tsx'), 'DistillationsPage'),
});
const newDistillation = createRoute({
  getParentRoute: () => root,
  path: '/new-distillation',
  validateSearch: ({ dataset, again }: Record<string, unknown>): { dataset?: string; again?: string } => ({
    ...(typeof dataset === 'string' ? { dataset } : {}),
    ...(typeof again === 'string' ? { again } : {}),
  }),
  component: lazyRouteComponent(() => import('./distillations/new-distillation-page.tsx'), 'NewDistillationPage'),
});
const distillation = createRoute({
  getParentRoute: () => root,
  path: '/distillations/$name',
  component: lazyRouteComponent(() => import('./distillations/distillation-page.tsx'), 'DistillationPage'),
});
const aliases = createRoute({
  getParentRoute: () => root,
  path: '/aliases',
  component: lazyRouteComponent(() => import('./aliases/aliases-page.tsx'), 'AliasesPage'),
});
const newAlias = createRoute({
  getParentRoute: () => root,
  path: '/new-alias',
  component: lazyRouteComponent(() => import('./aliases/new-alias-page.tsx'), 'NewAliasPage'),
});
const alias = createRoute({
  getParentRoute: () => root,
  path: '/aliases/$name',
  component: lazyRouteComponent(() => import('./aliases/alias-page.tsx'), 'AliasPage'),
});
const students = createRoute({
  getParentRoute: () => root,
  path: '/students',
  component: lazyRouteComponent(() => import('./students/students-page.tsx'), 'StudentsPage'),
});
const student = createRoute({
  getParentRoute: () => root,
  path: '/students/$name',
  component: lazyRouteComponent(() => import('./students/student-page.tsx'), 'StudentPage'),
});

const providers = createRoute({
  getParentRoute: () => root,
  path: '/providers',
  component: lazyRouteComponent(() => import('./providers/providers-page.tsx'), 'ProvidersPage'),
});
const provider = createRoute({
  getParentRoute: () => root,
  path: '/providers/$id',
  component: lazyRouteComponent(() => import('./providers/provider-page.tsx'), 'ProviderPage'),
});
const keys = createRoute({
  getParentRoute: () => root,
  path: '/keys',
  component: lazyRouteComponent(() => import('./keys/keys-page.tsx'), 'KeysPage'),
});
const newKey = createRoute({
  getParentRoute: () => root,
  path: '/new-key',
  component: lazyRouteComponent(() => import('./keys/new-key-page.tsx'), 'NewKeyPage'),
});
const key = createRoute({
  getParentRoute: () => root,
  path: '/keys/$id',
  component: lazyRouteComponent(() => import('./keys/key-page.tsx'), 'KeyPage'),
});
const usage = createRoute({
  getParentRoute: () => root,
  path: '/usage',
  validateSearch: readUsageSearch,
  component: lazyRouteComponent(() => import('./usage/usage-page.tsx'), 'UsagePage'),
});
const limits = createRoute({
  getParentRoute: () => root,
  path: '/limits',
  component: lazyRouteComponent(() => import('./limits/limits-page.tsx'), 'LimitsPage'),
});
const privacy = createRoute({
  getParentRoute: () => root,
  path: '/privacy',
  component: lazyRouteComponent(() => import('./privacy/privacy-page.tsx'), 'PrivacyPage'),
});

const routeTree = root.addChildren([
  overview,
  traces,
  forget,
  clusters,
  cluster,
  datasets,
  newDataset,
  dataset,
  distillations,
  newDistillation,
  distillation,
  aliases,
  newAlias,
  alias,
  students,
  student,
  providers,
  provider,
  keys,
  newKey,
  key,
  usage,
  limits,
  privacy,
]);

/** The pages by address; each one's code is loaded when it is first shown. */
export function createConsoleRouter() {
  return createRouter({ routeTree, defaultPreload: 'intent', scrollRestoration: true });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
