import type { OperatorCommand } from '../core/event.ts';
import type { ControlRequest } from '../wire/control.ts';

/** What the core is to do about a request; undefined where it is answered without it. */
export function operatorCommand({
  request,
  group,
  node,
  forMs,
  on,
  failures,
  add,
  remove,
}: ControlRequest): OperatorCommand | undefined {
  switch (request) {
    case 'standby':
    case 'online':
      return { kind: request, node };
    case 'leave':
      return { kind: request };
    case 'move':
      return group === undefined || node === undefined ? undefined : { kind: request, group, node, forMs };
    case 'clear':
      return { kind: request, group, failures };
    case 'maintenance':
      return { kind: request, node, on: on === true };
    case 'reconfigure':
      return { kind: request, add, remove };
    default:
      return undefined;
  }
}
