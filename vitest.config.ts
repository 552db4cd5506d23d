import { defineConfig } from 'vitest/config';

// The order of projects is the order of trust: pure rules, then each engine, then processes that get killed.
const stack = { globalSetup: ['test/support/global-setup.ts'], testTimeout: 120_000, hookTimeout: 180_000 };

export default defineConfig({
  test: {
    // Two cores: engines and processes must not starve each other.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{contracts,core,platform,store,serving,workflows,activities,gateway,worker,gpu-worker,infra,clients,examples,bench}/**/*.test.ts',
          ],
          ...stack,
        },
      },
      {
        test: {
          name: 'engines',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{chaos,e2e,browser,supervisor}/**'],
          ...stack,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'stack',
          include: ['test/{chaos,e2e,browser,supervisor}/**/*.test.ts'],
          ...stack,
          testTimeout: 300_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
