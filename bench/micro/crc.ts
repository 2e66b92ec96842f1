/** CRC-32C and copies by each implementation of the native part, from and to shared memory. */
import { implementations } from '../../native-bindings/bindings.js';
import type { Subject } from './subject.js';

const SIZES = [1024, 16 * 1024, 1024 * 1024];

export const crc: Subject = {
  name: 'crc',
  tasks() {
    const source = new Uint8Array(new SharedArrayBuffer(SIZES.at(-1)!)).map((_, i) => i * 31);
    const target = new Uint8Array(new SharedArrayBuffer(SIZES.at(-1)!));
    return SIZES.flatMap((bytes) =>
      implementations().flatMap((native) => [
        {
          name: `CRC-32C of ${shown(bytes)}, ${native.name}`,
          bytes,
          run: () => void native.crc32c(source, 0, bytes, 0),
        },
        { name: `copy of ${shown(bytes)}, ${native.name}`, bytes, run: () => native.copy(target, 0, source, 0, bytes) },
        {
          name: `copy with CRC-32C of ${shown(bytes)}, ${native.name}`,
          bytes,
          run: () => void native.copyWithCrc32c(target, 0, source, 0, bytes, 0),
        },
      ]),
    );
  },
};

function shown(bytes: number): string {
  return `${bytes / 1024} KiB`;
}
