import { configPath, parseSettings } from './config/parse.js';
import type { Settings } from './config/settings.js';
import { helpText, settingsPage } from './config/settings-page.js';
import { startRealAgent } from './real-agent.js';
import { coreCount, readTextFile } from './world/real-runtime.js';

const USAGE = 2;
const FAILED = 1;

const version: string = JSON.parse(readTextFile(new URL('../../package.json', import.meta.url))).version;

/** Runs one command. Ends the process with 2 for a wrong command line, 1 when the agent cannot start or go on, 0 otherwise. */
export async function commandLine(words: readonly string[]): Promise<void> {
  const [command, ...flags] = words;
  if (command === '--version') return print(version);
  if (command === 'settings-page') return print(settingsPage().trimEnd());
  if (command === undefined || command === '--help' || flags.includes('--help')) return print(helpText().trimEnd());
  if (command !== 'agent') {
    complain([`'${command}' is not a command; known are agent, settings-page, --help, --version`]);
    process.exit(USAGE);
  }
  await runUntilSignal(settingsFrom(flags));
}

function settingsFrom(flags: readonly string[]): Settings {
  const path = configPath(flags, process.env);
  let file: { readonly path: string; readonly text: string } | undefined;
  try {
    file = path === undefined ? undefined : { path, text: readTextFile(path) };
  } catch (error) {
    complain([`--config ${path}: ${messageOf(error)}`]);
    process.exit(USAGE);
  }
  const parsed = parseSettings({ flags, environment: process.env, file, machine: { cores: coreCount() } });
  if (!parsed.ok) {
    complain(parsed.mistakes);
    process.exit(USAGE);
  }
  return parsed.settings;
}

async function runUntilSignal(settings: Settings): Promise<void> {
  const fatal = (error: Error): void => {
    complain([`the agent cannot go on: ${error.message}`]);
    process.exit(FAILED);
  };
  let agent: Awaited<ReturnType<typeof startRealAgent>>;
  try {
    agent = await startRealAgent(settings, version, fatal);
  } catch (error) {
    complain([messageOf(error)]);
    process.exit(FAILED);
  }
  const [first] = agent.kafka;
  for (const { name, host, port } of agent.kafka) print(`Kafka  ${agent.kafka.length > 1 ? `${name}=` : ''}${host}:${port}`);
  print(`HTTP   ${agent.http.host}:${agent.http.port}   a page for people, /metrics, /healthz, /readyz`);
  print(`Data   ${agent.bucket}`);
  print(`Ready. Try: kcat -b ${first?.host}:${first?.port} -t hello -P   (or any Kafka client)`);
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(FAILED);
    stopping = true;
    print('Stopping: answering what is under way. Once more to stop at once.');
    agent.stop().then(
      () => process.exit(0),
      (error: unknown) => fatal(error instanceof Error ? error : new Error(String(error))),
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function complain(lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`weft: ${line}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
