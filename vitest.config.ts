import { defineConfig } from 'vitest/config';

/**
 * `unit` takes seconds a file; `story` starts the whole main job; `slow` (`*.slow.test.ts`) kills processes, loads servers and
 * drives a browser. `npm test` runs the first two, `.ci/run` all of them.
 */
const common = {
  exclude: ['**/node_modules/**', '**/dist/**'],
  pool: 'forks' as const,
  env: { ORT_DISABLE_TELEMETRY: '1' },
};

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: ['**/*.test.ts', '.github/**/*.test.ts'],
          exclude: [...common.exclude, '**/*.slow.test.ts', '**/*.story.test.ts', '**/*.browser.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...common,
          name: 'story',
          include: ['**/*.story.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          ...common,
          name: 'slow',
          include: ['**/*.slow.test.ts', '**/*.browser.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
