import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { CodecError } from '../../../native-bindings/codec-error.js';
import {
  type Binding,
  FRAMES_MAX,
  WINDOW_LOG_MAX,
  zstdImplementations,
  zstdNapi,
} from '../../../native-bindings/zstd.js';

/** A frame without a content size: magic, a descriptor of zeros, the window, one raw block. */
function frame(content: string, windowLog = 10): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) * 8, 1 + content.length * 8, 0, 0]);
  return Buffer.concat([head, Buffer.from(content)]);
}

const SKIPPABLE = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
const times = (count: number, bytes: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => bytes));

describe.each(zstdImplementations())('zstd by $name', ({ decompress }) => {
  test.each([
    ['of one byte', frame('a'), 'a'],
    ['without content', frame(''), ''],
    ['that are to be skipped', SKIPPABLE, ''],
  ])('reads as many frames %s as a batch may have, and no more', (_, one, content) => {
    const most = decompress(times(FRAMES_MAX, one), 2 ** 24);
    expect(Buffer.from(most).toString()).toBe(content.repeat(FRAMES_MAX));
    expect(() => decompress(times(FRAMES_MAX + 1, one), 2 ** 24)).toThrow(CodecError);
  });

  test('frames of any sizes are one content, in whatever room', () => {
    const bytes = Buffer.concat([times(FRAMES_MAX - 1, frame('a')), frame('b'.repeat(31))]);
    const content = decompress(bytes, 2 ** 24, new Uint8Array(9));
    expect(Buffer.from(content).toString()).toBe('a'.repeat(FRAMES_MAX - 1) + 'b'.repeat(31));
  });

  test('takes windows up to 128 MiB, which the longest level makes, and no longer ones', () => {
    for (let log = 10; log <= 27; log += 1) {
      const content = decompress(Buffer.concat([frame('a'), frame('b', log)]), 2, new Uint8Array(1));
      expect(Buffer.from(content).toString()).toBe('ab');
      expect(() => decompress(frame('ab', log), 1)).toThrow(/allowed|larger than/);
    }
    expect(() => decompress(frame('a', 28), 2 ** 24)).toThrow(/too much memory/);
    expect(Buffer.from(decompress(frame('good'), 2 ** 24)).toString()).toBe('good');
  });
});

function zstdBinding(): Binding | undefined {
  try {
    return createRequire(import.meta.url)('zstd-napi/binding') as Binding;
  } catch {
    return undefined;
  }
}

const binding = zstdBinding();

// It is compiled at install, and agents do without where that failed.
describe.skipIf(binding === undefined && process.env['WEFT_ALL'] !== '1')('zstd-napi', () => {
  /** An implementation that notes the memory which its context writes to, and the frames that end in it. */
  function watched() {
    const written = new Set<ArrayBufferLike>();
    const seen = { frames: 0 };
    class DCtx extends binding!.DCtx {
      override decompressStream(target: Uint8Array, source: Uint8Array): [number, number, number] {
        written.add(target.buffer);
        const result = super.decompressStream(target, source);
        if (result[0] === 0) seen.frames += 1;
        return result;
      }
    }
    return { written, seen, zstd: zstdNapi({ ...binding!, DCtx }) };
  }

  test('frame after frame goes into the same piece until it is full', () => {
    const { written, zstd } = watched();
    expect(zstd.decompress(times(FRAMES_MAX, SKIPPABLE), 2 ** 24)).toHaveLength(0);
    expect(written.size).toBe(1);
    written.clear();
    expect(zstd.decompress(times(FRAMES_MAX, frame('a')), 2 ** 24, new Uint8Array(100))).toHaveLength(FRAMES_MAX);
    expect(written.size).toBe(2);
  });

  test('a window whose memory the context would keep for ever does not come into it', () => {
    const { seen, zstd } = watched();
    zstd.decompress(frame('a', WINDOW_LOG_MAX), 2 ** 24);
    expect(seen.frames).toBe(1);
    for (let log = WINDOW_LOG_MAX + 1; log <= 27; log += 1) zstd.decompress(frame('a', log), 2 ** 24);
    expect(seen.frames).toBe(1);
  });
});
