import { defineConfig } from 'vitest/config';

// The order of projects is the order of trust: pure rules, then each engine, then processes that get killed.
const built = { globalSetup: ['test/support/global-setup.ts'], testTimeout: 120_000, hookTimeout: 180_000 };
const trained = { ...built, globalSetup: [...built.globalSetup, 'test/support/language-models-setup.ts'] };

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
          ...built,
        },
      },
      {
        test: {
          name: 'engines',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{chaos,e2e,browser,supervisor}/**'],
          ...trained,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'stack',
          include: ['test/{chaos,e2e,browser,supervisor}/**/*.test.ts'],
          ...trained,
          testTimeout: 300_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
