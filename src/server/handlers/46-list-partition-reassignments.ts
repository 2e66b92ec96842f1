/** ListPartitionReassignments, v0: none, whatever is asked for. A reassignment is over when it is answered (45). */
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { handler } from '../handler.js';

export const listPartitionReassignments = () =>
  handler(apis.listPartitionReassignments, () => ({
    throttleTimeMs: 0,
    errorCode: errors.NONE.code,
    errorMessage: null,
    topics: [],
  }));
