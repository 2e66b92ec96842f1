// npm run setup: installs what npm cannot bring. Lists first, installs what is missing, part by part; runs again safely.
// Flags: --only NAME (repeatable), --long (also what only the long tests need), --list (installs nothing).
import { find, run, say } from './processes.js';
import { isThere, parts, root } from './parts.js';
import { prepare } from './prepare.js';

process.chdir(root);
const only = process.argv.flatMap((flag, index) => (flag === '--only' ? [process.argv[index + 1]] : []));
const long = process.argv.includes('--long');
const unknown = only.filter((name) => parts[name] === undefined);
if (unknown.length > 0) {
  say(`no such part: ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}
const chosen = Object.entries(parts).filter(([name, part]) =>
  only.length > 0 ? only.includes(name) : !part.onlyByName && (long || !part.long),
);

for (const [name, part] of chosen) {
  const state = isThere(part) ? 'is there' : 'to install';
  say(`${name.padEnd(19)} ${state.padEnd(12)} ${part.what}`);
}
if (!process.argv.includes('--list')) await install(chosen.filter(([, part]) => !isThere(part)));

async function install(missing) {
  const failed = [];
  if (missing.length > 0) await prepare();
  const lacking = await installDebianPackages(missing.map(([, part]) => part));
  for (const [name, part] of missing) {
    if (part.install !== undefined && part.debian.every((each) => each.isThere()) && !isThere(part)) {
      say(`${name}: installing ${part.what} …`);
      try {
        const started = Date.now();
        await part.install();
        say(`${name}: done in ${Math.round((Date.now() - started) / 1000)} s`);
      } catch (error) {
        say(`${name}: ${error.message}\n${error.output ?? ''}`);
      }
    }
    if (!isThere(part)) failed.push(name);
  }
  if (lacking.length > 0) say(`install by hand, then run this again: ${lacking.join(', ')}`);
  say(failed.length === 0 ? 'all of it is there' : `MISSING: ${failed.join(', ')}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

/** Installs the Debian packages that parts lack, when this is Debian (or a child of it) and we may. Returns what is still lacking. */
async function installDebianPackages(wanting) {
  const all = wanting.flatMap((part) => part.debian ?? []);
  const lacking = () => [...new Set(all.filter((each) => !each.isThere()).map((each) => each.debianPackage))];
  if (lacking().length === 0) return [];
  const isRoot = process.getuid?.() === 0;
  const sudo = isRoot ? [] : ['sudo', '-n'];
  if (find('apt-get') === undefined || (!isRoot && find('sudo') === undefined)) return lacking();
  say(`Debian packages: installing ${lacking().join(', ')} …`);
  const apt = async (...args) => {
    const [program, ...rest] = [...sudo, 'apt-get', '-q', '-y', ...args];
    await run(`apt-get ${args[0]}`, program, rest, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  };
  try {
    await apt('update');
    await apt('install', '--no-install-recommends', ...lacking());
  } catch (error) {
    say(`Debian packages: ${error.message}\n${error.output ?? ''}`);
  }
  return lacking();
}
