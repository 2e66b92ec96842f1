import type { Ledger } from '../ledger.js';
import { nothingInvented } from './00-nothing-invented.js';
import { noAcknowledgedRecordLost } from './01-no-acknowledged-record-lost.js';
import { noDuplicates } from './02-no-duplicates.js';
import { offsetsDense } from './03-offsets-dense.js';
import { nothingSeenIsLost } from './04-nothing-seen-is-lost.js';
import { producerOrder } from './06-producer-order.js';
import { commitsOfThePresentGeneration } from './13-commits-of-the-present-generation.js';
import { oneOwnerInAGeneration } from './14-one-owner-in-a-generation.js';

/** Checked when everything was read back. 4, 5, 7 and 8 are checked while it happens (ledger.ts, model-consumer.ts), 11 and 12 by replicas.ts. */
export const finalInvariants: readonly ((ledger: Ledger) => Iterable<string>)[] = [
  nothingInvented,
  noAcknowledgedRecordLost,
  noDuplicates,
  offsetsDense,
  nothingSeenIsLost,
  producerOrder,
  ({ groups }) => commitsOfThePresentGeneration(groups),
  ({ groups }) => oneOwnerInAGeneration(groups),
];
