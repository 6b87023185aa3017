import { getSystemErrorName } from 'node:util';
import type { IpAddress, MacAddress } from '../../model/names.ts';
import { backstopTable, backstopTransaction } from './backstop-ruleset.ts';
import { errno, type NetlinkConnection } from './netlink/connection.ts';
import { batch, type ElementChanges, elementTransaction } from './netlink/nftables.ts';
import { deletedTable } from './netlink/nftables-rules.ts';

/**
 * What remains shut when somebody flushes the ruleset: a table that belongs to musterd's netlink socket, so that only
 * musterd changes it, and that goes with musterd, however it ends. It never opens anything: see backstop-ruleset.ts.
 */
export class Backstop {
  readonly #netlink: NetlinkConnection;
  readonly #addresses: readonly IpAddress[];
  readonly #onChange: () => void;
  readonly #onTrouble: (why: string) => void;
  #stands: boolean | undefined;

  /** `onChange` is called for each transaction that the kernel acknowledged. */
  constructor(
    netlink: NetlinkConnection,
    addresses: readonly IpAddress[],
    onChange: () => void,
    onTrouble: (why: string) => void,
  ) {
    this.#netlink = netlink;
    this.#addresses = addresses;
    this.#onChange = onChange;
    this.#onTrouble = onTrouble;
  }

  /** False: it is to be made. */
  get stands(): boolean {
    return this.#stands === true;
  }

  /** Makes it, or makes it anew for other devices; where the kernel refuses, what stood before stands. */
  async make(devices: readonly string[], peers: ReadonlySet<MacAddress>): Promise<void> {
    const transaction = backstopTransaction(devices, this.#addresses, peers);
    let { error } = await this.#netlink.transaction(transaction);
    if (error === errno.EOPNOTSUPP) {
      // One of that name that nobody owns came out of a saved ruleset.
      if ((await this.#netlink.transaction(batch([deletedTable(backstopTable)]))).error === 0) this.#onChange();
      ({ error } = await this.#netlink.transaction(transaction));
    }
    if (error === 0) this.#onChange();
    else if (this.#stands !== false)
      this.#onTrouble(
        `a flush of the ruleset would leave the addresses open to frames for this node's MAC until musterd sees it, as nftables must keep the table ${backstopTable} for musterd: ${getSystemErrorName(-error)}`,
      );
    this.#stands = error === 0;
  }

  /** Peers whose frames are delivered here, and those whose are not any more. */
  async changePeers(changes: Required<Pick<ElementChanges, 'add' | 'remove'>>): Promise<void> {
    if (!this.stands || changes.add.length + changes.remove.length === 0) return;
    const { error } = await this.#netlink.transaction(elementTransaction(backstopTable, changes));
    if (error === 0) this.#onChange();
    else this.#stands = false;
  }
}
