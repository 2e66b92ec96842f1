import type { Extent } from '../metadata/view.js';
import { segmentKey } from '../segments/keys.js';
import {
  type BatchColumns,
  BlockUnavailable,
  batchAt,
  batchesWithin,
  type Reader,
  type Reading,
  type ReadRequest,
  untilUnavailable,
} from './blocks.js';
import type { Block, BlockMemory } from './block-memory.js';
import type { FetchLink } from './fetch-link.js';
import { LargeExtents } from './large-extents.js';
import type { ExtentIndex, LoadedExtent } from './messages.js';

/** What one partition wants of the store: extents in offset order, the first one holding the request's offset. */
export interface ColdRequest {
  readonly request: ReadRequest;
  readonly extents: readonly Extent[];
}

/** One whose extents all fit the arena; none when where to cut them could not be learnt. */
interface PlannedRequest extends ColdRequest {
  readonly unavailable: BlockUnavailable | undefined;
}

interface Piece {
  readonly extent: Extent;
  /** Pinned. */
  readonly blocks: readonly Block[];
  readonly place: Reading['place'];
}

/**
 * Reads extents through aligned blocks of segments. A block is loaded once however many readers want it (single-flight),
 * and each extent in it is checked and stamped once.
 */
export class ColdBlocks {
  readonly #cluster: string;
  readonly #arena: SharedArrayBuffer;
  readonly #memory: BlockMemory;
  readonly #link: FetchLink;
  readonly #blockBytes: number;
  readonly #large: LargeExtents;
  readonly #indexes = new WeakMap<Block, Map<number, BatchColumns>>();

  constructor(cluster: string, arena: SharedArrayBuffer, memory: BlockMemory, link: FetchLink, blockBytes: number) {
    this.#cluster = cluster;
    this.#arena = arena;
    this.#memory = memory;
    this.#link = link;
    this.#blockBytes = blockBytes;
    // Two parts fit one admission: blocks are whole ones, of which a part may take little.
    this.#large = new LargeExtents(cluster, link, memory.admissionBytesMax, memory.admissionBytesMax / 2);
  }

  async read(
    wanted: readonly ColdRequest[],
    bytesMax: number,
    reader: Reader,
  ): Promise<readonly (Reading | BlockUnavailable | undefined)[]> {
    const plan = this.#plan(await Promise.all(wanted.map((one) => this.#fitted(one))), bytesMax);
    if (!(await this.#memory.admit(plan.bytes, reader))) return wanted.map(() => undefined);
    const admission = new Admission(this.#memory, plan.bytes);
    if (reader.signal.aborted) {
      admission.leave();
      return wanted.map(() => undefined);
    }
    const readings = await Promise.all(
      plan.requests.map(async ({ request, extents, unavailable }) => {
        if (extents.length === 0) return unavailable;
        try {
          return await this.#readOne(request, extents, admission);
        } catch (error) {
          if (error instanceof BlockUnavailable) return error;
          throw error;
        }
      }),
    );
    admission.leave();
    return readings;
  }

  async #fitted({ request, extents }: ColdRequest): Promise<PlannedRequest> {
    try {
      return { request, extents: await this.#large.cut(extents, request.offset), unavailable: undefined };
    } catch (error) {
      if (!(error instanceof BlockUnavailable)) throw error;
      return { request, extents: [], unavailable: error };
    }
  }

  /**
   * Chooses, in order, the extents whose blocks fit one admission, the first extent always; and none for a request when
   * those before it fill `bytesMax`. The first request has none before it, however little `bytesMax` is.
   */
  #plan(
    wanted: readonly PlannedRequest[],
    bytesMax: number,
  ): { readonly requests: readonly PlannedRequest[]; readonly bytes: number } {
    const blocks = new Set<string>();
    let bytes = 0;
    let givenBytes = 0;
    const requests = wanted.map(({ request, extents, unavailable }, index): PlannedRequest => {
      const chosen: Extent[] = [];
      if (index > 0 && givenBytes >= bytesMax) return { request, extents: chosen, unavailable };
      let wantedBytes = 0;
      for (const extent of extents) {
        const fresh = this.#spansOf(extent).filter((span) => !blocks.has(span.key));
        const cost = fresh.reduce((sum, span) => sum + this.#memory.cost(span.length), 0);
        if (bytes > 0 && bytes + cost > this.#memory.admissionBytesMax) break;
        for (const span of fresh) blocks.add(span.key);
        bytes += cost;
        chosen.push(extent);
        wantedBytes += extent.length;
        if (wantedBytes >= request.bytesMax) break;
      }
      givenBytes += Math.min(request.bytesMax, wantedBytes);
      return { request, extents: chosen, unavailable };
    });
    return { requests, bytes };
  }

  /** What the store has whole, from the first extent on: one that is lost hides none before it. */
  async #readOne(request: ReadRequest, extents: readonly Extent[], admission: Admission): Promise<Reading> {
    const pieces = await untilUnavailable(extents, (extent) => this.#pin(extent));
    let whole: readonly Piece[] = [];
    try {
      whole = await this.#index(await untilUnavailable(pieces, loaded));
    } finally {
      for (const { blocks } of pieces.slice(whole.length)) unpin(blocks);
    }
    return this.#slice(request, whole, admission);
  }

  #pin(extent: Extent): Piece {
    const blocks: Block[] = [];
    let place: Reading['place'] = 'block';
    try {
      for (const span of this.#spansOf(extent)) {
        let block = this.#memory.get(span.key);
        if (block === undefined) {
          block = this.#load(span);
          place = 'store';
        }
        block.pins += 1;
        blocks.push(block);
      }
    } catch (error) {
      unpin(blocks);
      throw error;
    }
    return { extent, blocks, place };
  }

  #load(span: Span): Block {
    const block = this.#memory.place(span.key, span.length);
    if (block === undefined) {
      throw new BlockUnavailable('no room for a block: readers hold the cold cache, or a batch is larger than it');
    }
    block.pins += 1;
    const load = this.#link.load({ key: span.object, from: span.from, to: block.position, length: span.length });
    block.loaded = load.then(
      () => {
        block.pins -= 1;
      },
      (error: unknown) => {
        block.pins -= 1;
        this.#memory.drop(block);
        throw error;
      },
    );
    // Whoever waits for the block sees the failure; a load that nobody waits for any more must not end the process.
    block.loaded.catch(() => {});
    return block;
  }

  async #index(pieces: readonly Piece[]): Promise<readonly Piece[]> {
    const fresh = pieces.filter(({ extent, blocks }) => blocks.some((block) => !block.stamped.has(extent.position)));
    if (fresh.length === 0) return pieces;
    const indexes = await this.#link.index(fresh.map((piece) => this.#located(piece)));
    const damages = new Map<Piece, string>();
    for (const [i, piece] of fresh.entries()) {
      const index = indexes[i]!;
      if ('damage' in index) {
        damages.set(piece, index.damage);
        // Damaged on its way, perhaps: what is read next time may be whole.
        for (const block of piece.blocks) this.#memory.forget(block);
      } else this.#remember(piece, index);
    }
    return untilUnavailable(pieces, (piece) => {
      const damage = damages.get(piece);
      if (damage === undefined) return piece;
      const { agentEpoch, segment, position } = piece.extent;
      throw new BlockUnavailable(`segment ${agentEpoch}/${segment} at ${position}: ${damage}`);
    });
  }

  #remember({ extent, blocks }: Piece, index: ExtentIndex): void {
    for (const block of blocks) block.stamped.add(extent.position);
    const first = blocks[0]!;
    let known = this.#indexes.get(first);
    if (known === undefined) {
      known = new Map();
      this.#indexes.set(first, known);
    }
    known.set(extent.position, { ...index, endOffset: extent.baseOffset + extent.records });
  }

