import { once } from 'node:events';
import { x } from 'tinyexec';

export const start = (file, args) => x(file, args, { nodeOptions: { stdio: 'ignore' } });
/** Awaiting it needs pipes, so it is its ChildProcess that tells of the exit. */
export const exited = ({ process }) => new Promise((resolve) => process.on('exit', resolve));
/** Itself a promise, and so inside of an object. */
export const ready = (running) => Promise.resolve({ running });
export const kill = ({ running }, signal) => running.kill(signal);
export const capture = async (file, args) => (await x(file, args)).stdout;

/** Its input is a string or another command, and its output a string: streams for the rest. */
export async function transfer(file, args, input, wanted) {
  const stdio = [input ? 'pipe' : 'ignore', wanted ? 'pipe' : 'ignore', 'ignore'];
  const { process } = x(file, args, { nodeOptions: { stdio } });
  const chunks = [];
  process.stdout?.on('data', (chunk) => chunks.push(chunk));
  process.stdin?.end(input);
  await once(process, 'close');
  return Buffer.concat(chunks).length;
}
