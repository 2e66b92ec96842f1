import { sha256 } from '../../../src/cluster/replica.js';
import { Entry } from '../../../src/metadata/journal.wire.js';

const TERM_SPACING = 100;

/** Entries that each make a block of producer ids: the state differs at every revision. Entry 1 and every hundredth begin a term. */
export function entriesOf(count: number): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let previousDigest: Uint8Array = new Uint8Array(0);
  for (let revision = 1; revision <= count; revision += 1) {
    const term = revision - ((revision - 1) % TERM_SPACING);
    const candidate = new Uint8Array(16).fill(1);
    const process = { candidate, host: 'h', bootId: 'b', processId: 1, processStart: 1, leaseMs: 1_000 };
    const kind: NonNullable<Entry['commands'][0]['command']>['kind'] =
      term === revision
        ? { $case: 'becomeLeader', value: process }
        : { $case: 'setLimits', value: { metadataBytesMax: 1_000_000 + revision, producerRowsMax: 0 } };
    const bytes = Entry.encode({
      format: 1,
      revision,
      previousDigest,
      token: new Uint8Array(16).fill(revision),
      term,
      timeMs: 1_700_000_000_000 + revision,
      commands: [{ agentEpoch: 0, stream: 0, number: 0, confirmed: 0, command: { kind } }],
    }).finish();
    entries.push(bytes);
    previousDigest = sha256(bytes);
  }
  return entries;
}
