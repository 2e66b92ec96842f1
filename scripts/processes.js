// Starting other programs from scripts: quiet while all is well, everything said when it is not.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Prints one line of progress. */
export function say(line) {
  process.stdout.write(`weft: ${line}\n`);
}

/**
 * Runs a program to its end and says what it does every 15 seconds. Its output is kept for the error.
 * Rejects with an Error whose `output` holds the last lines.
 */
export function run(what, program, args, options = {}) {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    const keep = (part) => {
      output = (output + part).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const progress = setInterval(() => say(`  still ${what} (${seconds()} s)`), 15_000);
    const fail = (message) => {
      clearInterval(progress);
      reject(Object.assign(new Error(message), { output: output.trim().split('\n').slice(-30).join('\n') }));
    };
    child.on('error', (error) => fail(`${program}: ${error.message}`));
    child.on('close', (code, signal) => {
      if (code !== 0) return fail(`${program} ${args.join(' ')} ended with ${signal ?? `exit code ${code}`}`);
      clearInterval(progress);
      resolve({ output, seconds: seconds() });
    });
  });
}

/** The full path of a program on PATH, or undefined. `accept` may refuse a candidate. */
export function find(program, accept = () => true) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const suffix of process.platform === 'win32' ? ['.exe', '.cmd', ''] : ['']) {
      const path = join(folder, program + suffix);
      if (folder !== '' && existsSync(path) && accept(realpathSync(path))) return path;
    }
  }
  return undefined;
}
