import type { TuneListener } from './real-sockets.js';

export interface ReceiveBufferWish {
  /** As `SetReceiveBuffer` of native-bindings; undefined: nothing here can set it. */
  readonly set: ((fd: number, bytes: number) => number) | undefined;
  readonly bytes: number;
  /** Somebody asked for these bytes: they are not the default. */
  readonly asked: boolean;
  readonly warn: (fields: Readonly<Record<string, unknown>>, sentence: string) => void;
}

/** Sets what listeners may hold unread (`--receive-buffer`), and says so when that has no effect. Undefined: it cannot be set. */
export function tuneReceiveBuffer({ set, bytes, asked, warn }: ReceiveBufferWish): TuneListener | undefined {
  if (set === undefined) {
    if (asked) warn({ bytes }, '--receive-buffer has no effect: it needs the native part (npm start builds it)');
    return undefined;
  }
  return (fd) => {
    if (set(fd, bytes) >= 0) return;
    warn({ bytes }, '--receive-buffer has no effect: the system refuses it; what it gives by itself is in force');
  };
}
