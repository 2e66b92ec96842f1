/**
 * InitProducerId, v0 to v5, for producers without a transactional id: a new id and epoch 0, from a block of this agent's.
 *
 * - v3+ may name the id and epoch that the producer has; without a transactional id they are ignored, as in Kafka, but one
 *   without the other is INVALID_REQUEST (42).
 * - With a transactional id: UNSUPPORTED_VERSION (35), transactions are not served. An empty one: INVALID_REQUEST (42).
 */
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { handler, type Services } from '../handler.js';

export const initProducerId = (services: Services) =>
  handler(apis.initProducerId, async (request) => {
    if ((request.producerId === -1) !== (request.producerEpoch === -1)) return refused(errors.INVALID_REQUEST.code);
    if (request.transactionalId !== null) {
      const error = request.transactionalId === '' ? errors.INVALID_REQUEST : errors.UNSUPPORTED_VERSION;
      return refused(error.code);
    }
    const { error, producerId } = await services.producerIds.take();
    return { throttleTimeMs: 0, errorCode: error, producerId, producerEpoch: error === errors.NONE.code ? 0 : -1 };
  });

function refused(errorCode: number) {
  return { throttleTimeMs: 0, errorCode, producerId: -1, producerEpoch: -1 };
}
