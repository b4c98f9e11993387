import { execa } from 'execa';

export const start = (file, args) => execa(file, args, { stdio: 'ignore', reject: false });
export const exited = (subprocess) => subprocess;
/** Itself a promise, and so inside of an object. */
export const ready = (subprocess) => Promise.resolve({ subprocess });
export const kill = ({ subprocess }, signal) => subprocess.kill(signal);
export const capture = async (file, args) => (await execa(file, args)).stdout;

export async function transfer(file, args, input, wanted) {
  const { stdout } = await execa(file, args, {
    ...(input ? { input } : { stdin: 'ignore' }),
    ...{ stdout: wanted ? 'pipe' : 'ignore', stderr: 'ignore' },
    ...{ encoding: 'buffer', maxBuffer: Infinity },
  });
  return stdout?.length ?? 0;
}
