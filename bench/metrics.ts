import { parseSeries, seriesOf, storeCostOf } from './load/cost.js';

/** What an agent's /metrics say of its requests to the object store. */
export interface StoreRequests {
  /** Bytes of records that fetches had to get from the object store. */
  readonly recordBytes: number;
  /** GETs of any kind. Joins and commits of groups read the journal. */
  readonly gets: number;
  /** PUTs of journal entries, second attempts included. */
  readonly journalPuts: number;
  /** All other PUTs: segments, retries and second attempts included, and the few of snapshots. */
  readonly dataPuts: number;
  /** At S3's list prices. */
  readonly dollars: number;
  /** The batch window in force. */
  readonly windowMs: number;
}

/** Of the agent whose page for people is at `http`, HOST:PORT. */
export async function storeRequests(http: string, prices: 'standard' | 'express' = 'standard'): Promise<StoreRequests> {
  const countOf = seriesOf(parseSeries(await (await fetch(`http://${http}/metrics`)).text()));
  const { puts, journalPuts, gets, dollars } = storeCostOf(countOf, prices);
  return {
    recordBytes: countOf('weft_fetched_bytes_total{place="store"}'),
    gets,
    journalPuts,
    dataPuts: puts - journalPuts,
    windowMs: countOf('weft_batch_window_seconds') * 1000,
    dollars,
  };
}
