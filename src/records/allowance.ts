/** Kafka lists every record at fault; more than these of a request would make an answer larger than the request. */
const RECORD_FAULTS_MAX = 1000;

/** What the batches of one Produce request share and use up. */
export class Allowance {
  /** So many records at fault may still be listed. */
  recordFaults = RECORD_FAULTS_MAX;
}
