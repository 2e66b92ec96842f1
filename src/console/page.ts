/** The page for people at `/`: one HTML document without scripts or anything to fetch. */
import type { Telemetry } from '../telemetry/telemetry.js';
import type { AgentFacts } from './http.js';
import type { Rates } from './throughput.js';

export interface PageView {
  readonly facts: AgentFacts;
  readonly notReady: readonly string[];
  readonly uptimeMs: number;
  readonly rates: Rates;
  readonly telemetry: Telemetry;
}

export function renderPage({ facts, notReady, uptimeMs, rates, telemetry }: PageView): string {
  const total = (name: Parameters<Telemetry['total']>[0]) => telemetry.total(name);
  const state = notReady.length === 0 ? 'ready' : `not ready: ${notReady.join(' ')}`;
  const agent: Rows = [
    ['state', state],
    ['agent', facts.agent],
    ['cluster', facts.zone === undefined ? facts.cluster : `${facts.cluster}, zone ${facts.zone}`],
    ['bucket', facts.bucket],
    ['version', facts.version],
    ['up', showDuration(uptimeMs)],
  ];
  const listeners: Rows = facts.listeners.map(({ name, host, port, advertised }) => {
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    return [name, address === advertised ? address : `${address}, advertised as ${advertised}`];
  });
  const traffic: Rows = [
    ['produced', `${showBytes(rates.producedBytes)}/s, ${showCount(rates.producedRecords)} records/s`],
    ['fetched', `${showBytes(rates.fetchedBytes)}/s`],
    ['requests', `${showCount(rates.requests)}/s on ${showCount(total('connectionsOpen'))} connections`],
    ['object store', `${showCount(rates.storeRequests)} requests/s, ${showDollars(total('storeDollars'))} so far`],
  ];
  const metadata: Rows = [
    ['topics', `${showCount(total('topics'))} with ${showCount(total('partitions'))} partitions`],
    ['groups', showCount(total('groups'))],
    ['extents', showCount(total('extents'))],
    ['metadata', `${showBytes(total('metadataBytes'))} of ${showBytes(total('metadataBytesMax'))}`],
    ['revision', `${showCount(total('revision'))}${total('leading') === 1 ? ', leading' : ''}`],
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5">
<title>Weft ${escapeHtml(facts.agent)}</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 1.5rem 0 .3rem; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: normal; opacity: .65; width: 9rem; vertical-align: top; }
td, th { padding: .15rem .5rem .15rem 0; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>Weft</h1>
${section('Agent', agent)}
${section('Kafka clients connect to', listeners)}
${section('Traffic, last seconds', traffic)}
${section('Metadata', metadata)}
<p><a href="/metrics">metrics</a> · <a href="/healthz">health</a> · <a href="/readyz">readiness</a></p>
</body>
</html>
`;
}

type Rows = readonly (readonly [string, string])[];

function section(title: string, rows: Rows): string {
  const lines = rows.map(([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`);
  return `<h2>${escapeHtml(title)}</h2>\n<table>\n${lines.join('\n')}\n</table>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function showCount(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function showBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * power);
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${units[power]}`;
}

function showDollars(dollars: number): string {
  return `$${dollars.toFixed(2)}`;
}

function showDuration(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000);
  const days = Math.floor(seconds / 86_400);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = clock.map((part) => String(part).padStart(2, '0')).join(':');
  return days === 0 ? shown : `${days} d ${shown}`;
}
