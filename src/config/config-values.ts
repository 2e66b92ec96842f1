/**
 * How Kafka reads and shows the values of configs (4.3, org.apache.kafka.common.config.ConfigDef): text in, text out. A
 * value is kept as it was given and shown as its type writes it.
 */
export type ConfigType = 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'class' | 'password';

/** What is wrong with a value, as the end of the sentence "it …"; undefined when nothing is. */
export type Check = (value: string) => string | undefined;

export interface Config {
  readonly type: ConfigType;
  /** As DescribeConfigs shows it; null: none. */
  readonly default: string | null;
  /** False: checked, stored and shown, nothing else. */
  readonly effective: boolean;
  readonly help: string;
  readonly flaw: Check;
}

export const LONG_MAX = 2n ** 63n - 1n;
export const INT_MAX = 2n ** 31n - 1n;
const SHORT_MAX = 2n ** 15n - 1n;
const LONG_DIGITS_MAX = 19;
export const DAY_MS = 86_400_000;

function stripped(text: string, isBlank: (code: number) => boolean): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Java's String.trim: not all that JavaScript's takes away. */
export function trimmed(value: string): string {
  return stripped(value, (code) => code <= 0x20);
}

/** What a value of a whole type says, in whatever length; undefined: no number, or none that a LONG could hold. */
function wholeOf(value: string): bigint | undefined {
  const text = trimmed(value);
  // Java's parsers take a sign and any number of digits.
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  // BigInt takes longer than a text of 32 KiB is worth.
  const digits = text.replace(/^[+-]?0*(?=\d)/, '');
  if (digits.length > LONG_DIGITS_MAX) return undefined;
  return text.startsWith('-') ? -BigInt(digits) : BigInt(digits);
}

function whole(typeMax: bigint, type: string, min: bigint, max: bigint): Check {
  return (value) => {
    const number = wholeOf(value);
    if (number === undefined || number > typeMax || number < -typeMax - 1n) {
      return `is not a number of type ${type}`;
    }
    if (number < min) {
      return `must be at least ${min}`;
    }
    return number > max ? `must be no more than ${max}` : undefined;
  };
}

export const int = (min = -(2 ** 31), max = 2 ** 31 - 1): Check => whole(INT_MAX, 'INT', BigInt(min), BigInt(max));
export const long = (min?: number): Check =>
  whole(LONG_MAX, 'LONG', min === undefined ? -LONG_MAX - 1n : BigInt(min), LONG_MAX);
export const short = (min: number): Check => whole(SHORT_MAX, 'SHORT', BigInt(min), SHORT_MAX);

/** Double.parseDouble without its hexadecimal form. Only one part may take a digit: else a long text takes the square of its length. */
const DOUBLE = /^[+-]?(NaN|Infinity|(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[fFdD]?)$/;

function doubleOf(value: string): number | undefined {
  const text = trimmed(value);
  return DOUBLE.test(text) ? Number(text.replace(/(?<=[\d.])[fFdD]$/, '')) : undefined;
}

/** NaN lies between any bounds, as in Kafka. */
export const double =
  (min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): Check =>
  (value) => {
    const number = doubleOf(value);
    if (number === undefined) {
      return 'is not a number of type DOUBLE';
    }
    if (number < min) {
      return `must be at least ${min}`;
    }
    return number > max ? `must be no more than ${max}` : undefined;
  };

export const boolean: Check = (value) =>
  /^(true|false)$/i.test(trimmed(value)) ? undefined : 'must be either true or false';

export const anyText: Check = () => undefined;

export const oneOf =
  (...allowed: readonly string[]): Check =>
  (value) =>
    allowed.includes(trimmed(value)) ? undefined : `must be one of ${allowed.join(', ')}`;

/** Java's \s: not all that JavaScript's is. */
const isJavaSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);

/**
 * Kafka's lists: separated by commas, blanks around elements do not count; '' is the list without elements. Never by an
 * expression for comma and blanks, as Kafka has it: blanks without a comma behind them take the square of their number.
 */
export function listOf(value: string): string[] {
  const text = trimmed(value);
  return text === '' ? [] : text.split(',').map((element) => stripped(element, isJavaSpace));
}

/** A list of these words, or of any when none are given; elements may repeat (only the first counts) but not be empty. */
export const listIn =
  (...allowed: readonly string[]): Check =>
  (value) => {
    const elements = listOf(value);
    if (elements.includes('')) {
      return 'must not have empty elements';
    }
    return allowed.length === 0 || elements.every((element) => allowed.includes(element))
      ? undefined
      : `must be a list of ${allowed.join(', ')}`;
  };

/** A value without flaw as Kafka shows it. */
export function shownValue(type: ConfigType, value: string): string {
  switch (type) {
    case 'boolean':
      return trimmed(value).toLowerCase();
    case 'int':
    case 'short':
    case 'long':
      return `${wholeOf(value)!}`;
    case 'double':
      return javaDouble(doubleOf(value) ?? Number.NaN);
    case 'list':
      return [...new Set(listOf(value))].join(',');
    default:
      return trimmed(value);
  }
}

/** Double.toString (JDK 19 and later: the shortest digits): plain from 0.001 to below 10,000,000, else with an exponent. */
function javaDouble(number: number): string {
  if (!Number.isFinite(number)) {
    return `${number}`;
  }
  const size = Math.abs(number);
  if (size === 0 || (size >= 1e-3 && size < 1e7)) {
    const text = Object.is(number, -0) ? '-0' : `${number}`;
    return text.includes('.') ? text : `${text}.0`;
  }
  const [digits = '', exponent] = number.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
}

/** The sentence for people about a value that is refused. */
export function valueFlaw(name: string, config: Config, value: string): string | undefined {
  const flaw = config.flaw(value);
  return flaw === undefined ? undefined : `Invalid value ${value.slice(0, 200)} for configuration ${name}: it ${flaw}`;
}
