/** What an agent's /metrics say of reads. */
export interface StoreReads {
  /** Bytes of records that fetches had to get from the object store. */
  readonly recordBytes: number;
  /** GETs of any kind. Joins and commits of groups read the journal. */
  readonly gets: number;
}

/** Of the agent whose page for people is at `http`, HOST:PORT. */
export async function storeReads(http: string): Promise<StoreReads> {
  const text = await (await fetch(`http://${http}/metrics`)).text();
  const value = (series: string): number => {
    const line = text.split('\n').find((each) => each.startsWith(`${series} `));
    if (line === undefined) throw new Error(`no ${series} in /metrics`);
    return Number(line.slice(series.length));
  };
  return {
    recordBytes: value('weft_fetched_bytes_total{place="store"}'),
    gets: value('weft_store_requests_total{operation="get"}'),
  };
}
