import type { GroupProtocol, JoinGroup } from './journal.wire.js';
import { SIZE, textBytes } from './limits.js';
import type { MemberView } from './view.js';

const NO_BYTES = new Uint8Array(0);

/** What a member tells of itself whenever it joins. */
type Told = Pick<JoinGroup, 'sessionTimeoutMs' | 'rebalanceTimeoutMs' | 'protocols'>;

/** A member of a classic group, or a member id reserved for one (`pending`). */
export class Member implements MemberView {
  readonly memberId: string;
  readonly instanceId: string | undefined;
  /** As the member was when it came: joining again does not change it, nor does another that takes an instance over (as in Kafka). */
  readonly clientId: string;
  readonly clientHost: string;
  sessionTimeoutMs = 0;
  rebalanceTimeoutMs = 0;
  protocols: readonly GroupProtocol[] = [];
  assignment: Uint8Array = NO_BYTES;
  joined = false;
  synced = false;
  pending = false;
  isNew = false;

  constructor(
    memberId: string,
    instanceId: string | undefined,
    client: { readonly clientId: string; readonly clientHost: string },
  ) {
    this.memberId = memberId;
    this.instanceId = instanceId;
    this.clientId = client.clientId;
    this.clientHost = client.clientHost;
  }

  /**
   * A member id that nobody joined with yet. Of what its client told it keeps only its name and how long the id is reserved: it
   * tells the rest again when it joins.
   */
  static reserved(join: Pick<JoinGroup, 'memberId' | 'clientId' | 'clientHost' | 'sessionTimeoutMs'>): Member {
    const member = new Member(join.memberId, undefined, join);
    member.sessionTimeoutMs = join.sessionTimeoutMs;
    member.pending = true;
    return member;
  }

  /** Takes over what a JoinGroup says of the member. Bytes are copied: the entry's buffer must not live on with them. */
  update(command: Told): void {
    this.sessionTimeoutMs = command.sessionTimeoutMs;
    this.rebalanceTimeoutMs = command.rebalanceTimeoutMs;
    const names = new Set<string>();
    this.protocols = command.protocols
      .filter(({ name }) => !names.has(name) && names.add(name))
      .map(({ name, metadata }) => ({ name, metadata: new Uint8Array(metadata) }));
  }

  /** The same protocols with the same metadata, in the same order. */
  matches(protocols: readonly GroupProtocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every(({ name, metadata }, at) => {
        const own = this.protocols[at]!;
        return own.name === name && sameBytes(own.metadata, metadata);
      })
    );
  }

  clearAssignment(): void {
    this.assignment = NO_BYTES;
  }

  get ownBytes(): number {
    return (
      SIZE.member +
      textBytes(this.memberId) +
      textBytes(this.instanceId ?? '') +
      textBytes(this.clientId) +
      textBytes(this.clientHost) +
      this.assignment.length +
      protocolBytes(this.protocols)
    );
  }
}

/** Bytes counted for what a member says of its protocols. */
export function protocolBytes(protocols: readonly GroupProtocol[]): number {
  let bytes = 0;
  for (const { name, metadata } of protocols) {
    bytes += SIZE.groupProtocol + textBytes(name) + metadata.length;
  }
  return bytes;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
