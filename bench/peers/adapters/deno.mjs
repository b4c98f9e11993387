const { Command } = globalThis.Deno;

const silent = { stdin: 'null', stdout: 'null', stderr: 'null' };

export const start = (file, args) => new Command(file, { args, ...silent }).spawn();
export const exited = (child) => child.status;
export const ready = (child) => Promise.resolve(child);
export const kill = (child, signal) => child.kill(signal);

export async function capture(file, args) {
  const { stdout } = await new Command(file, { args, stdin: 'null' }).output();
  return new globalThis.TextDecoder().decode(stdout);
}

export async function transfer(file, args, input, wanted) {
  const stdin = input ? 'piped' : 'null';
  const stdout = wanted ? 'piped' : 'null';
  const child = new Command(file, { args, stdin, stdout, stderr: 'null' }).spawn();
  const write = async () => {
    const writer = child.stdin.getWriter();
    await writer.write(input);
    await writer.close();
  };
  const read = wanted ? child.stdout.bytes() : [];
  const [bytes] = await Promise.all([read, child.status, input ? write() : undefined]);
  return bytes.length;
}
