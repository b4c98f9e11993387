// Garbage collection on demand, in whichever runtime we are.
export function gc() {
  if (globalThis.Bun !== undefined) globalThis.Bun.gc(true);
  else globalThis.gc?.();
}
