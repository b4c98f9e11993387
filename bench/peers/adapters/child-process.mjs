import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const silent = { stdio: 'ignore' };

export const start = (file, args) => spawn(file, args, silent);
export const exited = (child) => new Promise((resolve) => child.on('exit', resolve));
export const ready = (child) => Promise.resolve(child);
export const kill = (child, signal) => child.kill(signal);
export const capture = async (file, args) => (await execute(file, args)).stdout;

export async function transfer(file, args, input, wanted) {
  const stdio = [input ? 'pipe' : 'ignore', wanted ? 'pipe' : 'ignore', 'ignore'];
  const child = spawn(file, args, { stdio });
  const chunks = [];
  child.stdout?.on('data', (chunk) => chunks.push(chunk));
  child.stdin?.end(input);
  await once(child, 'close');
  return Buffer.concat(chunks).length;
}
