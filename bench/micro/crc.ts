/**
 * CRC-32C and copies by each implementation of the native part, in MB/s (1e6 bytes) from and to shared memory.
 * Run: node dist/bench/micro/crc.js
 */
import { Bench } from 'tinybench';
import { implementations } from '../../native-bindings/bindings.js';

const SIZES = [1024, 16 * 1024, 1024 * 1024];
const source = new Uint8Array(new SharedArrayBuffer(SIZES.at(-1)!)).map((_, i) => i * 31);
const target = new Uint8Array(new SharedArrayBuffer(SIZES.at(-1)!));

for (const bytes of SIZES) {
  const bench = new Bench({ time: 200, warmupTime: 50 });
  for (const native of implementations()) {
    bench.add(`${native.name}: crc32c`, () => {
      native.crc32c(source, 0, bytes, 0);
    });
    bench.add(`${native.name}: copy`, () => native.copy(target, 0, source, 0, bytes));
    bench.add(`${native.name}: copyWithCrc32c`, () => {
      native.copyWithCrc32c(target, 0, source, 0, bytes, 0);
    });
  }
  await bench.run();
  for (const { name, result } of bench.tasks) {
    if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`);
    console.log(`${bytes} bytes, ${name}: ${Math.round((bytes * 1e3) / result.latency.p50 / 1e6)} MB/s`);
  }
}
