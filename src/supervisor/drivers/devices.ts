import { NETLINK_ROUTE, NetlinkConnection } from './netlink/connection.ts';
import {
  type DeviceState,
  devicesRequest,
  linkNotifications,
  RTM_DELLINK,
  RTM_NEWLINK,
  readDevice,
} from './netlink/route.ts';
import type { RawSockets } from './raw-sockets.ts';

/** The network devices of this machine, kept up to date by the kernel's notifications. */
export class Devices {
  readonly #netlink: NetlinkConnection;
  readonly #byName = new Map<string, DeviceState>();
  readonly #onChange: (device: DeviceState, before: DeviceState | undefined) => void;

  /** `onChange` is told of every device that comes, goes (then as not up), or changes its carrier, MAC or index. */
  constructor(
    sockets: RawSockets,
    now: () => number,
    onChange: (device: DeviceState, before: DeviceState | undefined) => void,
  ) {
    this.#onChange = onChange;
    this.#netlink = new NetlinkConnection(sockets, NETLINK_ROUTE, now, linkNotifications, ({ type, body }) => {
      const device = readDevice(body);
      if (device === undefined) return;
      if (type === RTM_NEWLINK) this.#learn(device);
      else if (type === RTM_DELLINK) this.#learn({ ...device, up: false, mac: undefined });
    });
  }

  /** Reads all devices; resolves when they are known. Throws a Problem where the kernel does not say them. */
  async start(): Promise<void> {
    const { type, body } = devicesRequest();
    for (const message of await this.#netlink.insist(type, body)) {
      const device = readDevice(message.body);
      if (device !== undefined) this.#byName.set(device.name, device);
    }
  }

  get(name: string): DeviceState | undefined {
    return this.#byName.get(name);
  }

  /** The name of the device of this index, the latest where it had several. */
  nameOf(index: number): string | undefined {
    return [...this.#byName.values()].findLast((device) => device.index === index)?.name;
  }

  stop(): void {
    this.#netlink.close();
  }

  #learn(device: DeviceState): void {
    const before = this.#byName.get(device.name);
    this.#byName.set(device.name, device);
    const same = before?.up === device.up && before.mac === device.mac && before.index === device.index;
    if (!same) this.#onChange(device, before);
  }
}
