import type { IngestEngine } from '../ingest/engine.js';
import { encodeApiVersionsFallback, readRequestHeader, type RequestHeader } from '../protocol/frames.js';
import { apis } from '../protocol/apis.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { TooLongError } from '../protocol/too-long-error.js';
import type { LimitedLog } from '../telemetry/limited-log.js';
import type { Meters } from '../telemetry/counters.js';
import { type ByteBudget, PROGRESS_BYTES_MIN } from '../threads/budget.js';
import type { Clock, Connection, Timers } from '../world/world.js';
import type { ClientQuotas } from './client-quotas.js';
import { answerRequest, type ControlServices } from './control-request.js';
import type { Dispatch } from './dispatch.js';
import type { FrameMemory } from './frame-memory.js';
import type { Frame, FrameLimits } from './frame.js';
import { FrameReader } from './frame-reader.js';
import type { Handler } from './handler.js';
import { KEY_BYTES } from './partial-frame.js';
import { Pipeline, type PipelineLimits, type Place } from './pipeline.js';
import { headerBytes, piecesFrom } from './pieces.js';
import type { QueueLimit } from './queue-limit.js';
import { QuotaAccount } from './quota-account.js';
import { setThrottleTime, Throttle } from './throttle.js';

/** What the server needs of the ingest engine. */
export type ProduceIntake = Pick<IngestEngine, 'produce' | 'connectionClosed'>;

/** What all connections share. */
export interface ConnectionServices extends ControlServices {
  readonly dispatch: Dispatch;
  readonly intake: ProduceIntake;
  readonly memory: FrameMemory;
  readonly budget: ByteBudget;
  readonly queue: QueueLimit;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly quotas: ClientQuotas;
  readonly meters: Meters;
  readonly log: LimitedLog;
  readonly frameLimits: FrameLimits;
  readonly pipelineLimits: PipelineLimits;
}

/** Why a connection ended, as the metric names it. */
export type CloseReason = 'peer' | 'idle' | 'malformed' | 'handshake' | 'limit' | 'throttled' | 'stalled' | 'shutdown';

/**
 * One Kafka client. Turns its bytes into requests and hands them on: Produce to the ingest engine, all else to the
 * handlers. What the client did wrong closes this connection with a log line and touches no other. A handler that throws
 * is a mistake of ours: it is logged as an error and the connection closed. Kafka would answer UNKNOWN_SERVER_ERROR, which
 * clients treat as final; after a closed connection they try again.
 */
export class ClientConnection {
  readonly id: number;
  readonly listener: string;
  readonly #connection: Connection;
  readonly #to: ConnectionServices;
  readonly #reader: FrameReader;
  readonly #pipeline: Pipeline;
  readonly #throttle: Throttle;
  readonly #gone = new AbortController();
  #reason: CloseReason = 'peer';
  /** Resolves when the handler of the request before has been called. */
  #lastStart: Promise<void> = Promise.resolve();
  #activeMs: number;
  /** Bytes of answers that the client had taken when it last moved, and when that was. */
  #takenBytes = 0;
  #movedMs: number;
  /** Bytes of answers that had been written at a moment at which they were not all sent, and that moment. */
  #markBytes = 0;
  #markMs: number;
  /** An answer ends this connection: what still comes is not looked at, though earlier answers may have to leave first. */
  #closing = false;

