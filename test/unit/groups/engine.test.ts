import { expect, test } from 'vitest';
import { JournalUnavailable, type MetadataClient } from '../../../src/cluster/metadata-client.js';
import { GroupEngine } from '../../../src/groups/engine.js';
import { Metadata } from '../../../src/metadata/metadata.js';
import { errors } from '../../../src/protocol/errors.js';
import { VirtualWorld } from '../ingest/virtual-world.js';

const member = { group: 'g', generation: 1, memberId: 'm', instanceId: undefined };
const request = { ...member, protocolType: undefined, protocolName: undefined, assignments: [] };

test.each([
  ['without a leader', false],
  ['while too many commands wait for the journal', true],
])(
  '%s a member that syncs is sent to join again: COORDINATOR_LOAD_IN_PROGRESS would end a Java client',
  async (_when, leaderKnown) => {
    const metadata = {
      view: new Metadata(),
      leaderKnown,
      submit: () => Promise.reject(new JournalUnavailable('too many commands wait for the journal')),
      onApplied: () => {},
    };
    const limits = { initialRebalanceDelayMs: 0, sessionMsMin: 1, sessionMsMax: 60_000, membersMax: 10 };
    const engine = new GroupEngine(metadata as unknown as MetadataClient, new VirtualWorld(), limits);
    const answer = await engine.sync(request, new AbortController().signal);
    expect(answer?.error).toBe(errors.REBALANCE_IN_PROGRESS.code);
  },
);
