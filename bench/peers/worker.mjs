// One peer in a process of its own; runs in Node, Bun and Deno.
//   worker.mjs <adapter> [more adapters]
// Tasks come as a line of JSON each on standard input, answers go as a line of JSON each. Task `peer`
// says which of the adapters is meant; the first one otherwise.
import process from 'node:process';
import { createInterface } from 'node:readline';
import { operations } from './operations.mjs';

const adapters = new Map();
for (const name of process.argv.slice(2)) {
  adapters.set(name, await import(`./adapters/${name}.mjs`));
}
const [first] = adapters.keys();

async function answer(line) {
  try {
    const { op, peer = first, ...task } = JSON.parse(line);
    return { result: (await operations[op](adapters.get(peer), task)) ?? null };
  } catch (error) {
    return { error: String(error?.stack ?? error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
}
for (const adapter of adapters.values()) await operations.letGo(adapter, {});
process.exit(0);
