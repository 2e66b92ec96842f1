/** The Kafka error codes that the state machine answers with (PROTOCOL §5). The protocol's whole table lives in src/protocol. */
export const NONE = 0;
export const UNKNOWN_TOPIC_OR_PARTITION = 3;
/** The agent epoch is closed or unknown: the agent must register anew. */
export const NOT_LEADER_OR_FOLLOWER = 6;
/** Retriable; a topic that the metadata has no room for. */
export const REQUEST_TIMED_OUT = 7;
export const OFFSET_METADATA_TOO_LARGE = 12;
/** Retriable; a join or an offset that the metadata has no room for. */
export const COORDINATOR_LOAD_IN_PROGRESS = 14;
export const INVALID_TOPIC_EXCEPTION = 17;
export const ILLEGAL_GENERATION = 22;
export const INCONSISTENT_GROUP_PROTOCOL = 23;
export const INVALID_GROUP_ID = 24;
export const UNKNOWN_MEMBER_ID = 25;
export const INVALID_SESSION_TIMEOUT = 26;
export const REBALANCE_IN_PROGRESS = 27;
export const TOPIC_ALREADY_EXISTS = 36;
export const INVALID_PARTITIONS = 37;
/** Also: a command that breaks its own format. */
export const INVALID_REQUEST = 42;
export const OUT_OF_ORDER_SEQUENCE_NUMBER = 45;
export const INVALID_PRODUCER_EPOCH = 47;
/** Retriable; a batch that the metadata has no room for. */
export const KAFKA_STORAGE_ERROR = 56;
export const NON_EMPTY_GROUP = 68;
export const GROUP_ID_NOT_FOUND = 69;
export const MEMBER_ID_REQUIRED = 79;
export const GROUP_MAX_SIZE_REACHED = 81;
export const FENCED_INSTANCE_ID = 82;
export const INVALID_RECORD = 87;
export const UNKNOWN_TOPIC_ID = 100;
