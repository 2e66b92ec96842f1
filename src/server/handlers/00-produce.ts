/**
 * Produce, v3 to v13 (v0 to v2 are advertised, see src/protocol/schema/00-produce.ts, and close the connection as in Kafka).
 *
 * The body never comes here: `ClientConnection` hands the frame, where it landed in shared memory, to the ingest engine,
 * whose worker decodes, checks, stores, publishes and encodes the answer. Requests of one connection run concurrently and
 * are answered in order. acks=1 is treated as all; acks=0 gets no answer, and on an error the connection is closed.
 */
import { apis } from '../../protocol/apis.js';

export const produceVersions = apis.produce;
