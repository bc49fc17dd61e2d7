import { COMPILE_CACHE } from './local/lambda/compile-cache.ts';
import { CHUNK_BYTES } from './test/support/chunk-bytes.ts';
import { LongestFirst } from './test/support/longest-first.ts';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** Keeps the lines and the metrics that the functions' code logs in the tests' own processes to itself. */
const QUIET = { POWERTOOLS_LOG_LEVEL: 'SILENT', POWERTOOLS_METRICS_DISABLED: 'true' };

const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
    globalSetup: ['./test/support/package-stack.ts'],
    env: { CHUNK_BYTES: String(CHUNK_BYTES), NODE_COMPILE_CACHE: COMPILE_CACHE, ...QUIET },
    // Loading the AWS SDK anew for every file would take half of the run; no test leaves anything behind in its process.
    isolate: false,
    // Two cores, and much waiting: the local AWS and its sandboxes are processes of their own.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // What a test that passes prints, e.g. a warning of the SDK that the test provoked, is of no interest.
    silent: 'passed-only',
    // Last resorts: no test may fail because the machine is slow.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 100_000 } },
  },
});
export default config;
