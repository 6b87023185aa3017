import type { Message } from '../core/message.ts';
import type { NodeName } from '../model/names.ts';
import { type Keyring, preparedKeyring, tagBytes, tagHolds, tagOf } from './authentication.ts';
import { Reader, Writer } from './bytes.ts';
import { isOfFirstVersion, readMessage, writeMessage } from './encoding.ts';
import { Freshness, noEcho } from './freshness.ts';
import { incarnationBytes, magic, protocolVersion, ReadHeads, WrittenHeads } from './heads.ts';
import { LastSaidBy, WrittenBeat } from './known-beats.ts';

/**
 * A datagram, numbers big-endian:
 *
 *     bytes  0..1   'Mu'
 *            2      version of the protocol
 *            3      id of the key that signed it
 *            4..19  incarnation of the sender: count of starts (8), randomness (8)
 *           20..25  sequence number of the sender, the same on all links
 *           26..    sender and receiver, each a length byte and UTF-8
 *                   from version 2 on: the newest version that the sender speaks (1), the receiver's incarnation as the
 *                   sender knows it (16, zeros where it does not), the epoch of the sender's voters (6)
 *                   body (wire/encoding.ts)
 *           last 16 HMAC-SHA256 (or SHA-1, where the key says so) over all before it, truncated
 */
/** At nine beats a second an upgraded neighbour is found out within four seconds, and an old one misses one beat in them. */
const trialEvery = 32;
const shortest = 2 + 1 + 1 + incarnationBytes + 6 + 2 + 1 + tagBytes;
/** What one UDP datagram over IPv4 can carry. */
const longest = 65_507;

/** Why a datagram is dropped; also the name of its counter. */
export type DropReason =
  | 'malformed'
  | 'version'
  | 'unknown-key'
  | 'forged'
  | 'unknown-sender'
  | 'not-for-us'
  | 'duplicate'
  | 'overtaken'
  | 'replayed'
  | 'old-incarnation'
  /** Of a peer that does not know yet that this process has started, or captured before it did. */
  | 'unproven'
  /** A kind of message that only a newer version has. */
  | 'unknown-kind';

export type Decoded =
  | {
      readonly ok: true;
      readonly from: NodeName;
      readonly incarnation: string;
      /** Of the voters by which the sender counts; 0 where its version knows none. */
      readonly epoch: number;
      readonly message: Message;
    }
  /** `from` only where the datagram was authentic, and of a peer. */
  | { readonly ok: false; readonly why: DropReason; readonly from?: NodeName | undefined };

export interface CodecOptions {
  readonly self: NodeName;
  /** 32 hex digits: the durable count of this node's starts (16 digits), then 64 random bits. */
  readonly incarnation: string;
  readonly keyring: Keyring;
  /** Nodes and arbiters whose datagrams count; the own name is no peer. */
  readonly peers: Iterable<NodeName>;
  /** The newest version to speak; by default the newest that there is. */
  readonly version?: 1 | 2 | undefined;
  /** False where the transport itself tells what was captured before this process started; by default the codec does. */
  readonly echoes?: boolean | undefined;
}

/** Turns messages into datagrams of this node and back; counts what it drops. */
export class Codec {
  /** Datagrams dropped, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;

  private readonly counts: Record<DropReason, number>;
  private readonly options: CodecOptions;
  private keyring: Keyring;
  private readonly peers: ReadonlySet<NodeName>;
  private readonly writer = new Writer(longest);
  private readonly freshness: Freshness;
  private readonly spokenInFirstVersion = new Map<NodeName, number>();
  private readonly writtenHeads: WrittenHeads;
  private readonly readHeads = new ReadHeads();
  private readonly writtenBeat = new WrittenBeat();
  private readonly lastSaid = new LastSaidBy();
  private sequence = 0;

  /** Throws RangeError where the keyring has no secret for `signWith`. */
  constructor(options: CodecOptions) {
    requireSigner(options.keyring);
    this.keyring = preparedKeyring(options.keyring);
    this.options = options;
    this.writtenHeads = new WrittenHeads(options.self, options.incarnation);
    this.peers = new Set(options.peers);
    this.counts = {
      malformed: 0,
      version: 0,
      'unknown-key': 0,
      forged: 0,
      'unknown-sender': 0,
      'not-for-us': 0,
      duplicate: 0,
      overtaken: 0,
      replayed: 0,
      'old-incarnation': 0,
      unproven: 0,
      'unknown-kind': 0,
    };
    this.freshness = new Freshness(options.incarnation);
    this.dropped = this.counts;
  }

