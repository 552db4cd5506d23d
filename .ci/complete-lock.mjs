// Completes package-lock.json with the optional packages of other platforms: `node .ci/complete-lock.mjs` (`--check` only looks).
// npm leaves out of the lock what its registry does not have for an optional dependency (mirrors often keep one platform
// only), and `npm ci` then refuses that lock, here and on every other machine. The entries carry what npm needs to skip
// them where they do not fit (os, cpu, libc) and the exact version to fetch where they do.
import { readFileSync, writeFileSync } from 'node:fs';

const PLATFORMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32'];
const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));

/** Where Node would find `name` from the package at `from`, or null. */
function resolve(from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const candidate = `${at}${at ? '/' : ''}node_modules/${name}`;
    if (lock.packages[candidate]) return candidate;
    if (at === '') return null;
    if (!at.includes('/node_modules/')) at = '';
    if (at === '') return lock.packages[`node_modules/${name}`] ? `node_modules/${name}` : null;
  }
}

const added = [];
for (const [from, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (resolve(from, name)) continue;
    const words = name.split(/[/-]/).map((word) => (word.startsWith('arm') && word !== 'arm64' ? 'arm' : word));
    const os = PLATFORMS.filter((platform) => words.includes(platform));
    const cpu = PROCESSORS.filter((processor) => words.includes(processor));
    const libc = words.includes('musl') ? ['musl'] : words.some((word) => word.startsWith('gnu')) ? ['glibc'] : [];
    if (os.length === 0 && cpu.length === 0) throw new Error(`${name}: no platform in its name; give it an entry by hand`);
    lock.packages[`node_modules/${name}`] = {
      version: range.replace(/^[\^~]/, ''),
      ...(cpu.length > 0 && { cpu }),
      ...(entry.dev && { dev: true }),
      ...(libc.length > 0 && { libc }),
      optional: true,
      ...(os.length > 0 && { os }),
    };
    added.push(name);
  }
}
const [root, ...rest] = Object.entries(lock.packages);
lock.packages = Object.fromEntries([root, ...rest.toSorted(([a], [b]) => a.localeCompare(b, 'en'))]);
if (added.length > 0 && !process.argv.includes('--check')) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length > 0 ? `missing ${added.length}: ${added.join(', ')}` : 'nothing is missing');
