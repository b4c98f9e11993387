// What it was measured on; the load tells whether the machine had other work.
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { findNode } from './runtimes.mjs';

export function describeMachine() {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: availableParallelism(),
    memoryGB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: findNode().version,
    loadBefore: loadavg().map((value) => Number(value.toFixed(2))),
  };
}
