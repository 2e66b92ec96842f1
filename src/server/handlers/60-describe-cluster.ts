/**
 * DescribeCluster, v0 to v2: the open agents by the client's own listener, this agent as the controller. v1+ may ask for
 * the controllers' endpoints: UNSUPPORTED_ENDPOINT_TYPE (115), there are none.
 */
import { apis } from '../../protocol/apis.js';
import { errors } from '../../protocol/errors.js';
import { CLUSTER_OPERATIONS, NOT_REQUESTED } from '../authorized-operations.js';
import { brokersOf } from '../brokers.js';
import { handler, type Services } from '../handler.js';

const BROKERS = 1;

export const describeCluster = (services: Services) =>
  handler(apis.describeCluster, (request, call) => {
    const isBrokers = request.endpointType === BROKERS;
    const brokers = isBrokers ? brokersOf(services.metadata.view, call.listener) : [];
    return {
      throttleTimeMs: 0,
      errorCode: isBrokers ? errors.NONE.code : errors.UNSUPPORTED_ENDPOINT_TYPE.code,
      errorMessage: isBrokers ? null : 'agents have no separate controller endpoints',
      endpointType: request.endpointType,
      clusterId: services.settings.cluster,
      controllerId: services.metadata.self.nodeId,
      brokers: brokers.map(({ nodeId, host, port, rack }) => ({ brokerId: nodeId, host, port, rack, isFenced: false })),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : NOT_REQUESTED,
    };
  });
