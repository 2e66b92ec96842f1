/**
 * DescribeCluster, v0 to v2: the open agents by the client's own listener, this agent as the controller: any may be.
 *
 * - v1+ name an endpoint type. Agents have no controllers' endpoints: MISMATCHED_ENDPOINT_TYPE (114) for those, as a Kafka broker
 *   says, UNSUPPORTED_ENDPOINT_TYPE (115) for any other type.
 * - v2 asked for fenced brokers tells the other agents that ever registered, too, as fenced.
 */
import { apis } from '../../protocol/apis.js';
import type { ResponseIn } from '../../protocol/codec.js';
import { errors, type KafkaError } from '../../protocol/errors.js';
import { CLUSTER_OPERATIONS, NOT_REQUESTED } from '../authorized-operations.js';
import { type Broker, brokersOf, controllerOf, fencedOf } from '../brokers.js';
import { handler, type Services } from '../handler.js';

const BROKERS = 1;
const CONTROLLERS = 2;

export const describeCluster = (services: Services) =>
  handler(apis.describeCluster, (request, call) => {
    const { endpointType } = request;
    if (endpointType === CONTROLLERS) {
      return refused(errors.MISMATCHED_ENDPOINT_TYPE, 'An agent has no endpoint for controllers.');
    }
    if (endpointType !== BROKERS) {
      return refused(errors.UNSUPPORTED_ENDPOINT_TYPE, `There is no endpoint type ${endpointType}.`);
    }
    const { view, self } = services.metadata;
    const brokers = brokersOf(view, call.listener);
    const fenced = request.includeFencedBrokers ? fencedOf(view, call.listener, brokers) : [];
    return {
      throttleTimeMs: 0,
      errorCode: errors.NONE.code,
      clusterId: services.settings.cluster,
      controllerId: controllerOf(brokers, self.nodeId),
      brokers: [...brokers.map((broker) => row(broker, false)), ...fenced.map((broker) => row(broker, true))],
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : NOT_REQUESTED,
    };
  });

function row({ nodeId, host, port, rack }: Broker, isFenced: boolean) {
  return { brokerId: nodeId, host, port, rack, isFenced };
}

function refused({ code }: KafkaError, errorMessage: string): ResponseIn<typeof apis.describeCluster> {
  return { throttleTimeMs: 0, errorCode: code, errorMessage, clusterId: '', brokers: [] };
}
