import type { GroupName, IpAddress, NodeName } from './names.ts';

/** A virtual IP as a resource: `IPaddr2::10.77.0.100/24/eth0`. */
export interface AddressResource {
  readonly kind: 'address';
  readonly address: IpAddress;
  /** Prefix length of the network that the address is in; undefined means: as the interface's own. */
  readonly prefix: number | undefined;
  /** undefined means: the interface that has a network with this address in it. */
  readonly interface: string | undefined;
}

/** Any other agent of haresources: a name and its arguments, started in order and stopped in reverse. */
export interface AgentResource {
  readonly kind: 'agent';
  readonly agent: string;
  readonly args: readonly string[];
}

export type Resource = AddressResource | AgentResource;

/** One line of haresources: what moves together, and where it would rather run. */
export interface ResourceGroup {
  readonly name: GroupName;
  readonly preferred: NodeName;
  readonly resources: readonly Resource[];
}

/** The virtual IPs of a group, in order. */
export function addressesOf(group: ResourceGroup): readonly AddressResource[] {
  return group.resources.filter((resource): resource is AddressResource => resource.kind === 'address');
}

/** What agents run of a group, in order: no addresses, which the gate has, and no ldirectord, which musterd is. */
export function agentsOf(group: ResourceGroup): readonly AgentResource[] {
  return group.resources.filter(
    (resource): resource is AgentResource => resource.kind === 'agent' && resource.agent !== 'ldirectord',
  );
}
