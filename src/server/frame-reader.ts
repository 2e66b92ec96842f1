import { type ByteBudget, Flow, type ReservationEvents } from '../threads/budget.js';
import type { Clock, ReadSink } from '../world/world.js';
import { describeForeignProtocol } from './foreign-protocol.js';
import { FrameHead } from './frame-head.js';
import type { FrameLimits, FrameReaderEvents } from './frame.js';
import type { FrameMemory } from './frame-memory.js';
import { type OwnChunk, PartialFrame } from './partial-frame.js';

/** Key, version, correlation id and the length of the client id: the shortest header there is. */
const FRAME_BYTES_MIN = 10;
/** A frame with more than this still to come gets a chunk; a shorter rest is cheaper to copy. */
const REST_BYTES_MIN = 32 * 1024;

/** Why nothing is parsed for the moment: bits of a set. */
const BUDGET = 1;
const ROOM = 2;
const OWNER = 4;
const MUTED = 8;

/**
 * Cuts the byte stream of one connection into frames, whatever pieces it comes in. A frame's size is reserved in the byte
 * budget before its body is read. Knows nothing of sockets: it is told where bytes landed.
 */
export class FrameReader implements ReadSink {
  readonly #memory: FrameMemory;
  readonly #budget: ByteBudget;
  readonly #clock: Clock;
  readonly #limits: FrameLimits;
  readonly #events: FrameReaderEvents;
  readonly #flow = new Flow();
  /** Of the frame under way. */
  readonly #reservation: ReservationEvents = {
    granted: () => this.#release(BUDGET),
    revoked: () => {
      const { left, size } = this.#frame!;
      this.#refuse('stalled', `${left} of ${size} bytes did not come while others waited`);
    },
  };
  readonly #head = new FrameHead();
  #isFirst = true;
  #frame: PartialFrame | undefined;
  #chunk: OwnChunk | undefined;
  /** What landed while parsing was held up and no chunk had room. */
  #backlog: Uint8Array[] = [];
  #offeredChunk = false;
  #offered: Uint8Array;
  #holds = 0;
  #muteNext = false;
  #draining = false;
  #ended = false;
  #cancelRoom: () => void = () => {};

  constructor(memory: FrameMemory, budget: ByteBudget, clock: Clock, limits: FrameLimits, events: FrameReaderEvents) {
    this.#memory = memory;
    this.#offered = memory.landing;
    this.#budget = budget;
    this.#clock = clock;
    this.#limits = limits;
    this.#events = events;
  }

  next(): Uint8Array {
    const chunk = this.#chunk;
    const room = chunk === undefined || this.#backlog.length > 0 ? 0 : this.#memory.chunkBytes - chunk.used;
    // While chunks are short, bytes for which nothing is reserved must not take one.
    const length = this.#memory.isPlenty ? room : Math.min(room, this.#gathered?.left ?? 0);
    this.#offeredChunk = length > 0;
    const { landing } = this.#memory;
    // While parsing is held up, what has come may belong there first.
    const aside = this.#offeredChunk || this.#holds !== 0 ? undefined : this.#frame?.room(landing.length);
    this.#offered = this.#offeredChunk ? this.#memory.view(chunk!.position + chunk!.used, length) : (aside ?? landing);
    return this.#offered;
  }

  landed(count: number): void {
    if (this.#ended) return;
    if (this.#offeredChunk) {
      this.#chunk!.used += count;
      this.#drain();
    } else {
      const bytes = this.#offered.subarray(0, count);
      const consumed = this.#holds === 0 && this.#backlog.length === 0 ? this.#parseLanding(bytes) : 0;
      if (consumed < count && !this.#ended) {
        this.#backlog.push(bytes.slice(consumed));
      }
    }
    // A frame's own place is as long as its rest: that it is full says nothing.
    const mayBeMore = this.#offeredChunk || this.#offered === this.#memory.landing;
    this.#settleChunk(mayBeMore && count === this.#offered.length, true);
  }

  /** Parses nothing until `continue`; frames under way are kept. */
  hold(): void {
    this.#hold(OWNER);
  }

  continue(): void {
    this.#release(OWNER);
  }

  /** As `hold`, but a frame under way comes in first, since it keeps memory from others. */
  mute(): void {
    this.#muteNext = this.#frame !== undefined;
    if (!this.#muteNext) this.#hold(MUTED);
  }

  unmute(): void {
    this.#muteNext = false;
    this.#release(MUTED);
  }

  /** Bytes kept aside while parsing is held up. */
  get backlogBytes(): number {
    return this.#backlog.reduce((sum, part) => sum + part.length, 0);
  }

  /** The connection is gone: gives everything back. */
  end(): void {
    this.#ended = true;
    this.#cancelRoom();
    this.#frame?.drop(this.#memory);
    this.#frame = undefined;
    this.#backlog = [];
    if (this.#chunk !== undefined) {
      this.#memory.release(this.#chunk.position);
      this.#chunk = undefined;
    }
  }

  #parseLanding(bytes: Uint8Array): number {
    this.#draining = true;
    const consumed = this.#parse(bytes, undefined);
    this.#draining = false;
    return consumed;
  }

  /** Parses what lies ready, oldest first, until there is no more or parsing is held up. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    while (this.#holds === 0 && !this.#ended) {
      const chunk = this.#chunk;
      const part = this.#backlog[0];
      if (chunk !== undefined && chunk.parsed < chunk.used) {
        const position = chunk.position + chunk.parsed;
        chunk.parsed += this.#parse(this.#memory.view(position, chunk.used - chunk.parsed), position);
      } else if (part !== undefined) {
        const consumed = this.#parse(part, undefined);
        if (consumed === part.length) {
          this.#backlog.shift();
        } else {
          this.#backlog[0] = part.subarray(consumed);
        }
      } else {
        break;
      }
    }
    this.#draining = false;
  }

  /** Parses from `bytes`, which lie at `position` of the arena if that is given; returns how many were taken. */
  #parse(bytes: Uint8Array, position: number | undefined): number {
    let at = 0;
    while (at < bytes.length && this.#holds === 0 && !this.#ended) {
      if (this.#frame === undefined) {
        at += this.#takeHead(bytes, at);
      } else {
        at += this.#takeBody(this.#frame, bytes, at, position === undefined ? undefined : position + at);
      }
    }
    return at;
  }

  #takeHead(bytes: Uint8Array, at: number): number {
    const count = this.#head.take(bytes, at);
    const { hasSize, isWhole, size } = this.#head;
    if (hasSize && size < FRAME_BYTES_MIN) {
      // At once: of so short a frame the key may never come. No foreign protocol begins like this.
      this.#refuse('malformed', `a frame of ${size} bytes`);
    } else if (isWhole) {
      this.#head.clear();
      this.#begin();
    }
    return count;
  }

  /** A frame's length, key and version are there. */
  #begin(): void {
    const { bytes, size, key } = this.#head;
    const foreign = this.#isFirst ? describeForeignProtocol(bytes) : undefined;
    this.#isFirst = false;
    if (foreign !== undefined) {
      this.#refuse('malformed', foreign);
      return;
    }
    const frame = new PartialFrame(size, key);
    const { frameBytesMax, controlFrameBytesMax } = this.#limits;
    const sizeMax = frame.isProduce ? Math.min(frameBytesMax, this.#memory.frameBytesMax) : controlFrameBytesMax;
    if (size > sizeMax) {
      this.#refuse('limit', `a frame of ${size} bytes with api key ${frame.apiKey}, ${sizeMax} at most`);
      return;
    }
    this.#frame = frame;
    this.#reserve(frame);
  }

  #reserve(frame: PartialFrame): void {
    const claimant = frame.isProduce ? 'produce' : 'client';
    const reservation = this.#budget.reserve(
      frame.size,
      claimant,
      this.#clock.monotonicMs(),
      this.#reservation,
      this.#flow,
    );
    if (reservation === undefined) {
      this.#refuse('limit', `a frame of ${frame.size} bytes exceeds the memory for requests`);
      return;
    }
    frame.reservation = reservation;
    if (!reservation.held) {
      this.#events.waits('frames');
      this.#hold(BUDGET);
    }
  }

  /** Takes what belongs to `frame` of `bytes` from `at` on, which lies at `position` of the arena if that is given. */
  #takeBody(frame: PartialFrame, bytes: Uint8Array, at: number, position: number | undefined): number {
    const count = Math.min(bytes.length - at, frame.left);
    if (frame.isProduce && frame.isEmpty) {
      this.#chooseMemory(frame, bytes, at, count, position);
    }
    if (frame.left > 0) {
      if (frame.pieces === undefined) {
        frame.append(this.#memory, bytes.subarray(at, at + count));
      } else if (position !== undefined) {
        frame.addPiece(this.#memory, position, count);
      } else {
        this.#copyToChunk(frame, bytes.subarray(at, at + count));
      }
    }
    if (position === undefined && frame.isProduce) {
      this.#events.landed(count);
    }
    if (frame.left === 0) {
      this.#finish(frame);
    }
    return count;
  }

  /** Where a Produce request's bytes shall lie; `count` of them are there, the first ones. */
  #chooseMemory(frame: PartialFrame, bytes: Uint8Array, at: number, count: number, position: number | undefined): void {
    if (position === undefined && count === frame.left) {
      const placed = this.#memory.place(bytes.subarray(at, at + count));
      if (placed !== undefined) {
        frame.setPieces(this.#memory, placed);
      }
      return;
    }
    if (this.#chunk === undefined && frame.left - count > REST_BYTES_MIN) {
      this.#takeChunk(frame.size > this.#memory.chunkBytes);
    }
    if (this.#chunk !== undefined) {
      frame.beginPieces();
    }
  }

  /** Bytes that came elsewhere follow into the connection's own chunk. */
  #copyToChunk(frame: PartialFrame, part: Uint8Array): void {
    let start = 0;
    while (start < part.length) {
      if (!this.#ensureChunkRoom(frame)) {
        frame.append(this.#memory, part.subarray(start));
        return;
      }
      const chunk = this.#chunk!;
      const count = Math.min(part.length - start, this.#memory.chunkBytes - chunk.used);
      const position = chunk.position + chunk.used;
      this.#memory.copy(part.subarray(start, start + count), position);
      chunk.used += count;
      chunk.parsed = chunk.used;
      frame.addPiece(this.#memory, position, count);
      start += count;
    }
  }

  /** False when no further chunk is to be had: the frame lies on the heap then. */
  #ensureChunkRoom(frame: PartialFrame): boolean {
    if (this.#chunk !== undefined && this.#chunk.used < this.#memory.chunkBytes) {
      return true;
    }
    if (this.#nextChunk(frame.size > this.#memory.chunkBytes)) {
      return true;
    }
    frame.spill(this.#memory);
    return false;
  }

  /** In place of the chunk that is full, if there is one. */
  #nextChunk(forLongFrame: boolean): boolean {
    const full = this.#chunk?.position;
    this.#leaveChunk();
    return this.#takeChunk(forLongFrame, full);
  }

  #takeChunk(forLongFrame: boolean, after?: number): boolean {
    const position = this.#memory.takeChunk(forLongFrame, after);
    if (position !== undefined) this.#chunk = { position, parsed: 0, used: 0 };
    return position !== undefined;
  }

  #leaveChunk(): void {
    const chunk = this.#chunk;
    this.#chunk = undefined;
    if (chunk !== undefined) {
      this.#memory.release(chunk.position);
    }
  }

  /** The frame whose bytes are gathered in chunks. */
  get #gathered(): PartialFrame | undefined {
    return this.#frame?.pieces === undefined ? undefined : this.#frame;
  }

  /**
   * Takes, changes or gives up the connection's own chunk. `readWasFull`: more bytes wait in the socket. Only when a read is
   * `over` can a chunk be taken back, since the next one was not promised it yet.
   */
  #settleChunk(readWasFull: boolean, over: boolean): void {
    const chunk = this.#chunk;
    const frame = this.#gathered;
    if (this.#ended || this.#holds !== 0) return;
    if (chunk === undefined) {
      if (readWasFull && this.#memory.isPlenty) {
        this.#takeChunk(false);
      }
    } else if (frame !== undefined) {
      this.#ensureChunkRoom(frame);
    } else if (over && !this.#memory.isPlenty) {
      this.#leaveChunk();
    } else if (chunk.used === this.#memory.chunkBytes) {
      this.#nextChunk(false);
    }
  }

  #finish(frame: PartialFrame): void {
    const reservation = frame.reservation!;
    // All of it is there, also while it waits for room.
    reservation.filled();
    if (frame.isProduce && frame.pieces === undefined) {
      const placed = this.#memory.place(frame.heapBytes);
      if (placed === undefined) {
        this.#events.waits('chunks');
        this.#hold(ROOM);
        this.#cancelRoom = this.#memory.whenRoom(() => {
          if (this.#ended) return;
          this.#finish(frame);
          if (this.#frame !== frame) {
            this.#release(ROOM);
          }
        });
        return;
      }
      frame.setPieces(this.#memory, placed);
    }
    this.#frame = undefined;
    if (this.#muteNext) this.mute();
    if (frame.pieces !== undefined) {
      this.#events.frame({ kind: 'pieces', key: frame.key, pieces: frame.pieces, reservation });
    } else {
      this.#events.frame({ kind: 'heap', bytes: frame.takeBytes(this.#memory), reservation });
    }
  }

  #hold(why: number): void {
    const wasReading = this.#holds === 0;
    this.#holds |= why;
    if (wasReading) this.#events.pause();
  }

  #release(why: number): void {
    if ((this.#holds & why) === 0) return;
    this.#holds &= ~why;
    if (this.#ended || this.#holds !== 0) return;
    if (!this.#draining) {
      this.#drain();
      this.#settleChunk(true, false);
    }
    if (this.#holds === 0 && !this.#ended) {
      this.#events.resume();
    }
  }

  #refuse(reason: 'malformed' | 'limit' | 'stalled', detail: string): void {
    if (!this.#ended) {
      this.#ended = true;
      this.#events.refused(reason, detail);
    }
  }
}
