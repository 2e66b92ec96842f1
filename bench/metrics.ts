import { listPrices } from './load/cost.js';

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
  const text = await (await fetch(`http://${http}/metrics`)).text();
  const value = (series: string): number => {
    const line = text.split('\n').find((each) => each.startsWith(`${series} `));
    if (line === undefined) throw new Error(`no ${series} in /metrics`);
    return Number(line.slice(series.length));
  };
  const journalPuts = value('weft_journal_entries_total') + value('weft_store_hedges_total{of="journal"}');
  const puts = value('weft_store_requests_total{operation="put"}');
  const gets = value('weft_store_requests_total{operation="get"}');
  const lists = value('weft_store_requests_total{operation="list"}');
  const { perPut, perGet, perListPage, perByteWritten, perByteRead } = listPrices(prices);
  const written = value('weft_store_bytes_total{direction="written"}') * perByteWritten;
  const read = value('weft_store_bytes_total{direction="read"}') * perByteRead;
  return {
    recordBytes: value('weft_fetched_bytes_total{place="store"}'),
    gets,
    journalPuts,
    dataPuts: puts - journalPuts,
    windowMs: value('weft_batch_window_seconds') * 1000,
    dollars: puts * perPut + gets * perGet + lists * perListPage + written + read,
  };
}
