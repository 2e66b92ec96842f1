import { configPath, parseSettings } from './config/parse.js';
import type { Settings } from './config/settings.js';
import { helpText, settingsPage } from './config/settings-page.js';
import { memoryFlaw } from './memory-plan.js';
import { coreCount, readTextFile } from './world/real-runtime.js';

const usage = `weft agent [FLAGS]     runs one agent (weft agent --help lists the flags)
weft settings-page     prints docs/SETTINGS.md
weft --version
`;

/** Runs one command to its end; the result is the exit code. 2: what was asked for is wrong. */
export async function runCommand(words: readonly string[]): Promise<number> {
  const [command, ...flags] = words;
  if (command === 'agent') {
    if (flags.includes('--help')) return print(helpText());
    return flags.includes('--version') ? print(`${version()}\n`) : runAgentCommand(flags);
  }
  if (flags.length === 0) {
    if (command === 'settings-page') return print(settingsPage());
    if (command === '--version') return print(`${version()}\n`);
    if (command === '--help' || command === undefined) return print(usage);
  }
  process.stderr.write(`weft: '${words.join(' ')}' is no command\n${usage}`);
  return 2;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

export function version(): string {
  const manifest: { version: string } = JSON.parse(readTextFile(new URL('../../package.json', import.meta.url)));
  return manifest.version;
}

async function runAgentCommand(flags: readonly string[]): Promise<number> {
  const settings = readSettings(flags);
  if (settings === undefined) return 2;
  // Loaded late: wrong flags are answered at once. The threads that every start needs load their code beside this one.
  const { startPiscinaThreads } = await import('./threads/piscina.js');
  const threads = startPiscinaThreads(undefined, ['leader', 'ingest']);
  const [{ serveUntilSignal }, { startRealAgent }] = await Promise.all([
    import('./serve.js'),
    import('./real-agent.js'),
  ]);
  try {
    return await serveUntilSignal(settings, version(), (...of) => startRealAgent(threads, ...of));
  } finally {
    await threads.close();
  }
}

/** The settings, or undefined after the mistakes were printed. */
function readSettings(flags: readonly string[]): Settings | undefined {
  const path = configPath(flags, process.env);
  let file: { path: string; text: string } | undefined;
  const unreadable: string[] = [];
  try {
    if (path !== undefined) file = { path, text: readTextFile(path) };
  } catch (error) {
    unreadable.push(`--config: ${(error as Error).message}`);
  }
  const parsed = parseSettings({ flags, environment: process.env, file, machine: { cores: coreCount() } });
  const flaw = parsed.ok ? memoryFlaw(parsed.settings) : undefined;
  const mistakes = [...unreadable, ...(parsed.ok ? [] : parsed.mistakes), ...(flaw === undefined ? [] : [flaw])];
  for (const mistake of mistakes) process.stderr.write(`weft: ${mistake}\n`);
  return parsed.ok && mistakes.length === 0 ? parsed.settings : undefined;
}
