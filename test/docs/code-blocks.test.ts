// Every code block that people read is run as it stands, on the Node that runs the tests; CI runs this
// file on each supported one. What a block names (a server, an agent) is in test/docs/world.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/probe.js';
import { repository } from '../support/program.js';
import { blocksOf, pages, type Block } from './blocks.js';

const blocks = pages().flatMap(blocksOf);
const written = (...languages: string[]) =>
  blocks
    .filter(({ language }) => languages.includes(language))
    .map((block) => [`${block.page}:${block.line}`, block] as const);

const world = `${repository}/test/docs/world`;

/** A project of a user's, in which the block is `program.mjs`. */
function project(code: string): string {
  const folder = temporaryDirectory();
  cpSync(world, folder, { recursive: true });
  mkdirSync(`${folder}/node_modules`);
  symlinkSync(repository, `${folder}/node_modules/reapwell`);
  symlinkSync(`${repository}/node_modules/@opentelemetry`, `${folder}/node_modules/@opentelemetry`);
  writeFileSync(`${folder}/program.mjs`, code);
  return folder;
}

function runProgram(code: string) {
  const folder = project(code);
  const path = `${folder}/bin:${process.env['PATH'] ?? ''}`;
  // The runner's own variables would be the program's.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')),
  );
  const { status, signal, stderr } = spawnSync(process.execPath, ['program.mjs'], {
    cwd: folder,
    env: { ...env, PATH: path, NODE_ENV: 'production' },
    encoding: 'utf8',
    timeout: 25_000,
  });
  return { status, signal, stderr };
}

const fine = { status: 0, signal: null, stderr: '' };

test('each block says what it is written in', () => {
  const known = ['js', 'ts', 'sh', 'console', 'json', 'text'];
  const unknown = blocks.filter(({ language }) => !known.includes(language));
  expect(unknown.map(({ page, line, language }) => `${page}:${line}: '${language}'`)).toEqual([]);
  expect(written('js', 'ts').length).toBeGreaterThan(5);
});

test.each(written('js'))('%s runs', (_, { code }) => {
  expect(runProgram(code)).toEqual(fine);
});

describe('TypeScript', () => {
  const options: ts.CompilerOptions = {
    ...ts.convertCompilerOptionsFromJson(
      (
        ts.readConfigFile(`${repository}/tsconfig.json`, (file) => readFileSync(file, 'utf8'))
          .config as { compilerOptions: unknown }
      ).compilerOptions,
      repository,
    ).options,
    noUnusedLocals: false,
  };

  test.each(written('ts'))('%s is typed, and runs', (_, { code }) => {
    const file = `${project('')}/program.mts`;
    writeFileSync(file, code);
    const problems = ts
      .getPreEmitDiagnostics(
        ts.createProgram([file], { ...options, typeRoots: [`${repository}/node_modules/@types`] }),
      )
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    expect(problems).toEqual([]);
    const { outputText } = ts.transpileModule(code, {
      fileName: file,
      compilerOptions: { ...options, noEmit: false },
    });
    expect(runProgram(outputText)).toEqual(fine);
  });
});

test.each(written('json'))('%s is JSON, whole or line by line', (_, { code }) => {
  const parse = (text: string): unknown => JSON.parse(text);
  try {
    parse(code);
  } catch {
    for (const line of code.trim().split('\n')) parse(line);
  }
});

describe('commands', () => {
  const { scripts } = JSON.parse(readFileSync(`${repository}/package.json`, 'utf8')) as {
    scripts: Record<string, string>;
  };

  const commandsOf = ({ code }: Block): string => code.replace(/\s#\s.*$/gm, '');

  test.each(written('sh', 'console'))('%s can be read by a shell', (_, block) => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: block.code, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test.each(written('sh', 'console'))('%s names what is there', (_, block) => {
    const commands = commandsOf(block);
    const scriptsMissing = [...commands.matchAll(/\bnpm run ([\w:-]+)/g)]
      .map(([, name]) => name!)
      .filter((name) => scripts[name] === undefined && !block.page.startsWith('bench/'));
    expect(scriptsMissing).toEqual([]);
    const folders = ['', `${block.page.slice(0, block.page.lastIndexOf('/') + 1)}`, 'bench/'];
    const programsMissing = [...commands.matchAll(/\bnode ([\w/.-]+\.m?js)\b/g)]
      .map(([, file]) => file!)
      .filter((file) => !folders.some((folder) => existsSync(`${repository}/${folder}${file}`)));
    expect(programsMissing).toEqual([]);
  });

  test('each npm script that prose names is there', () => {
    const missing = pages().flatMap((page) =>
      [...readFileSync(`${repository}/${page}`, 'utf8').matchAll(/`npm run ([\w:-]+)[^`]*`/g)]
        .map(([, name]) => name!)
        .filter((name) => scripts[name] === undefined)
        .map((name) => `${page}: npm run ${name}`),
    );
    expect(missing).toEqual([]);
  });
});