  constructor(id: number, listener: string, connection: Connection, to: ConnectionServices, onGone: () => void) {
    this.id = id;
    this.listener = listener;
    this.#connection = connection;
    this.#to = to;
    this.#activeMs = to.clock.monotonicMs();
    this.#movedMs = this.#activeMs;
    this.#markMs = this.#activeMs;
    this.#reader = new FrameReader(to.memory, to.budget, to.clock, to.frameLimits, {
      frame: (frame) => this.#receive(frame),
      refused: (reason, detail) => this.close(reason, detail),
      pause: () => connection.pause(),
      resume: () => connection.resume(),
      waits: (forWhat) => to.meters.budgetWaits[forWhat].add(1),
      landed: (count) => to.meters.landedBytes.add(count),
    });
    const events = {
      hold: () => this.#reader.hold(),
      continue: () => this.#reader.continue(),
      sent: (bytes: number) => {
        this.#activeMs = to.clock.monotonicMs();
        to.meters.sentBytes.add(bytes);
      },
      soon: (run: () => void) => to.timers.soon(run),
    };
    this.#pipeline = new Pipeline(connection, to.pipelineLimits, events, to.unsent);
    this.#throttle = new Throttle(this.#reader, this.#pipeline, to);
    connection.onClose((failure) => {
      if (failure !== undefined) this.#handshakeFailed(failure);
      this.#gone.abort();
      this.#throttle.end();
      this.#reader.end();
      this.#pipeline.end();
      to.intake.connectionClosed(id);
      to.meters.connectionsClosed[this.#reason].add(1);
      onGone();
    });
  }

  /** Starts to read. */
  start(): void {
    const reader = this.#reader;
    const { receivedBytes, decryptedBytes } = this.#to.meters;
    const { encrypted } = this.#connection;
    this.#connection.readInto({
      next: () => reader.next(),
      landed: (count) => {
        receivedBytes.add(count);
        if (encrypted) decryptedBytes.add(count);
        reader.landed(count);
      },
    });
  }

  /** Closes at once. `detail` is for the operator: what the client did. */
  close(reason: CloseReason, detail: string): void {
    if (this.#reason === 'peer' && !this.#gone.signal.aborted) {
      this.#reason = reason;
      this.#to.log.warn(reason, { ...this.#who, reason, detail }, 'connection closed');
      this.#connection.destroy();
    }
  }

  #handshakeFailed(detail: string): void {
    if (this.#reason !== 'peer') return;
    this.#reason = 'handshake';
    this.#to.log.warn('handshake', { ...this.#who, reason: this.#reason, detail }, 'connection closed');
  }

  /** Bytes that it holds because it may not be parsed now, or because its handshake is not done. */
  get backlogBytes(): number {
    return this.#reader.backlogBytes + this.#connection.heldBytes;
  }

  /** Response bytes that the client has not taken. */
  get unsentBytes(): number {
    return this.#pipeline.unsentBytes;
  }

  /** What of them is heap; the rest keeps room in segments and blocks. */
  get unsentHeapBytes(): number {
    return this.#pipeline.unsentHeapBytes;
  }

  /** For how long the client has taken less than 64 KiB of what was written to it. To be asked about once a second. */
  stalledMs(nowMs: number): number {
    const { queuedBytes } = this.#connection;
    const takenBytes = this.#pipeline.writtenBytes - queuedBytes;
    if (queuedBytes === 0 || takenBytes - this.#takenBytes >= PROGRESS_BYTES_MIN) {
      this.#takenBytes = takenBytes;
      this.#movedMs = nowMs;
    }
    return nowMs - this.#movedMs;
  }

  /** For how long at least the oldest answer that the client has not taken is kept for it. To be asked about once a second. */
  heldMs(nowMs: number): number {
    if (this.#pipeline.sentBytes >= this.#markBytes) {
      this.#markBytes = this.#pipeline.writtenBytes;
      this.#markMs = nowMs;
    }
    return nowMs - this.#markMs;
  }

  /** Idle: neither a request nor a taken response since `sinceMs`, and nobody but the client is to blame. */
  isIdleSince(sinceMs: number): boolean {
    const waitsForUs = this.#pipeline.running > 0 && this.#pipeline.unsentBytes === 0;
    return this.#activeMs < sinceMs && !waitsForUs;
  }

  /** Takes no further requests and ends every wait; closes when the last response is sent. */
  drain(): void {
    this.#reason = 'shutdown';
    this.#reader.hold();
    this.#gone.abort();
    this.#pipeline.finish();
  }

  /** Closes at once, whatever is under way: the agent stops. */
  abandon(): void {
    this.#connection.destroy();
  }

  get #who() {
    const { remoteHost, remotePort } = this.#connection;
    return { connection: this.id, client: `${remoteHost}:${remotePort}`, listener: this.listener };
  }

  #receive(frame: Frame): void {
    if (this.#closing) {
      this.#drop(frame);
      return;
    }
    const receivedMs = this.#to.clock.monotonicMs();
    this.#activeMs = receivedMs;
    let header: RequestHeader;
    try {
      header = frame.kind === 'heap' ? readRequestHeader(frame.bytes) : this.#readHeader(frame);
    } catch (failure) {
      this.#drop(frame);
      this.#undecodable(failure, 'header');
      return;
    }
    const { apiKey, apiVersion } = header;
    if (!this.#to.dispatch.serves(apiKey, apiVersion)) {
      this.#drop(frame);
      if (apiKey === apis.apiVersions.key) {
        this.#fallBack(header);
      } else {
        this.close('malformed', `api key ${apiKey} version ${apiVersion} is not served`);
      }
      return;
    }
    if (frame.kind === 'pieces') {
      this.#produce(frame, header, receivedMs);
    } else {
      this.#handle(frame, header, receivedMs);
    }
  }

  /** The client sent a newer ApiVersions than we know: tell it which ones we do (KIP-511). */
  #fallBack(header: RequestHeader): void {
    this.#to.meters.requests.ApiVersions.add(1);
    this.#pipeline.serial((place) =>
      place.answer({ frame: encodeApiVersionsFallback(header.correlationId), close: false }),
    );
  }

  #produce(frame: Frame & { kind: 'pieces' }, header: RequestHeader, receivedMs: number): void {
    const { intake, meters, clock } = this.#to;
    meters.requests.Produce.add(1);
    const account = this.#accountOf(header, receivedMs);
    if (account !== undefined) this.#throttle.hold(account.produced(sizeOf(frame)));
    const place = this.#pipeline.concurrent();
    intake.produce({
      connection: this.id,
      correlationId: header.correlationId,
      apiVersion: header.apiVersion,
      receivedMs,
      // The key lies before the pieces.
      pieces: piecesFrom(frame.pieces, header.bodyPosition - KEY_BYTES),
      released: () => {
        const nowMs = clock.monotonicMs();
        this.#to.queue.sealed(nowMs - receivedMs, nowMs);
        this.#drop(frame);
      },
      answered: (response, close, busyMs) => {
        this.#closing ||= close;
        if (response !== undefined && account !== undefined) {
          account.busy(busyMs);
          const hold = account.settle();
          this.#throttle.hold(hold);
          setThrottleTime(response, header.apiVersion, hold.throttleMs);
        }
        meters.requestDuration.Produce.observeMs(clock.monotonicMs() - receivedMs);
        const answer = response === undefined ? undefined : { slices: [response], bytes: response.length };
        place.answer({ frame: answer, close });
      },
    });
  }

  #handle(frame: Frame & { kind: 'heap' }, header: RequestHeader, receivedMs: number): void {
    const handler = this.#to.dispatch.handlerOf(header.apiKey)!;
    const name = handler.api.name as keyof Meters['requests'];
    this.#to.meters.requests[name].add(1);
    this.#pipeline.serial(
      (place) => {
        this.#run(handler, frame, header, place)
          .catch((failure: unknown) => this.#failed(failure, handler, header))
          .finally(() => {
            frame.reservation.release();
            this.#to.meters.requestDuration[name].observeMs(this.#to.clock.monotonicMs() - receivedMs);
          });
      },
      () => frame.reservation.release(),
      handler.together === true ? name : undefined,
    );
  }

  async #run(handler: Handler, frame: Frame & { kind: 'heap' }, header: RequestHeader, place: Place): Promise<void> {
    const account = this.#accountOf(header, this.#to.clock.monotonicMs());
    const call = {
      version: header.apiVersion,
      correlationId: header.correlationId,
      clientId: header.clientId ?? '',
      clientHost: this.#connection.remoteHost,
      listener: this.listener,
      signal: this.#gone.signal,
      account,
      whenSent: (run: () => void) => place.whenSent(run),
    };
    const revoked = (): void => this.close('stalled', 'its request held memory for long while others waited for it');
    const { promise, resolve: started } = Promise.withResolvers<void>();
    // Those that run together must not start in another order because one waits for memory.
    const before = this.#lastStart;
    this.#lastStart = promise;
    await before;
    const response = await answerRequest(handler, frame, header, { ...call, revoked, started }, this.#to).finally(
      started,
    );
    if (account !== undefined) this.#throttle.hold(account.settle());
    // No response means that nobody waits for one: the client is gone, or the agent stops.
    place.answer({ frame: response, close: response === undefined });
  }

  #failed(failure: unknown, handler: Handler, header: RequestHeader): void {
    const what = `${handler.api.name} v${header.apiVersion}`;
    if (failure instanceof ProtocolError) {
      this.#undecodable(failure, `body of ${what}`);
    } else if (failure instanceof TooLongError) {
      this.close('limit', `the answer to ${what} would take ${failure.message}`);
    } else {
      this.#to.log.error('handler', { ...this.#who, err: failure, request: what }, 'a handler failed');
      this.close('malformed', 'this agent failed to handle the request');
    }
  }

  #accountOf({ clientId }: RequestHeader, nowMs: number): QuotaAccount | undefined {
    const quota = this.#to.quotas.of(clientId ?? '', nowMs);
    return quota === undefined ? undefined : new QuotaAccount(quota, this.#to.clock);
  }

  #readHeader(frame: Frame & { kind: 'pieces' }): RequestHeader {
    return headerBytes(this.#to.memory, frame.key, frame.pieces, readRequestHeader);
  }

  #drop(frame: Frame): void {
    if (frame.kind === 'pieces') {
      this.#to.memory.releaseAll(frame.pieces);
    }
    frame.reservation.release();
  }

  #undecodable(failure: unknown, what: string): void {
    if (!(failure instanceof ProtocolError)) {
      throw failure;
    }
    this.close('malformed', `${what}: ${failure.message}`);
  }
}

/** A Produce request without its length, as Kafka counts it. */
function sizeOf({ pieces }: Frame & { kind: 'pieces' }): number {
  return pieces.reduce((sum, { length }) => sum + length, KEY_BYTES);
}
