// What npm publishes, pinned: an install must run nothing, need no compiler, and bring
// all that a build from source takes. What the installed package does is for
// scripts/test-tarball.mjs.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';

interface Manifest {
  type: string;
  gypfile: boolean;
  engines: Record<string, string>;
  os: string[];
  exports: Record<string, string | Record<string, string>>;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  [field: string]: unknown;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(`${root}/${file}`, 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;

describe('package.json', () => {
  test('asks for no build on install', () => {
    // npm runs node-gyp by itself if either this is not false or a binding.gyp is at
    // the package's root; it warns of install scripts, and newer versions refuse them.
    expect(manifest.gypfile).toBe(false);
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
      expect(manifest.scripts).not.toHaveProperty(script);
    }
  });

  test('has no script that another one would start unasked', () => {
    // `npm run prebuild` makes the prebuilds; a script named build would trigger it each time.
    expect(manifest.scripts).toHaveProperty('prebuild');
    expect(manifest.scripts).not.toHaveProperty('build');
  });

  test('is ESM only, with types', () => {
    expect(manifest.type).toBe('module');
    expect(manifest).not.toHaveProperty('main');
    for (const [entry, target] of Object.entries(manifest.exports)) {
      if (typeof target === 'string') continue;
      expect(Object.keys(target), entry).toEqual(['types', 'default']);
    }
    expect(manifest.exports['.']).toEqual({
      types: './dist/index.d.ts',
      default: './dist/index.js',
    });
  });

  test('says what it runs on', () => {
    expect(manifest.engines).toEqual({ node: '>=20' });
    expect(manifest.os).toEqual(['linux']);
  });

  test('needs OpenTelemetry only where it is asked for', () => {
    expect(manifest.peerDependencies).toEqual({ '@opentelemetry/api': '^1.7.0' });
    expect(manifest.peerDependenciesMeta).toEqual({ '@opentelemetry/api': { optional: true } });
    expect(manifest.exports['./otel']).toEqual({
      types: './dist/otel/index.d.ts',
      default: './dist/otel/index.js',
    });
  });

  test('depends on the loader and on what a build from source needs', () => {
    expect(Object.keys(manifest.dependencies).sort()).toEqual(['node-addon-api', 'node-gyp-build']);
    expect(manifest).not.toHaveProperty('optionalDependencies');
    expect(manifest).not.toHaveProperty('bundleDependencies');
  });
});

describe('the tarball', () => {
  let files: string[];

  beforeAll(() => {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const output = execFileSync('npm', args, { cwd: root, encoding: 'utf8' });
    // A list, or from npm 12 on an object by package name.
    const packs = JSON.parse(output) as Record<string, { files: { path: string }[] }>;
    files = Object.values(packs).flatMap((pack) => pack.files.map(({ path }) => path));
  });

  test('has no binding.gyp at its root', () => {
    expect(files).not.toContain('binding.gyp');
  });

  test('brings what it says it exports', () => {
    expect(files).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'docs/building.md']),
    );
    for (const target of Object.values(manifest.exports)) {
      for (const path of typeof target === 'string' ? [target] : Object.values(target)) {
        expect(files).toContain(path.replace('./', ''));
      }
    }
  });

  test('brings every source of the addon, and its build files', () => {
    const sources = ['core', 'bind', 'compat'].flatMap((folder) =>
      readdirSync(`${root}/native/${folder}`).map((file) => `native/${folder}/${file}`),
    );
    const buildFiles = ['native/binding.gyp', 'native/reapwell.gypi', 'native/exports.map'];
    expect(files).toEqual(expect.arrayContaining([...sources, ...buildFiles]));
  });

  test('leaves out what only this repository needs', () => {
    const shipped = /^(dist|native|prebuilds|docs)\/|^(LICENSE|README\.md|package\.json)$/;
    expect(files.filter((file) => !shipped.test(file))).toEqual([]);
    expect(files.filter((file) => /^native\/build\/|\.(tsbuildinfo|o|d)$/.test(file))).toEqual([]);
  });
});

test('the lock file names no download address', () => {
  expect(read('package-lock.json')).not.toMatch(/"resolved":\s*"https?:/);
});
