import { createHash } from 'node:crypto';

/** A record as every client can write and read it. */
export interface PlainRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [string, Buffer])[];
}

/** Deterministic bytes that compress a little: half noise, half text. */
export function bytesOf(seed: string, length: number): Buffer {
  const noise = createHash('sha512').update(seed).digest();
  const out = Buffer.alloc(length, 'weft ');
  for (let i = 0; i < length; i += 128) noise.copy(out, i, 0, Math.min(64, length - i));
  return out;
}

/** Every shape that a client can send: headers, null keys and values, empty ones, 1 B to just under the 1 MiB limit. */
export function recordShapes(seed: string, binaryHeaders = true): PlainRecord[] {
  const shapes: PlainRecord[] = [
    { key: null, value: bytesOf(`${seed}-1`, 1), headers: [] },
    { key: Buffer.from('key'), value: null, headers: [] },
    { key: Buffer.alloc(0), value: Buffer.alloc(0), headers: [] },
    {
      key: Buffer.from('ключ'),
      value: bytesOf(`${seed}-2`, 1000),
      headers: [
        ['trace', Buffer.from('a')],
        ['trace', Buffer.from(binaryHeaders ? [0, 255] : 'b')],
        ['empty', Buffer.alloc(0)],
      ],
    },
    { key: null, value: bytesOf(`${seed}-3`, 65_536), headers: [] },
    { key: null, value: bytesOf(`${seed}-4`, 1_048_588 - 61 - 12 - 500), headers: [] },
  ];
  for (let i = 0; i < 100; i += 1)
    shapes.push({ key: Buffer.from(`k${i % 7}`), value: bytesOf(`${seed}-n${i}`, 10 + i * 13), headers: [] });
  return shapes;
}

/** One line a record: base64 or '-' for null, tabs between key, value and `name:base64;…` headers. Foreign clients read and write it. */
export function toLine(record: PlainRecord): string {
  const field = (bytes: Buffer | null): string => (bytes === null ? '-' : `=${bytes.toString('base64')}`);
  const headers = record.headers.map(
    ([name, value]) => `${Buffer.from(name).toString('base64')}:${value.toString('base64')}`,
  );
  return [field(record.key), field(record.value), headers.join(';')].join('\t');
}

/** The line, or a digest of a long one: a difference stays readable. */
export function toBrief(record: PlainRecord): string {
  const line = toLine(record);
  return line.length <= 200 ? line : `${line.slice(0, 60)}… ${createHash('sha256').update(line).digest('hex')}`;
}

export function fromLine(line: string): PlainRecord {
  const [key = '-', value = '-', headers = ''] = line.split('\t');
  const field = (text: string): Buffer | null => (text === '-' ? null : Buffer.from(text.slice(1), 'base64'));
  const header = (text: string): readonly [string, Buffer] => {
    const [name = '', bytes = ''] = text.split(':');
    return [Buffer.from(name, 'base64').toString(), Buffer.from(bytes, 'base64')];
  };
  return { key: field(key), value: field(value), headers: headers === '' ? [] : headers.split(';').map(header) };
}

/** Records that every client can send: keys and values of text, no headers. */
export function textRecords(seed: string): PlainRecord[] {
  return Array.from({ length: 100 }, (_, i) => ({
    key: Buffer.from(`k${i % 5}`),
    value: Buffer.from(`${seed} ${'x'.repeat(i * 7)} ${i}`),
    headers: [],
  }));
}
