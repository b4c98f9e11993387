import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** A folder. */
const report = process.env['REAPWELL_TEST_REPORT'];

// What does not depend on how exits are learned of; run once.
const anyMode = [
  'test/package/**',
  'test/bad-input/**',
  'test/crash/**',
  'test/docs/**',
  'test/fuzz/**',
  'test/half-a-kernel/capabilities.test.ts',
  'test/output/**',
  'test/journal/{disk,lock,open,options,types}.test.ts',
  'test/poll-and-wait/system-calls.test.ts',
  'test/stdio/**',
  'test/spawn/{dropped-groups,environment,environment-bytes,error-stacks,shebang}.test.ts',
  'test/spawn/path-search.test.ts',
  'test/spawn/slots.test.ts',
  'test/spawn/privilege.test.ts',
  'test/types/**',
  'test/telemetry/{otel-*,types}.test.ts',
];

// Each takes minutes: not for `npm test`.
const long = [
  'test/crash/crash-loop.test.ts',
  'test/half-a-kernel/each.test.ts',
  'test/suite-under-strace.test.ts',
];

// The same tests, with each of the two doorbells turned off in its turn (docs: design.md, section 4).
// Set for the workers that run the tests, and so inherited by every program that a test starts.
function project(
  name: string,
  env: Record<string, string>,
  { include = ['test/**/*.test.ts'], exclude = [] }: { include?: string[]; exclude?: string[] },
): TestProjectInlineConfiguration {
  return {
    test: {
      name,
      env,
      include,
      exclude,
      // Processes, not threads: signal masks, SIGCHLD and children belong to a process,
      // and a test file must be able to break its own without touching the next.
      pool: 'forks',
      testTimeout: 30_000,
      hookTimeout: 30_000,
    },
  };
}

export default defineConfig({
  test: {
    // Compiles the fixtures, once for all projects.
    globalSetup: 'test/support/global-setup.ts',
    // Two at a time, on however few cores: most tests wait for something.
    maxWorkers: 2,
    projects: [
      project('default', {}, { exclude: long }),
      project('long', {}, { include: long }),
      project('pidfd-only', { REAPWELL_SIGCHLD: 'share' }, { exclude: [...long, ...anyMode] }),
      project('signalfd-only', { REAPWELL_PIDFD: 'off' }, { exclude: [...long, ...anyMode] }),
    ],
    // The second is for programs that count the tests (.ci/run): one file for each run of vitest.
    reporters:
      report === undefined
        ? ['default']
        : ['default', ['json', { outputFile: `${report}/${process.pid}.json` }]],
    coverage: { provider: 'v8', include: ['src/**/*.ts', 'dist/**/*.js'] },
  },
});
