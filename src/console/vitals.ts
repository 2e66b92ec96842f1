import type { Telemetry } from '../telemetry/telemetry.js';
import type { Vitals } from '../world/real-vitals.js';

/** Puts the vitals of the process on the metrics page. */
export function reportVitals(telemetry: Telemetry, read: () => Vitals): void {
  let cpuMs = 0;
  telemetry.beforeScrape(() => {
    const vitals = read();
    const { residentBytes, cpuDuration, eventLoopDelay } = telemetry.meters;
    residentBytes.set(vitals.residentBytes);
    cpuDuration.add((vitals.cpuMs - cpuMs) / 1000);
    cpuMs = vitals.cpuMs;
    eventLoopDelay['0.5'].set(vitals.eventLoopDelayMsP50 / 1000);
    eventLoopDelay['0.99'].set(vitals.eventLoopDelayMsP99 / 1000);
    eventLoopDelay['1'].set(vitals.eventLoopDelayMsMax / 1000);
  });
}
