// The programs that are started, and the folder of those that are compiled for it.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from './compile.mjs';

const STATIC = ['-static', '-nostdlib', '-ffreestanding'];
const TRANSFER_BYTES = 10 * 1000 * 1000;

/** Calls `use` with the programs; removes what was made for it. */
export async function withPrograms(use) {
  const folder = fs.mkdtempSync(join(tmpdir(), 'reapwell-bench-'));
  try {
    const sleeping = [...STATIC, '-DSLEEP'];
    return await use({
      exits: verify(compile('static.c', folder, { name: 'exits', flags: STATIC }), false),
      sleeps: verify(compile('static.c', folder, { name: 'sleeps', flags: sleeping }), true),
      floor: compile('floor.c', folder),
      data: writeData(join(folder, 'data')),
      bytes: TRANSFER_BYTES,
    });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** A program that crashed would be a very fast one. */
function verify({ program, missing }, stays) {
  if (missing !== undefined) throw new Error(missing);
  const { status, error } = spawnSync(program, [], { timeout: 200 });
  const right = stays ? error?.code === 'ETIMEDOUT' : status === 0;
  if (!right) throw new Error(`${program}: ${error ?? `exit status ${status}`}`);
  return program;
}

function writeData(path) {
  fs.writeFileSync(path, Buffer.alloc(TRANSFER_BYTES, 'a'));
  return path;
}