  /** From now on these keys count, and no others. Throws RangeError as the constructor does, and then changes nothing. */
  rekey(keyring: Keyring): void {
    requireSigner(keyring);
    this.keyring = preparedKeyring(keyring);
  }

  /**
   * One datagram for one receiver; send this same datagram over all links. Each call takes the next sequence number. To a
   * peer of version 1 it is in version 1, where that can say it: changed voters it cannot.
   * Throws RangeError where the message does not fit into a datagram.
   */
  encode(to: NodeName, message: Message, epoch = 0): Uint8Array {
    const { writer } = this;
    const { secrets, signWith } = this.keyring;
    const version = this.versionFor(to, message, epoch);
    const echo = this.options.echoes === false ? noEcho : this.freshness.echoFor(to);
    this.writtenHeads.write(writer, { to, version, key: signWith, echo, epoch }, ++this.sequence);
    writeMessage(writer, message, version, this.writtenBeat);
    const signed = writer.buffer.subarray(0, writer.length);
    const datagram = Buffer.allocUnsafe(writer.length + tagBytes);
    datagram.set(signed);
    datagram.set(tagOf(signed, secrets.get(signWith)!, methodOf(this.keyring, signWith)), writer.length);
    return datagram;
  }

  private versionFor(to: NodeName, message: Message, epoch: number): number {
    const old = this.options.version === 1 || (this.freshness.speaksFirstVersion(to) && !this.isTrial(to, message));
    return old && epoch === 0 && isOfFirstVersion(message) ? 1 : protocolVersion;
  }

  /**
   * Whether this message goes out in the newer version although its receiver was last heard in version 1: the first that
   * carries a beat, then one in `trialEvery`. An old receiver drops it as a network would. Without it two that were both
   * upgraded, each after it had heard the other's old version, would speak that for ever.
   */
  private isTrial(to: NodeName, { kind }: Message): boolean {
    if (kind !== 'beat' && kind !== 'propose' && kind !== 'accept') return false;
    const count = this.spokenInFirstVersion.get(to) ?? 0;
    this.spokenInFirstVersion.set(to, count + 1);
    return count % trialEvery === 0;
  }

  /**
   * The message in a datagram, or why it counts for nothing; `link` tells the copies that come over several links from
   * replays. Never throws, whatever the bytes are.
   */
  decode(bytes: Uint8Array, link?: string): Decoded {
    const decoded = this.judge(bytes, link);
    if (!decoded.ok) this.counts[decoded.why]++;
    return decoded;
  }

  private judge(bytes: Uint8Array, link: string | undefined): Decoded {
    if (bytes.length < shortest || bytes.length > longest) return drop('malformed');
    const datagram = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (datagram.readUInt16BE(0) !== magic) return drop('malformed');
    const version = datagram[2]!;
    if (version < 1 || version > (this.options.version ?? protocolVersion)) return drop('version');
    const secret = this.keyring.secrets.get(datagram[3]!);
    if (secret === undefined) return drop('unknown-key');
    // The tag comes before all else: nothing that a stranger wrote is parsed.
    if (!tagHolds(datagram, secret, methodOf(this.keyring, datagram[3]!))) return drop('forged');
    const end = datagram.length - tagBytes;
    const head = this.readHeads.read(datagram, end);
    if (head === undefined) return drop('malformed');
    const { from, to, incarnation, sequence, echo, epoch } = head;
    if (!this.peers.has(from)) return drop('unknown-sender');
    if (to !== this.options.self) return drop('not-for-us');
    const message = readMessage(new Reader(datagram, head.end, end), version, this.lastSaid.of(from));
    if (message === undefined) return drop('malformed');
    const proof = this.options.echoes === false ? this.options.incarnation : echo;
    const verdict = this.freshness.judge(from, { version, incarnation, sequence, echo: proof }, link);
    if (verdict !== 'fresh') return { ok: false, why: verdict, from };
    return message === 'unknown' ? drop('unknown-kind') : { ok: true, from, incarnation, epoch, message };
  }
}

function methodOf({ sha1 }: Keyring, id: number): 'sha256' | 'sha1' {
  return sha1?.has(id) ? 'sha1' : 'sha256';
}

function requireSigner({ secrets, signWith }: Keyring): void {
  if (!secrets.has(signWith)) throw new RangeError(`the keyring has no key ${signWith} to sign with`);
}

function drop(why: DropReason): Decoded {
  return { ok: false, why };
}
