/** The entry point for people and their machines: metrics, health and a small page, over HTTP. Read only. */
import { listenFailure } from '../config/addresses.js';
import { prometheusContentType, renderMetrics } from '../telemetry/prometheus.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import type { Address, Clock, HttpRequest, HttpResponse, Listening, Net, Timers } from '../world/world.js';
import { renderPage } from './page.js';
import { ThroughputMeter } from './throughput.js';

/** What the console asks of the agent. */
export interface ConsoleSource {
  /** Why the agent cannot serve at present, one sentence each; empty when it can. */
  notReady(): readonly string[];
  facts(): AgentFacts;
}

/** What the page for people shows of the agent. */
export interface AgentFacts {
  readonly version: string;
  readonly agent: string;
  readonly cluster: string;
  readonly zone: string | undefined;
  /** As Store.name. */
  readonly bucket: string;
  readonly listeners: readonly {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly advertised: string;
  }[];
}

export interface ConsoleParts {
  readonly source: ConsoleSource;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly net: Pick<Net, 'serveHttp'>;
}

type Route = () => HttpResponse;

const plain = 'text/plain; charset=utf-8';

/** Serves the console. Rejects, for people, when the address cannot be had. */
export async function startConsole(address: Address, parts: ConsoleParts): Promise<Listening> {
  const throughput = new ThroughputMeter(parts.telemetry, parts.clock, parts.timers);
  const handle = routeRequests(parts, throughput);
  const listening = await parts.net
    .serveHttp(address, async (request) => handle(request))
    .catch((failure: unknown) => {
      throw listenFailure('--http', address, failure);
    });
  throughput.start();
  return {
    address: listening.address,
    close: async () => {
      throughput.stop();
      await listening.close();
    },
  };
}

/** The table of routes as a function; exported for tests. */
export function routeRequests(
  { source, telemetry, clock }: Pick<ConsoleParts, 'source' | 'telemetry' | 'clock'>,
  throughput: ThroughputMeter,
): (request: HttpRequest) => HttpResponse {
  const startedMs = clock.monotonicMs();
  const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
    ['/metrics', () => ({ status: 200, type: prometheusContentType, body: renderMetrics(telemetry) })],
    // Answers as long as the main thread turns.
    ['/healthz', () => ({ status: 200, type: plain, body: 'ok\n' })],
    ['/readyz', () => answerReady(source.notReady())],
    [
      '/',
      () => {
        telemetry.refresh();
        const uptimeMs = clock.monotonicMs() - startedMs;
        const view = {
          facts: source.facts(),
          notReady: source.notReady(),
          uptimeMs,
          rates: throughput.rates(),
          telemetry,
        };
        return { status: 200, type: 'text/html; charset=utf-8', body: renderPage(view) };
      },
    ],
  ]);
  return (request) => {
    const route = routes.get(request.path);
    if (route === undefined)
      return { status: 404, type: plain, body: `not here; try ${[...routes.keys()].join(' ')}\n` };
    if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, type: plain, body: 'read only\n' };
    return route();
  };
}

function answerReady(reasons: readonly string[]): HttpResponse {
  return reasons.length === 0
    ? { status: 200, type: plain, body: 'ready\n' }
    : { status: 503, type: plain, body: `${reasons.join('\n')}\n` };
}
