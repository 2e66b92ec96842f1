import { expect, test } from 'vitest';
import { JournalUnavailable, type MetadataClient } from '../../../src/cluster/metadata-client.js';
import { administer } from '../../../src/server/administration.js';
import type { Services } from '../../../src/server/handler.js';
import { ProducerIds } from '../../../src/server/producer-ids.js';
import { VirtualWorld } from '../ingest/virtual-world.js';

const refusing = () => Promise.reject(new JournalUnavailable('too many commands wait for the journal'));

test('a command that the metadata do not take now is answered with what clients retry', async () => {
  const services = { world: new VirtualWorld() } as unknown as Services;
  expect(await administer(services, 1_000, refusing())).toMatchObject({ outcome: undefined, error: 41 });
  const metadata = { leaderKnown: true, submit: refusing } as unknown as MetadataClient;
  expect(await new ProducerIds(metadata).take()).toEqual({ error: 14, producerId: -1 });
});
