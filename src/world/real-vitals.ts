import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How the process fares. Delays are of the calling thread's event loop since the last reading. */
export interface Vitals {
  readonly residentBytes: number;
  /** User and system, since the process started. */
  readonly cpuMs: number;
  readonly eventLoopDelayMsP50: number;
  readonly eventLoopDelayMsP99: number;
  readonly eventLoopDelayMsMax: number;
}

/** Between two samples: each is a wake of its own, a hundred a second were most of what an idle agent did. */
const resolutionMs = 50;

/** Starts to watch; each call of the result reads and begins anew. */
export function watchVitals(): () => Vitals {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  // The sampling interval itself is part of each sample.
  const delayMs = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolutionMs);
  return () => {
    const cpu = process.cpuUsage();
    const vitals = {
      residentBytes: process.memoryUsage.rss(),
      cpuMs: (cpu.user + cpu.system) / 1000,
      eventLoopDelayMsP50: delayMs(delays.percentile(50)),
      eventLoopDelayMsP99: delayMs(delays.percentile(99)),
      eventLoopDelayMsMax: delayMs(delays.max),
    };
    delays.reset();
    return vitals;
  };
}
