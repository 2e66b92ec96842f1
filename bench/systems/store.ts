/** An S3 server with an empty bucket. */
export interface RunningStore {
  /** The server's own processor time is told apart by it. */
  readonly pid: number;
  /** http(s)://HOST:PORT */
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** For clients, beside the keys: whose certificates they trust. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export type StartStore = (folder: string) => Promise<RunningStore>;
