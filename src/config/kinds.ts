/**
 * How a setting is written and read: one Kind per form of value. `parse` gives the value or throws `Mistake`, whose
 * message completes the sentence "--flag: …"; `show` writes a value so that `parse` reads it back.
 */
export interface Kind<T> {
  /** The placeholder in the help text; empty for a switch. */
  readonly placeholder: string;
  parse(text: string): T;
  show(value: T): string;
}

/** What a person wrote wrong; the message is for them. */
export class Mistake extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Mistake';
  }
}

type Units = ReadonlyMap<string, number>;

const durationUnits: Units = new Map(Object.entries({ ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }));
const sizeUnits: Units = new Map(
  Object.entries({
    B: 1,
    KB: 1e3,
    MB: 1e6,
    GB: 1e9,
    TB: 1e12,
    KiB: 2 ** 10,
    MiB: 2 ** 20,
    GiB: 2 ** 30,
    TiB: 2 ** 40,
  }),
);

function readWithUnit(text: string, units: Units, what: string, example: string): number {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(text);
  const unit = match === null ? undefined : units.get(match[2] ?? '');
  if (match === null || unit === undefined) {
    throw new Mistake(
      `'${text}' is not a ${what}; write a number and a unit (${[...units.keys()].join(', ')}), like ${example}`,
    );
  }
  const value = Number(match[1]) * unit;
  if (!Number.isSafeInteger(value))
    throw new Mistake(`'${text}' is not a whole number of ${what === 'time' ? 'ms' : 'bytes'}`);
  return value;
}

function showWithUnit(value: number, units: readonly (readonly [string, number])[]): string {
  for (const [name, size] of units) if (value !== 0 && value % size === 0) return `${value / size}${name}`;
  return `${value}${units.at(-1)?.[0] ?? ''}`;
}

function checkRange(value: number, min: number, max: number, show: (value: number) => string): number {
  if (value < min || value > max) throw new Mistake(`${show(value)} is outside ${show(min)} to ${show(max)}`);
  return value;
}

/** A kind whose values have an order. */
export interface RangedKind extends Kind<number> {
  readonly min: number;
  readonly max: number;
}

/** A time in milliseconds: `250ms`, `10s`, `5m`, `1h`, `7d`. */
export function duration(min: number, max: number): RangedKind {
  const show = (value: number) =>
    showWithUnit(value, [
      ['d', 86_400_000],
      ['h', 3_600_000],
      ['m', 60_000],
      ['s', 1000],
      ['ms', 1],
    ]);
  const parse = (text: string) => checkRange(readWithUnit(text, durationUnits, 'time', '250ms'), min, max, show);
  return { placeholder: 'TIME', min, max, parse, show };
}

/** A number of bytes: `8MiB`, `512MiB`, `1GB`, `4096B`. */
export function size(min: number, max: number): RangedKind {
  const show = (value: number) =>
    showWithUnit(value, [
      ['TiB', 2 ** 40],
      ['GiB', 2 ** 30],
      ['MiB', 2 ** 20],
      ['KiB', 2 ** 10],
      ['B', 1],
    ]);
  const parse = (text: string) => checkRange(readWithUnit(text, sizeUnits, 'size', '8MiB'), min, max, show);
  return { placeholder: 'SIZE', min, max, parse, show };
}

/** A whole number. */
export function count(min: number, max: number): RangedKind {
  const show = (value: number) => String(value);
  const parse = (text: string) => {
    if (!/^\d{1,15}$/.test(text)) throw new Mistake(`'${text}' is not a whole number`);
    return checkRange(Number(text), min, max, show);
  };
  return { placeholder: 'N', min, max, parse, show };
}

/** On or off. The flag alone means on; `--no-FLAG` and `--FLAG=false` mean off. */
export const onOff: Kind<boolean> = {
  placeholder: '',
  parse(text) {
    if (text !== 'true' && text !== 'false') throw new Mistake(`'${text}' is neither true nor false`);
    return text === 'true';
  },
  show: String,
};

/** One of a few words. */
export function choice<const W extends string>(words: readonly W[]): Kind<W> {
  return {
    placeholder: words.join('|'),
    parse(text) {
      const word = words.find((candidate) => candidate === text);
      if (word === undefined) throw new Mistake(`'${text}' is none of ${words.join(', ')}`);
      return word;
    },
    show: (value) => value,
  };
}

/** A name that is safe inside object keys and metric labels. */
export function name(charactersMax: number): Kind<string> {
  return {
    placeholder: 'NAME',
    parse(text) {
      if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(text)) {
        throw new Mistake(`'${text}' is not a name; use letters, digits, '_', '-' and, not first, '.'`);
      }
      if (text.length > charactersMax) throw new Mistake(`a name has at most ${charactersMax} characters`);
      return text;
    },
    show: (value) => value,
  };
}

/** The path of a file. */
export const file: Kind<string> = {
  placeholder: 'FILE',
  parse(text) {
    if (text.trim() === '') throw new Mistake('is not the name of a file');
    return text;
  },
  show: (value) => value,
};

/** Printable text without spaces. */
export const word: Kind<string> = {
  placeholder: 'TEXT',
  parse(text) {
    if (!/^[!-~]{1,255}$/.test(text))
      throw new Mistake(`'${text}' is not 1 to 255 printable characters without spaces`);
    return text;
  },
  show: (value) => value,
};
