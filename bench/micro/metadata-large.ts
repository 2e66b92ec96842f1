/**
 * How long a replica's slowest steps take while a million extents come and go. Run: node dist/bench/micro/metadata-large.js
 */
import { performance } from 'node:perf_hooks';
import { Metadata } from '../../src/metadata/metadata.js';
import { Replica } from './replica.js';

const EXTENTS = 1_000_000;

function timed<T>(name: string, run: () => T): T {
  const before = performance.now();
  const result = run();
  console.log(`${name}: ${(performance.now() - before).toFixed(1)} ms`);
  return result;
}

const large = new Replica();
const publishing: number[] = [];
while (large.metadata.extentCount < EXTENTS) {
  publishing.push(large.apply(large.publish()));
}
publishing.sort((a, b) => a - b);
console.log(`${EXTENTS} extents count ${(large.metadata.bytes / EXTENTS).toFixed(1)} bytes each`);
console.log(
  `slowest publish: ${publishing.at(-1)!.toFixed(2)} ms, p99 ${publishing[Math.floor(publishing.length * 0.99)]!.toFixed(2)} ms`,
);
console.log(
  `slowest create of 4096 partitions: ${Math.max(...[2, 3, 4, 5].map((id) => large.create(id, 4096))).toFixed(2)} ms`,
);
const bytes = timed('snapshot', () => large.metadata.snapshot());
console.log(`snapshot bytes: ${bytes.length}`);
timed('restore', () => Metadata.fromSnapshot(bytes));
const retiring = [large.delete(1)];
while (large.metadata.extentCount > 0) {
  retiring.push(large.apply({ kind: { $case: 'skipNumber', value: {} } }));
}
console.log(`slowest entry while ${EXTENTS} extents retire: ${Math.max(...retiring).toFixed(2)} ms`);
