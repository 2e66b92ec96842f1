/** What a load is run against. */
export interface System {
  readonly name: string;
  /** One sentence: what must be known to judge its figures. */
  readonly setup: string;
  /** Starts on an empty folder; resolves when it answers Kafka requests. `agentFlags` are a load's own, for Weft only. */
  start(agentFlags?: readonly string[]): Promise<RunningSystem>;
}

export interface RunningSystem {
  /** HOST:PORT, and behind a `?` what a librdkafka client must set to connect: `NAME=VALUE&NAME=VALUE`. */
  readonly kafka: string;
  /** Of the process whose processor time and memory count. */
  readonly pid: number;
  /** Of the object store beside it; its processor time is told apart. */
  readonly storePid: number | undefined;
  readonly secondsToReady: number;
  /** HOST:PORT of its /metrics; undefined when it has none. */
  readonly http: string | undefined;
  /** S3's, that its requests are told in; undefined where it makes none. */
  readonly prices?: 'standard' | 'express';
  /** Stops and starts again on what is there: memory and caches of its own are cold then. */
  restart(): Promise<RunningSystem>;
  /** Stops and removes its folder. */
  stop(): Promise<void>;
}

export const PARTITIONS = 64;
