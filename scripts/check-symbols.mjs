// Reads what the built addons ask of the dynamic linker and what they show it, so that
// they load on every machine down to the floor below, whatever they were built on.
// Usage: check-symbols.mjs [addon…]; without names, every addon in prebuilds/ and build/Release/.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The newest version allowed of each family of symbols. A family that is missing may not
 * appear at all: GLIBCXX and CXXABI are linked in, since a machine's libstdc++ may be older
 * (the contract's floor for it, 3.4.25, is thus met by asking for none).
 */
const floor = { GLIBC: '2.28', GCC: '7.0.0' };
/** What Node and the linker provide; anything else without a version binds us to one Node. */
const unversioned = /^(napi_\w+|node_api_\w+|_ITM_\w+|__gmon_start__)$/;
const exported = /^(napi_register_module_v1|node_api_module_get_api_version_v1)$/;
const libraries = /^(libc\.so\.6|libgcc_s\.so\.1|libpthread\.so\.0|libdl\.so\.2|ld-linux.*)$/;

const addons = process.argv.length > 2 ? process.argv.slice(2) : findAddons();
let problems = 0;
for (const addon of addons) {
  const found = [...symbolProblems(addon), ...headerProblems(addon)];
  problems += found.length;
  console.log(`${addon}: ${found.length === 0 ? 'ok' : `${found.length} problems`}`);
  for (const problem of found) console.error(`  ${problem}`);
}
if (addons.length === 0) console.error('no addon found: build one first');
const allowed = Object.entries(floor).map((entry) => entry.join(' '));
console.log(
  `symbols: ${addons.length} addons, ${problems} problems (floor: ${allowed.join(', ')})`,
);
process.exitCode = addons.length === 0 || problems > 0 ? 1 : 0;

function findAddons() {
  const folders = [join('build', 'Release')];
  if (existsSync('prebuilds')) {
    folders.push(...readdirSync('prebuilds').map((arch) => join('prebuilds', arch)));
  }
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
    .filter((file) => file.endsWith('.node'));
}

function readelf(option, file) {
  return execFileSync('readelf', ['-W', option, file], { encoding: 'utf8' }).split('\n');
}

function symbolProblems(file) {
  const found = [];
  for (const line of readelf('--dyn-syms', file)) {
    // Num: Value Size Type Bind Vis Ndx Name[@version or @@version] [(index)]
    const match = /^\s*\d+:\s+\S+\s+\S+\s+\S+\s+(\S+)\s+\S+\s+(\S+)\s+(\S+)/.exec(line);
    if (match === null || match[1] === 'LOCAL') continue;
    const [name, version] = match[3].split(/@+/);
    if (match[2] !== 'UND') {
      if (!exported.test(name)) found.push(`exports ${name}`);
    } else if (version === undefined) {
      if (!unversioned.test(name)) found.push(`needs ${name}, which is not Node-API's`);
    } else if (isAboveFloor(version)) {
      found.push(`needs ${name}@${version}`);
    }
  }
  return found;
}

function isAboveFloor(version) {
  const [, family, number] = /^([A-Z]+)_([\d.]+)$/.exec(version) ?? [];
  if (floor[family] === undefined) return true;
  const limit = floor[family].split('.').map(Number);
  const parts = number.split('.').map(Number);
  for (let i = 0; i < Math.max(limit.length, parts.length); i += 1) {
    const difference = (parts[i] ?? 0) - (limit[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function headerProblems(file) {
  const lines = readelf('--dynamic', file);
  const found = lines
    .map((line) => /\(NEEDED\).*\[(.+)\]/.exec(line)?.[1])
    .filter((library) => library !== undefined && !libraries.test(library))
    .map((library) => `needs the library ${library}`);
  // Without it, the end of a worker would unload the code that our threads are running.
  if (!lines.some((line) => /\(FLAGS_1\).*\bNODELETE\b/.test(line))) found.push('lacks nodelete');
  return found;
}