  #located({ extent, blocks }: Piece): LoadedExtent {
    const pieces: { position: number; length: number }[] = [];
    const end = extent.position + extent.length;
    for (const [i, block] of blocks.entries()) {
      const blockStart = (Math.floor(extent.position / this.#blockBytes) + i) * this.#blockBytes;
      const from = Math.max(extent.position, blockStart);
      const to = Math.min(end, blockStart + block.length);
      pieces.push({ position: block.position + (from - blockStart), length: to - from });
    }
    return { pieces, baseOffset: extent.baseOffset, records: extent.records };
  }

  #slice(request: ReadRequest, pieces: readonly Piece[], admission: Admission): Reading {
    const slices: Uint8Array[] = [];
    let bytes = 0;
    let nextOffset = request.offset;
    for (const piece of pieces) {
      const columns = this.#indexes.get(piece.blocks[0]!)!.get(piece.extent.position)!;
      const first = batchAt(columns, nextOffset);
      if (first < 0) continue;
      const fit = batchesWithin(columns, first, request.bytesMax - bytes, request.atLeastOne && bytes === 0);
      if (fit.end === first) break;
      this.#cut(piece, columns.positions[first]!, fit.bytes, slices);
      bytes += fit.bytes;
      nextOffset = columns.baseOffsets[fit.end] ?? columns.endOffset;
      if (fit.end < columns.lengths.length) break;
    }
    admission.keep();
    return {
      slices,
      bytes,
      nextOffset,
      place: pieces.some(({ place }) => place === 'store') ? 'store' : 'block',
      release: () => {
        for (const { blocks } of pieces) unpin(blocks);
        admission.leave();
      },
    };
  }

  /** Adds the slices of `length` bytes at `from` in the extent. */
  #cut(piece: Piece, from: number, length: number, slices: Uint8Array[]): void {
    let skip = from;
    let left = length;
    for (const { position, length: pieceLength } of this.#located(piece).pieces) {
      if (left === 0) break;
      const take = Math.min(pieceLength - skip, left);
      if (take > 0) {
        slices.push(new Uint8Array(this.#arena, position + skip, take));
        left -= take;
      }
      skip = Math.max(0, skip - pieceLength);
    }
  }

  #spansOf(extent: Extent): Span[] {
    const spans: Span[] = [];
    const end = extent.position + extent.length;
    const object = segmentKey(this.#cluster, extent.agentEpoch, extent.segment);
    for (let block = Math.floor(extent.position / this.#blockBytes); block * this.#blockBytes < end; block += 1) {
      const from = block * this.#blockBytes;
      const length = Math.min(this.#blockBytes, extent.segmentBytes - from);
      spans.push({ key: `${object}#${block}`, object, from, length });
    }
    return spans;
  }
}

interface Span {
  readonly key: string;
  readonly object: string;
  readonly from: number;
  readonly length: number;
}

/** One call's admission, given back when its last reading was released. */
class Admission {
  readonly #memory: BlockMemory;
  readonly #bytes: number;
  #holders = 1;

  constructor(memory: BlockMemory, bytes: number) {
    this.#memory = memory;
    this.#bytes = bytes;
  }

  keep(): void {
    this.#holders += 1;
  }

  leave(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#memory.leave(this.#bytes);
  }
}

async function loaded(piece: Piece): Promise<Piece> {
  await Promise.all(piece.blocks.map((block) => block.loaded));
  return piece;
}

function unpin(blocks: readonly Block[]): void {
  for (const block of blocks) block.pins -= 1;
}
