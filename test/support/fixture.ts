// The compiled programs that the tests start.
import { fileURLToPath } from 'node:url';

const build = fileURLToPath(new URL('../.build', import.meta.url));

/** The path of the program compiled from test/fixtures/NAME.cc. */
export function fixture(name: string): string {
  return `${build}/${name}`;
}
