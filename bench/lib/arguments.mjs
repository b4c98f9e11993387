// What every script of the suite takes on its command line.
import { parseArgs } from 'node:util';

export const usage = `
  --quick                few samples, for development; writes no results unless --out says where
  --allow-missing NAME   go on without this peer; the table says so. May be given more than once
  --out FOLDER           where results go instead of bench/results
`;

export function readArguments(args = process.argv.slice(2)) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      'allow-missing': { type: 'string', multiple: true, default: [] },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick, out, help } = values;
  return { quick, out, help, names: positionals, allowMissing: new Set(values['allow-missing']) };
}
