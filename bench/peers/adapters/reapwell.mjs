import { run, spawn } from '../../../dist/index.js';

const silent = { stdio: 'ignore' };

export const start = (file, args) => spawn(file, args, silent);
export const exited = async (started) => (await started).exited;
export const ready = (started) => started;
export const kill = (child, signal) => child.kill(signal);
export const capture = async (file, args) => (await run(file, args)).stdout;

export async function transfer(file, args, input, wanted) {
  const output = wanted
    ? { encoding: 'buffer', maxBuffer: Infinity }
    : { stdio: ['pipe', 'ignore', 'ignore'] };
  const { status, stdout } = await run(file, args, { input, ...output });
  if (status !== 'completed') throw new Error(status);
  return stdout?.length ?? 0;
}
