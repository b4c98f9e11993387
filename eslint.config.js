// Types are checked by tsc and layout by prettier; this is for what neither sees:
// forgotten promises, unhandled cases, files that grow too long.
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['build/', 'native/build/', 'dist/', 'prebuilds/', 'coverage/', 'test/.build/']),
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' },
    rules: {
      eqeqeq: 'error',
      'max-lines': ['error', 300],
      'no-console': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['**/*.ts', '**/*.mts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    // Plain JavaScript has no types to ask; its globals are Node's.
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          ...['AbortController', 'AbortSignal', 'Buffer', 'URL', 'clearTimeout', 'console'],
          ...['global', 'performance', 'process', 'queueMicrotask', 'require', 'setImmediate'],
          ...['setInterval', 'clearInterval', 'setTimeout', 'structuredClone'],
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    // A program may have put fake clocks and timers in their place (src/clock.ts).
    files: ['src/**/*.ts'],
    ignores: ['src/clock.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance'],
        ...['clearTimeout', 'clearInterval', 'clearImmediate', 'Date'],
      ],
      'no-restricted-properties': [
        'error',
        ...['nextTick', 'hrtime', 'uptime'].map((property) => ({ object: 'process', property })),
        { object: 'globalThis' },
      ],
      'no-restricted-imports': [
        'error',
        ...['timers', 'timers/promises', 'perf_hooks'].flatMap((name) => [name, `node:${name}`]),
      ],
    },
  },
  {
    // Programs that a person runs talk to that person.
    files: ['scripts/**', 'examples/**', 'bench/**', 'test/**'],
    rules: { 'no-console': 'off' },
  },
  {
    // What a test hands in is often wrong on purpose, and what it gets is asserted.
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
