import type { Log } from '../../src/telemetry/log.js';

/** What the agent says goes between the lines of the trace, not into its hash. */
export function printedLog(print: (line: string) => void): Log {
  const say = (level: string) => (fields: object, message: string) => {
    const { err, ...rest } = fields as { readonly err?: unknown };
    print(`  ${level}: ${message} ${err === undefined ? '' : shown(err)} ${JSON.stringify(rest)}`);
  };
  const log: Log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error'), child: () => log };
  return log;
}

/** The top of an error's stack, without where this tree lies. */
export function shown(error: unknown): string {
  const lines = error instanceof Error ? (error.stack ?? error.message).split('\n') : [String(error)];
  return lines
    .slice(0, 8)
    .join('\n')
    .replaceAll(/file:.*\/dist\//g, '');
}
