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
  /** List price. */
  readonly dollars: number;
  /** The batch window in force. */
  readonly windowMs: number;
}

/** Of the agent whose page for people is at `http`, HOST:PORT. */
export async function storeRequests(http: string): Promise<StoreRequests> {
  const text = await (await fetch(`http://${http}/metrics`)).text();
  const value = (series: string): number => {
    const line = text.split('\n').find((each) => each.startsWith(`${series} `));
    if (line === undefined) throw new Error(`no ${series} in /metrics`);
    return Number(line.slice(series.length));
  };
  const journalPuts = value('weft_journal_entries_total') + value('weft_store_hedges_total{of="journal"}');
  const operations = ['get', 'put', 'delete', 'list'];
  return {
    recordBytes: value('weft_fetched_bytes_total{place="store"}'),
    gets: value('weft_store_requests_total{operation="get"}'),
    journalPuts,
    dataPuts: value('weft_store_requests_total{operation="put"}') - journalPuts,
    windowMs: value('weft_batch_window_seconds') * 1000,
    dollars: operations.reduce((sum, each) => sum + value(`weft_store_dollars_total{operation="${each}"}`), 0),
  };
}
