/** What of the fencing cannot be, seen beside the rest of the cluster. */
import { nearest } from '../base/nearest.ts';
import { canFence, type Fencing, isCutOffBy } from '../model/fencing.ts';
import type { NodeName } from '../model/names.ts';
import type { ResourceRules } from '../model/resource-settings.ts';
import type { PlacementMistake } from './placement-lint.ts';
import type { Path } from './yaml-document.ts';

/** Who is named and not there, and what an agent cannot do without; paths are within `fencing:`. */
export function fencingMistakes(
  fencing: Fencing,
  nodes: readonly NodeName[],
  resources: ResourceRules | undefined,
): PlacementMistake[] {
  const { devices, levels, delays } = fencing;
  const mistakes: PlacementMistake[] = [];
  const known = (path: Path, what: 'node' | 'device', name: string): boolean => {
    const all = what === 'node' ? nodes : devices.map((device) => device.name);
    if (all.includes(name)) return true;
    const guess = nearest(name, all);
    const must = what === 'node' ? 'a node of the cluster' : 'a device of "devices"';
    const message = `Cannot fence by "${name}" as it must be ${must}: it is not (known: ${all.join(', ') || 'none'})`;
    mistakes.push({ path, message, hint: guess === undefined ? undefined : `did you mean "${guess}"?` });
    return false;
  };
  for (const { name, agent, options, nodes: able, action } of devices) {
    for (const node of Object.keys(able)) known(['devices', name, 'nodes', node], 'node', node);
    if (Object.keys(able).length === 0)
      mistakes.push({
        path: ['devices', name, 'nodes'],
        message: `Cannot fence by "${name}" as it must know one node at least: it knows none`,
      });
    if (action === 'reboot' && isCutOffBy(agent))
      mistakes.push({
        path: ['devices', name, 'action'],
        message: `Cannot let nodes come back by "${name}" as its agent must switch them off: ${agent} only cuts them off, and would let in what still runs`,
        hint: 'leave out "action: reboot"',
      });
    if (agent === 'scsi' && options.device?.startsWith('/') !== true)
      mistakes.push({
        path: ['devices', name],
        message: `Cannot fence by "${name}" as "device" of its options must be the whole path of a disk: ${options.device === undefined ? 'there is none' : 'it is not'}`,
      });
  }
  if (devices.length === 0 && fencing.lines.length === 0)
    mistakes.push({ path: [], message: 'Cannot fence as there must be a device: there is none' });
  for (const node of Object.keys(delays)) known(['delays', node], 'node', node);
  for (const [node, list] of Object.entries(levels)) {
    if (!known(['levels', node], 'node', node)) continue;
    for (const [level, names] of list.entries()) {
      for (const [place, name] of names.entries()) {
        const path = ['levels', node, level, place];
        if (!known(path, 'device', name)) continue;
        if (devices.some((device) => device.name === name && Object.hasOwn(device.nodes, node))) continue;
        const message = `Cannot fence ${node} by "${name}" as that device must know it: it does not`;
        mistakes.push({ path, message, hint: `add ${node} to its "nodes"` });
      }
    }
  }
  // A mistake further up may be the whole reason.
  return mistakes.length > 0 ? mistakes : unreachable(fencing, nodes, resources);
}

/** Nodes that nobody can fence, where something waits for it. */
function unreachable(fencing: Fencing, nodes: readonly NodeName[], resources: ResourceRules | undefined) {
  const group = Object.entries(resources?.groups ?? {}).find(([, { needsFencing }]) => needsFencing)?.[0];
  const without = nodes.filter((node) => !canFence(fencing, node));
  if (group === undefined || without.length === 0 || without.length === nodes.length) return [];
  const message = `Cannot keep "${group}" on one node only as each node must have a device that fences it: ${without.join(', ')} has none`;
  return [{ path: ['devices'], message, hint: `add a device whose "nodes" has ${without.join(', ')}` }];
}

/** Groups that wait for an operator when their node dies, as nobody else can fence it; one sentence for each. */
export function fencingNotes(fencing: Fencing | undefined, resources: ResourceRules | undefined): string[] {
  if (fencing !== undefined) return [];
  return Object.entries(resources?.groups ?? {}).flatMap(([name, { needsFencing }]) =>
    needsFencing
      ? [
          `group ${name} needs fencing and no device is there for it: when its node dies it waits for "fence NODE --confirmed"`,
        ]
      : [],
  );
}
