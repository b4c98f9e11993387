// Keeps the direction of the layers: who may know whom, in native/ and in src/.
// It reads imports and names, never behaviour. To add a rule, add a row to a table.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';

const leaves = /^src\/(clock|errors|signals|exit|options)[^/]*(\/|$)/;

/**
 * Files matching `files` may import nothing that matches `not`, unless it matches `but`.
 * A relative import is matched as a path from the root, any other as it is written.
 */
const importRules = [
  {
    files: /^native\/core\//,
    not: /(^|\/)(node_api|js_native_api|node|napi|uv|v8)(-inl|_types)?\.h$|(^|\/)bind\//,
    why: 'the core builds, runs and is sanitized without Node',
  },
  { files: leaves, not: /^src\//, but: leaves, why: 'a leaf imports nothing upward' },
  {
    files: /^src\/native\//,
    not: /^src\/(?!native\/)/,
    but: leaves,
    why: 'the binding knows the leaves and nothing above it',
  },
  {
    files: /^src\/(?!native\/binding\.ts$)/,
    not: /^node-gyp-build$|^(node:)?module$|\.node$/,
    why: 'only src/native/binding.ts loads the addon',
  },
  {
    files: /^src\//,
    not: /^src\/(otel\/)?index\.ts$/,
    why: 'index.ts only exports: nothing stands on it',
  },
  {
    files: /^src\/(?!otel\/)/,
    not: /^src\/otel\/|^@opentelemetry\//,
    why: 'who does not ask for OpenTelemetry must not need it',
  },
  {
    files: /^src\//,
    not: /^(test|bench|scripts|examples|dist|build|native)\//,
    why: 'what is published stands on src alone',
  },
];

/** As above, for imports that are there at run time: these files may know the types of all others. */
const runtimeRules = [
  {
    files: /^src\/telemetry\//,
    not: /^src\/(?!telemetry\/)/,
    but: leaves,
    why: 'telemetry is a leaf: it knows what it tells of by type only',
  },
  {
    files: /^src\/otel\//,
    not: /^src\/(?!otel\/|telemetry\/|clock\.ts$)/,
    why: 'otel hears of everything through telemetry',
  },
];

/** Files that hold `export … from` and nothing else. */
const onlyExports = /^src\/(otel\/)?index\.ts$/;

const nameRules = [
  { files: /^(src|test|bench)\/.*\.ts$/, name: /^[a-z0-9-]+(\.test|\.test-d|\.bench|\.d)?\.ts$/ },
  { files: /^native\/.*\.(cc|h)$/, name: /^[a-z0-9_]+\.(cc|h)$/ },
];

/** TypeScript's length is eslint's to check. */
const lengthRules = [{ files: /^native\/.*\.(cc|h)$/, max: 300 }];

const problems = [];
const report = (file, problem) => problems.push(`${file}: ${problem}`);

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'])
  .toString()
  .split('\0')
  .filter((file) => /^(src|native|test|bench)\/.*\.(ts|mts|cc|h)$/.test(file));

const runtimeImports = new Map();
let checked = 0;
for (const file of files) {
  const text = readOrNull(file);
  if (text === null) continue; // listed by git, but deleted in the work tree
  checked += 1;
  for (const target of importsOf(file, text)) checkImport(file, target);
  for (const rule of nameRules) {
    if (rule.files.test(file) && !rule.name.test(posix.basename(file))) {
      report(file, `name does not match ${rule.name}`);
    }
  }
  for (const rule of lengthRules) {
    const lines = text.split('\n').length - 1;
    if (rule.files.test(file) && lines > rule.max) report(file, `${lines} lines, over ${rule.max}`);
  }
  if (/^src\/.*\.ts$/.test(file)) readStatements(file, text);
}
for (const cycle of cycles(runtimeImports)) report(cycle[0], `import cycle ${cycle.join(' → ')}`);

for (const problem of problems) console.error(problem);
console.log(`boundaries: ${checked} files, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function readOrNull(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

function importsOf(file, text) {
  const names = /\.m?ts$/.test(file)
    ? ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)
    : [...text.matchAll(/^\s*#\s*include\s*[<"]([^>"]+)[>"]/gm)].map((match) => match[1]);
  return names.map((name) => resolve(file, name));
}

/** './x.js' in TypeScript names the source x.ts. */
function resolve(file, name) {
  if (!/^\.\.?\//.test(name)) return name;
  const path = posix.join(posix.dirname(file), name);
  return /\.m?ts$/.test(file) ? path.replace(/\.(m?)js$/, '.$1ts') : path;
}

function checkImport(file, target, rules = importRules) {
  for (const { files: pattern, not, but, why } of rules) {
    if (pattern.test(file) && not.test(target) && !but?.test(target)) {
      report(file, `must not import ${target}: ${why}`);
    }
  }
}

/** `import type` leaves no trace at run time, so it can't make a cycle there. */
function readStatements(file, text) {
  const targets = [];
  for (const statement of ts.createSourceFile(file, text, ts.ScriptTarget.Latest).statements) {
    const from = statement.moduleSpecifier?.text;
    const typeOnly = statement.isTypeOnly === true || statement.importClause?.isTypeOnly === true;
    if (from !== undefined && !typeOnly) {
      targets.push(resolve(file, from));
      checkImport(file, resolve(file, from), runtimeRules);
    }
    if (onlyExports.test(file) && !(ts.isExportDeclaration(statement) && from !== undefined)) {
      report(file, 'holds something else than `export … from`');
    }
  }
  runtimeImports.set(file, targets);
}

function cycles(graph) {
  const found = [];
  const done = new Set();
  const visit = (file, path) => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file]);
    if (done.has(file) || path.includes(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}
