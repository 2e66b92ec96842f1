import { apis } from '../../../src/protocol/apis.js';
import type { Story } from '../story.js';

/** InitProducerId without transactions. */
export function producerIds(story: Story): void {
  const { random } = story;
  for (let i = 0; i < 10; i += 1) {
    const [producerId, producerEpoch] = random.pick([
      [-1, -1],
      [-1, -1],
      [-1, 0],
      [5, -1],
      [5, 3],
      [123_456_789, 0],
      [-2, -2],
    ] as const);
    const transactionalId = random.pick([null, null, null, '']);
    const transactionTimeoutMs = random.pick([60_000, 0, -1, 0x7fff_ffff]);
    const request = { transactionalId, transactionTimeoutMs, producerId, producerEpoch };
    story.send(apis.initProducerId, request, { keep: { [`producer ${i}`]: 'producerId' } });
  }
}
