/** Settings from flags, environment and file, in that order of precedence, every mistake collected. */
import { Mistake } from './kinds.js';
import {
  type DefaultSources,
  environmentName,
  type Machine,
  type SettingName,
  type Settings,
  settingRows,
  settingRules,
} from './settings.js';

/** Where values come from. Nothing is read from anywhere else. */
export interface SettingSources {
  /** The command line after `weft agent`. */
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The file named by `configPath`, already read. */
  readonly file?: { readonly path: string; readonly text: string } | undefined;
  readonly machine: Machine;
}

export type ParsedSettings =
  | { readonly ok: true; readonly settings: Settings }
  /** One line for a person per mistake. */
  | { readonly ok: false; readonly mistakes: readonly string[] };

/** One way a value was given: the values in order, and how to name the place in a mistake. */
interface Given {
  readonly values: string[];
  readonly place: string;
}

type GivenByFlag = Map<string, Given>;

const rowsByFlag = new Map(settingRows.map((row) => [row.flag, row]));

/**
 * Variables that begin with WEFT_ and are not settings: the file's name, the switches of the test runner and of tests, and
 * what Kubernetes puts into every container beside a service named `weft…`.
 */
const otherVariables =
  /^WEFT_(CONFIG|ALL|TEST_.*|.*_SERVICE_(HOST|PORT)(_.*)?|SERVICE_(HOST|PORT)(_.*)?|(.*_)?PORT(_\d+_(TCP|UDP).*)?)$/;

/** The file given by `--config FILE` or WEFT_CONFIG. */
export function configPath(
  flags: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  for (const [index, flag] of flags.entries()) {
    if (flag.startsWith('--config=')) return flag.slice('--config='.length);
    if (flag === '--config') return flags[index + 1];
  }
  return environment['WEFT_CONFIG'];
}

export function parseSettings(sources: SettingSources): ParsedSettings {
  const mistakes: string[] = [];
  const given = [
    readFlags(sources.flags, mistakes),
    readEnvironment(sources.environment, mistakes),
    readFile(sources.file, mistakes),
  ];
  const values: Partial<Record<SettingName, unknown>> = {};
  let derivable = true;
  for (const row of settingRows) {
    const source = given.map((byFlag) => byFlag.get(row.flag)).find((candidate) => candidate !== undefined);
    if (source === undefined) {
      if (row.default === undefined || typeof row.default === 'string') {
        const value = row.default === undefined ? undefined : row.kind.parse(row.default);
        values[row.name] = row.many ? [value] : value;
      } else if (derivable) values[row.name] = row.default.from(values as unknown as DefaultSources, sources.machine);
      continue;
    }
    const parsed: unknown[] = [];
    for (const text of source.values) {
      try {
        parsed.push(row.kind.parse(text));
      } catch (error) {
        if (!(error instanceof Mistake)) throw error;
        mistakes.push(`${source.place}: ${error.message}`);
        derivable = false;
      }
    }
    if (!row.many && source.values.length > 1) mistakes.push(`${source.place}: given twice`);
    values[row.name] = row.many ? parsed : parsed[0];
  }
  if (mistakes.length > 0) return { ok: false, mistakes };
  // Every row was given a value of its own kind above.
  const settings = values as Settings;
  for (const rule of settingRules) {
    const broken = rule(settings);
    if (broken !== undefined) mistakes.push(broken);
  }
  return mistakes.length > 0 ? { ok: false, mistakes } : { ok: true, settings };
}

function give(byFlag: GivenByFlag, flag: string, place: string, value: string): void {
  const known = byFlag.get(flag);
  if (known === undefined) byFlag.set(flag, { values: [value], place });
  else known.values.push(value);
}

/** `--flag VALUE`, `--flag=VALUE`; for a switch `--flag`, `--flag=false`, `--no-flag`. */
function readFlags(flags: readonly string[], mistakes: string[]): GivenByFlag {
  const byFlag: GivenByFlag = new Map();
  for (let index = 0; index < flags.length; index += 1) {
    const text = flags[index] ?? '';
    const match = /^--([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(text);
    if (match === null) {
      mistakes.push(`'${text}': not a flag; see weft agent --help`);
      continue;
    }
    const [, flag = '', inline] = match;
    const row = rowsByFlag.get(flag);
    const negated = flag.startsWith('no-') ? rowsByFlag.get(flag.slice('no-'.length)) : undefined;
    if (row !== undefined && row.kind.placeholder === '') give(byFlag, flag, `--${flag}`, inline ?? 'true');
    else if (negated !== undefined && negated.kind.placeholder === '' && inline === undefined) {
      give(byFlag, negated.flag, `--${flag}`, 'false');
    } else if (row === undefined && flag !== 'config') mistakes.push(`--${flag}: unknown flag; see weft agent --help`);
    else {
      const next = flags[index + 1];
      if (inline === undefined && (next === undefined || next.startsWith('--')))
        mistakes.push(`--${flag}: has no value`);
      else {
        if (inline === undefined) index += 1;
        if (row !== undefined) give(byFlag, flag, `--${flag}`, inline ?? next ?? '');
      }
    }
  }
  return byFlag;
}

/** A repeatable setting's values are separated by spaces. An empty variable counts as not given. */
function readEnvironment(environment: SettingSources['environment'], mistakes: string[]): GivenByFlag {
  const byFlag: GivenByFlag = new Map();
  const known = new Set<string>();
  for (const row of settingRows) {
    const variable = environmentName(row.flag);
    known.add(variable);
    const text = environment[variable]?.trim() ?? '';
    if (text === '') continue;
    for (const value of row.many ? text.split(/\s+/) : [text]) give(byFlag, row.flag, variable, value);
  }
  for (const variable of Object.keys(environment)) {
    if (variable.startsWith('WEFT_') && !known.has(variable) && !otherVariables.test(variable)) {
      mistakes.push(`${variable}: unknown environment variable; see weft agent --help`);
    }
  }
  return byFlag;
}

/** Lines of `flag = value`, a repeatable flag on several lines; `#` begins a comment line. */
function readFile(file: SettingSources['file'], mistakes: string[]): GivenByFlag {
  const byFlag: GivenByFlag = new Map();
  for (const [index, line] of (file?.text ?? '').split(/\r?\n/).entries()) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    const place = `${file?.path}:${index + 1}`;
    const match = /^([a-z][a-z0-9-]*)\s*=\s*(.*)$/.exec(text);
    const flag = match?.[1] ?? '';
    if (match === null) mistakes.push(`${place}: not 'flag = value'`);
    else if (!rowsByFlag.has(flag)) mistakes.push(`${place}: unknown setting '${flag}'; see weft agent --help`);
    else give(byFlag, flag, `${place}: ${flag}`, match[2] ?? '');
  }
  return byFlag;
}
