import spawn from 'nano-spawn';

export const start = (file, args) => spawn(file, args, { stdio: 'ignore' });
/** A child that we end rejects. */
export const exited = (subprocess) => subprocess.catch(() => undefined);
export const ready = (subprocess) => subprocess.nodeChildProcess;
export const kill = (child, signal) => child.kill(signal);
export const capture = async (file, args) => (await spawn(file, args)).stdout;

/** Input and output are strings. */
export async function transfer(file, args, input, wanted) {
  const { stdout } = await spawn(file, args, {
    stdin: input ? { string: Buffer.from(input.buffer).latin1Slice() } : 'ignore',
    ...{ stdout: wanted ? 'pipe' : 'ignore', stderr: 'ignore' },
  });
  return stdout.length;
}
