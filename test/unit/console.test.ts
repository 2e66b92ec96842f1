import { afterEach, expect, test } from 'vitest';
import { type AgentFacts, routeRequests, startConsole } from '../../src/console/http.js';
import { ThroughputMeter } from '../../src/console/throughput.js';
import { reportVitals } from '../../src/console/vitals.js';
import { Telemetry } from '../../src/telemetry/telemetry.js';
import { realClock, realTimers } from '../../src/world/real.js';
import { serveHttp } from '../../src/world/real-http.js';
import { watchVitals } from '../../src/world/real-vitals.js';
import type { Clock, Listening, Timers } from '../../src/world/world.js';

const facts: AgentFacts = {
  version: '0.1.0',
  agent: 'a<b>&"c"',
  cluster: 'weft',
  zone: undefined,
  bucket: 'file:./weft-data',
  listeners: [
    { name: 'in', host: '127.0.0.1', port: 9092, advertised: '127.0.0.1:9092' },
    { name: 'out', host: '::', port: 9094, advertised: 'kafka.example:9094' },
  ],
};

/** A clock that is set by hand, and timers that it fires. */
class HandClock implements Clock, Timers {
  nowMs = 1000;
  #pending: { atMs: number; run: () => void }[] = [];
  monotonicMs = () => this.nowMs;
  wallMs = () => this.nowMs;
  soon = (run: () => void) => this.after(0, run);
  after(delayMs: number, run: () => void) {
    const entry = { atMs: this.nowMs + delayMs, run };
    this.#pending.push(entry);
    const cancel = () => {
      this.#pending = this.#pending.filter((other) => other !== entry);
    };
    return { cancel };
  }
  advance(durationMs: number): void {
    this.nowMs += durationMs;
    const due = this.#pending.filter((entry) => entry.atMs <= this.nowMs);
    this.#pending = this.#pending.filter((entry) => entry.atMs > this.nowMs);
    for (const entry of due) entry.run();
  }
}

function setUp(notReady: string[] = []) {
  const clock = new HandClock();
  const telemetry = new Telemetry({ seriesMax: 10, threadsMax: 2 });
  const throughput = new ThroughputMeter(telemetry, clock, clock);
  throughput.start();
  const handle = routeRequests(
    { source: { notReady: () => notReady, facts: () => facts }, telemetry, clock },
    throughput,
  );
  return { clock, telemetry, notReady, throughput, get: (path: string, method = 'GET') => handle({ method, path }) };
}

test.each([
  ['/healthz', 'GET', 200, 'ok\n'],
  ['/healthz', 'HEAD', 200, 'ok\n'],
  ['/healthz', 'POST', 405, 'read only\n'],
  ['/readyz', 'GET', 200, 'ready\n'],
  ['/metrics/', 'GET', 404, 'not here; try /metrics /healthz /readyz /\n'],
])('%s by %s is %d', (path, method, status, body) => {
  expect(setUp().get(path, method)).toMatchObject({ status, body });
});

test('readiness says why not', () => {
  const { get, notReady } = setUp();
  notReady.push('The journal is not reachable.', 'No listener yet.');
  expect(get('/readyz')).toMatchObject({ status: 503, body: 'The journal is not reachable.\nNo listener yet.\n' });
});

test('metrics are in the format of Prometheus', () => {
  const { get, telemetry } = setUp();
  telemetry.meters.sentBytes.add(12);
  const { type, body } = get('/metrics');
  expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(body).toContain('\nweft_sent_bytes_total 12\n');
});

test('the page shows the agent, escaped, with rates over the last period', () => {
  const { get, telemetry, clock } = setUp();
  telemetry.meters.producedBytes.add(50 * 2 ** 20);
  telemetry.meters.fetchedBytes.store.add(5120);
  telemetry.meters.fetchedBytes.memory.add(5120);
  telemetry.meters.topics.set(1234);
  clock.advance(5000);
  clock.advance(90_000_000 - 5000);
  telemetry.meters.producedBytes.add(50 * 2 ** 20);
  const before = String(get('/').body);
  expect(before).toContain('a&lt;b&gt;&amp;&quot;c&quot;');
  expect(before).toContain('[::]:9094, advertised as kafka.example:9094');
  expect(before).toContain('1,234 with');
  expect(before).toContain('1 d 01:00:00');
  expect(before).not.toMatch(/https?:|<script/);
});

test('rates are of the last sampling period', () => {
  const { telemetry, clock, throughput } = setUp();
  telemetry.meters.producedBytes.add(5000);
  telemetry.meters.fetchedBytes.store.add(50);
  telemetry.meters.fetchedBytes.memory.add(50);
  expect(throughput.rates().producedBytes).toBe(0);
  clock.advance(5000);
  expect(throughput.rates()).toMatchObject({ producedBytes: 1000, fetchedBytes: 20 });
  clock.advance(5000);
  expect(throughput.rates().producedBytes).toBe(0);
  throughput.stop();
});

let open: Listening | undefined;
afterEach(() => open?.close());

test('it is served over HTTP', async () => {
  const telemetry = new Telemetry({ seriesMax: 10, threadsMax: 2 });
  reportVitals(telemetry, watchVitals());
  const net = { serveHttp };
  const source = { notReady: () => [], facts: () => facts };
  const parts = { source, telemetry, clock: realClock, timers: realTimers, net };
  open = await startConsole({ host: '127.0.0.1', port: 0 }, parts);
  const address = `http://127.0.0.1:${open.address.port}`;
  const page = await fetch(`${address}/?a=b`);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(await page.text()).toContain('<h1>Weft</h1>');
  const head = await fetch(`${address}/metrics`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  const first = await (await fetch(`${address}/metrics`)).text();
  expect(Number(/^weft_resident_bytes (\d+)$/m.exec(first)?.[1])).toBeGreaterThan(2 ** 20);
  expect(Number(/^weft_cpu_seconds_total ([\d.]+)$/m.exec(first)?.[1])).toBeGreaterThan(0);
  expect(first).toContain('weft_event_loop_delay_seconds{quantile="0.99"} ');
});
