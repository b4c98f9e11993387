const { spawn } = globalThis.Bun;

const silent = { stdio: ['ignore', 'ignore', 'ignore'] };

export const start = (file, args) => spawn([file, ...args], silent);
export const exited = (child) => child.exited;
export const ready = (child) => Promise.resolve(child);
export const kill = (child, signal) => child.kill(signal);

export async function capture(file, args) {
  const child = spawn([file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [text] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return text;
}

export async function transfer(file, args, input, wanted) {
  const stdio = [input ?? 'ignore', wanted ? 'pipe' : 'ignore', 'ignore'];
  const child = spawn([file, ...args], { stdio });
  const [bytes] = await Promise.all([wanted ? child.stdout.bytes() : [], child.exited]);
  return bytes.length;
}
