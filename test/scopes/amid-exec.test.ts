// Whoever escapes by an exec (setsid(1), nohup(1)) has neither environment nor arguments in the moment
// between two programs. Looked at just then it carried no cookie: one in twenty got no SIGTERM, and one
// in a thousand was called gone and lived on.
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../../src/index.js';
import { makeMark, marked } from './marked.js';

test('who is looked at amid its exec is not missed', { timeout: 60_000 }, async () => {
  const mark = makeMark();
  const [name, value] = mark.split('=') as [string, string];
  onTestFinished(() => {
    for (const { pid } of marked(mark)) process.kill(pid, 'SIGKILL');
  });
  const script = '(setsid sleep 60 >/dev/null 2>&1 &); exit 0';
  const options = { scope: 'tree', env: { ...process.env, [name]: value } } as const;
  const methods: string[] = [];
  const lane = async (): Promise<void> => {
    for (let i = 0; i < 60; i++) {
      methods.push((await run('/bin/sh', ['-c', script], options)).termination.method);
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  expect(methods).toEqual(methods.map(() => 'sigterm'));
  expect(marked(mark)).toEqual([]);
});
