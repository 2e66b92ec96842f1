import type { MessagePort } from 'node:worker_threads';
import type { Port } from './threads.js';

/** A MessagePort as the rest of Weft sees it. Node keeps messages until the first listener. */
export function wrapPort(port: MessagePort): Port {
  return {
    post(message, transfer) {
      port.postMessage(message, transfer ?? []);
    },
    onMessage(receive) {
      port.on('message', receive as (message: unknown) => void);
    },
    close() {
      port.close();
    },
  };
}
