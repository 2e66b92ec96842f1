/**
 * FindCoordinator, v0 to v6.
 *
 * - A group's coordinator is an open agent by hash of the group's id, with the address of the client's own listener. Any
 *   agent could serve the group; naming one keeps its heartbeats together. None open: COORDINATOR_NOT_AVAILABLE (15).
 * - v4+ answer several keys, each with its own error.
 * - Key type 1 (transactions): UNSUPPORTED_VERSION (35), which ends a transactional producer at once with a clear reason;
 *   COORDINATOR_NOT_AVAILABLE would make it try for ever. Types 2 (share groups) and beyond: INVALID_REQUEST (42).
 */
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { type Broker, brokerFor, brokersOf } from '../brokers.js';
import { handler, type Services } from '../handler.js';

const GROUP = 0;
const TRANSACTION = 1;

export const findCoordinator = (services: Services) =>
  handler(apis.findCoordinator, (request, call) => {
    const brokers = brokersOf(services.metadata.view, call.listener);
    const keys = call.version >= 4 ? request.coordinatorKeys : [request.key];
    const coordinators = keys.map((key) => coordinatorOf(brokers, request.keyType, key));
    const first = coordinators[0] ?? refused('', errors.INVALID_REQUEST.code, 'no key');
    const { errorCode, errorMessage, nodeId, host, port } = first;
    return { throttleTimeMs: 0, errorCode, errorMessage, nodeId, host, port, coordinators };
  });

function coordinatorOf(brokers: readonly Broker[], keyType: number, key: string) {
  if (keyType === TRANSACTION) {
    return refused(key, errors.UNSUPPORTED_VERSION.code, 'transactions are not supported');
  }
  if (keyType !== GROUP) {
    return refused(key, errors.INVALID_REQUEST.code, `coordinators of type ${keyType} are not supported`);
  }
  const broker = brokerFor(brokers, key);
  if (broker === undefined) {
    return refused(key, errors.COORDINATOR_NOT_AVAILABLE.code, 'no agent is open');
  }
  const { nodeId, host, port } = broker;
  return { key, nodeId, host, port, errorCode: errors.NONE.code as number, errorMessage: '' };
}

function refused(key: string, errorCode: number, errorMessage: string) {
  return { key, nodeId: -1, host: '', port: -1, errorCode, errorMessage };
}
